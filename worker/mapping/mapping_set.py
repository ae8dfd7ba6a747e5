"""All mappings of a folder, by source and event type. Floor 1, pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from worker.mapping.compiled import CompiledMapping
from worker.mapping.findings import BadMapping, Finding
from worker.mapping.reading import read_mapping
from worker.mapping.spec import MappingSpec


class Mappings(Protocol):
    """Mappings that may change between two calls of `current`, and then as a whole."""

    def current(self) -> MappingSet:
        """Return the mappings of this moment."""


@dataclass(frozen=True, slots=True)
class MappingSet:
    """Every mapping there is."""

    mappings: Mapping[tuple[str, str], CompiledMapping]

    def current(self) -> MappingSet:
        """Return itself: this one never changes."""
        return self

    def find(self, source: str, event_type: str) -> CompiledMapping | None:
        """Return the mapping of this event type, or None."""
        return self.mappings.get((source, event_type))


def compile_set(texts: Mapping[str, str]) -> MappingSet:
    """Return the mappings of these files: path below the mappings folder to text.

    Raises `BadMapping` with the findings of all the files.
    """
    mappings, findings = read_set(texts)
    if findings:
        raise BadMapping(findings)
    return mappings


def read_set(texts: Mapping[str, str]) -> tuple[MappingSet, list[Finding]]:
    """Return the mappings that can be read, and the findings of all the files."""
    mappings: dict[tuple[str, str], CompiledMapping] = {}
    findings: list[Finding] = []
    for path, text in sorted(texts.items()):
        try:
            spec = read_mapping(text, path)
        except BadMapping as bad:
            findings.extend(bad.findings)
            continue
        findings.extend(_misplaced(spec))
        mappings[spec.source, spec.event] = CompiledMapping(spec)
    return MappingSet(mappings), findings


def _misplaced(spec: MappingSpec) -> list[Finding]:
    """A file is found by its name, so its name has to say what is in it."""
    expected = f"{spec.source}/{spec.event}.yaml"
    if f"/{spec.path}".endswith(f"/{expected}"):
        return []
    message = f"a mapping of {spec.source} {spec.event} has to be in {expected}"
    return [Finding(spec.path, 1, 1, message, "misplaced")]
