"""The text of every mapping version ever used, by the hash of its content. Floor 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select

from worker.store.engine import dialect_insert, reading, writing
from worker.store.events import table_of
from worker.store.tables import MappingRow

MAPPING = table_of(MappingRow)


@dataclass(frozen=True, slots=True)
class MappingText:
    """One mapping file as it was used, named by the hash (hex) of what it says.

    The hash leaves out the version, comments and layout. Of texts that differ in no
    more than comments and layout the first one used is kept.
    """

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
        """Keep those of the texts that are not kept yet.

        Several processes may do this at once. Where all are kept already, nothing is
        written and no lock is taken.
        """
        known = self.known()
        new = {
            (text.source, text.event, text.version, text.content_hash): text
            for text in used
            if text.content_hash not in known.get(_version(text), ())
        }
        if not new:
            return
        rows = [_values(text, now) for text in new.values()]
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

    def get(
        self, source: str, event: str, content_hash: str, version: str | None = None
    ) -> MappingText | None:
        """Return the text with this hash, or None where it was never used.

        The same content may have been used as several versions; without a `version` the
        first one used is given.
        """
        query = (
            select(MAPPING.c.version, MAPPING.c.text)
            .where(MAPPING.c.source == source, MAPPING.c.event == event)
            .where(MAPPING.c.content_hash == content_hash)
            .order_by(MAPPING.c.id)
            .limit(1)
        )
        if version is not None:
            query = query.where(MAPPING.c.version == version)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return MappingText(source, event, row.version, content_hash, row.text)


def _version(text: MappingText) -> tuple[str, str, str]:
    return text.source, text.event, text.version


def _values(text: MappingText, now: datetime) -> dict[str, Any]:
    return {**asdict(text), "first_used_at": now}
