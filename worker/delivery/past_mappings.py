"""The mappings that wrote past events, as the database keeps them. Floor 3."""

from __future__ import annotations

from worker.errors import MappingFault
from worker.mapping.compiled import CompiledMapping
from worker.mapping.mapping_set import MappingSet
from worker.mapping.reading import read_mapping
from worker.store.mapping_texts import MappingTexts
from worker.store.tables import EventRow

_MOST = 50
NONE = MappingSet({})


def past_mapping(texts: MappingTexts, row: EventRow) -> CompiledMapping | None:
    """Return the mapping that last wrote an event, or None where it was not kept.

    Raises `StoreUnavailable`, and `MappingFault` where the mapping language is another
    by now.
    """
    if row.mapping_hash is None:
        return None
    used = texts.get(row.source, row.type, row.mapping_hash, row.mapping_version)
    if used is None:
        return None
    path = f"mappings/{row.source}/{row.type}.yaml"
    return CompiledMapping(read_mapping(used.text, path))


class PastMappings:
    """The mappings of replays, each read once."""

    def __init__(self, texts: MappingTexts) -> None:
        self._texts = texts
        self._read: dict[tuple[str | None, ...], MappingSet] = {}

    def of(self, row: EventRow) -> MappingSet:
        """Return a set of the one that wrote the event; empty where it is lost."""
        name = (row.source, row.type, row.mapping_hash, row.mapping_version)
        if name not in self._read:
            if len(self._read) >= _MOST:
                self._read.clear()
            self._read[name] = self._find(row)
        return self._read[name]

    def _find(self, row: EventRow) -> MappingSet:
        try:
            found = past_mapping(self._texts, row)
        except MappingFault:
            return NONE
        return MappingSet({(row.source, row.type): found}) if found else NONE
