"""The text of every mapping ever used, by what it maps and its hash. Floor 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine, select

from worker.store.engine import dialect_insert, reading, writing
from worker.store.events import table_of
from worker.store.tables import MappingRow

MAPPING = table_of(MappingRow)


@dataclass(frozen=True, slots=True)
class MappingText:
    """One mapping file as it was used, named by the hash (hex) of what it says."""

    source: str
    event: str
    version: str
    content_hash: str
    text: str = field(repr=False)


class MappingTexts:
    """The mapping texts of a database. Every method raises `StoreUnavailable`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def remember(self, used: Sequence[MappingText], now: datetime) -> None:
        """Keep the texts that are not kept yet, those of other processes included.

        Where all are kept already, nothing is written and no lock is taken.
        """
        kept = self._kept()
        new = {_name(text): text for text in used if _name(text) not in kept}
        if not new:
            return
        rows = [
            {
                "source": text.source,
                "event": text.event,
                "version": text.version,
                "content_hash": text.content_hash,
                "text": text.text,
                "first_used_at": now,
            }
            for text in new.values()
        ]
        with writing(self._engine) as connection:
            statement = dialect_insert(connection)(MAPPING).values(rows)
            connection.execute(statement.on_conflict_do_nothing())

    def hashes(self, source: str, event: str, version: str) -> set[str]:
        """Return the hashes of what was used as this version: several are a fault."""
        query = select(MAPPING.c.content_hash).where(
            MAPPING.c.source == source,
            MAPPING.c.event == event,
            MAPPING.c.version == version,
        )
        with reading(self._engine) as connection:
            return set(connection.scalars(query))

    def known(self) -> dict[tuple[str, str, str], set[str]]:
        """Return all hashes by source, event type and version."""
        query = select(
            MAPPING.c.source,
            MAPPING.c.event,
            MAPPING.c.version,
            MAPPING.c.content_hash,
        )
        found: dict[tuple[str, str, str], set[str]] = {}
        with reading(self._engine) as connection:
            for source, event, version, content_hash in connection.execute(query):
                found.setdefault((source, event, version), set()).add(content_hash)
        return found

    def get(self, source: str, event: str, content_hash: str) -> MappingText | None:
        """Return the text with this hash, or None where it was never used."""
        query = select(MAPPING.c.version, MAPPING.c.text).where(
            MAPPING.c.source == source,
            MAPPING.c.event == event,
            MAPPING.c.content_hash == content_hash,
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return MappingText(source, event, row.version, content_hash, row.text)

    def _kept(self) -> set[tuple[str, str, str]]:
        query = select(MAPPING.c.source, MAPPING.c.event, MAPPING.c.content_hash)
        with reading(self._engine) as connection:
            return {(row[0], row[1], row[2]) for row in connection.execute(query)}


def _name(text: MappingText) -> tuple[str, str, str]:
    return text.source, text.event, text.content_hash
