"""Checking mappings against payloads, the org and what was used before. Floor 3."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.mapping.checks import check_mapping, check_versions
from worker.mapping.checks.inferring import infer_field
from worker.mapping.checks.notes import Notes
from worker.mapping.findings import Finding
from worker.mapping.mapping_set import Mappings, MappingSet
from worker.mapping.path_types import PathTypes
from worker.mapping.spec import FieldSpec
from worker.org_schema import OrgSchema
from worker.payloads import load_payload_schema
from worker.store.mapping_texts import MappingText, MappingTexts

Used = Mapping[tuple[str, str, str], Collection[str]]


@dataclass(frozen=True, slots=True)
class Checker:
    """Finds what is wrong with mappings that could be read.

    `schema` is asked anew each time: an administrator may have pulled it meanwhile.
    `used` gives the content hashes that were ever used, by source, event and version.
    """

    schema: Callable[[], OrgSchema]
    used: Callable[[], Used] = dict

    def __call__(self, mappings: MappingSet) -> Iterator[Finding]:
        """Yield every finding of every mapping."""
        used, org_fields = self.used(), self.schema().fields
        for (source, event), mapping in mappings.mappings.items():
            payload_schema = _payload_schema(source, event)
            yield from check_mapping(mapping.spec, payload_schema, org_fields)
            yield from check_versions(mapping.spec, used)


def inferring(
    mappings: MappingSet,
) -> Callable[[str, FieldSpec], dict[str, Any]]:
    """Return what says, of an object and a field, what the field would have to be."""
    notes = {}
    for (source, event), mapping in mappings.mappings.items():
        schema = _payload_schema(source, event)
        expected = [path.text for path in mapping.spec.expects]
        paths = PathTypes(schema, expected) if schema else None
        notes[mapping.spec.path] = Notes(paths, {})
    return lambda _object, field: infer_field(field, notes[field.place.path])


def _payload_schema(source: str, event: str) -> Mapping[str, Any] | None:
    try:
        return load_payload_schema(source, event)
    except KeyError:
        return None  # There is no such event, which is a finding of its own.


class RecordedMappings:
    """Mappings whose text is kept in the database before they are first used."""

    def __init__(
        self, mappings: Mappings, texts: MappingTexts, clock: Callable[[], datetime]
    ) -> None:
        self._mappings = mappings
        self._texts = texts
        self._clock = clock
        self._recorded: MappingSet | None = None

    def current(self) -> MappingSet:
        """Return the mappings of this moment. Raises `StoreUnavailable`."""
        current = self._mappings.current()
        if current is not self._recorded:
            self._texts.remember(texts_of(current), self._clock())
            self._recorded = current
        return current


def texts_of(mappings: MappingSet) -> list[MappingText]:
    """Return the text of each mapping, as the database keeps it."""
    specs = [mapping.spec for mapping in mappings.mappings.values()]
    return [
        MappingText(s.source, s.event, s.version, s.content_hash, s.text) for s in specs
    ]
