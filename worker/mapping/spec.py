"""What a mapping file may say. Floor 1, pure.

The tables of keys below are the language; `reading` turns a file into `MappingSpec` by
them and finds every fault at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from worker.mapping.paths import Getter
from worker.mapping.strict_yaml import Place

FILE_KEYS = {
    "source": "the source that sends the event",
    "event": "the event's type, as the vendor calls it",
    "version": "a whole number, raised with every change",
    "skip": "when not to write anything, and the reason to show",
    "urgent": "when the event overtakes everything and is retried without end",
    "party": "paths, strongest first; the first with a value decides the lane",
    "writes": "the records to write, parents before children",
}
WRITE_KEYS = {
    "object": "the Salesforce object",
    "mode": "upsert, update or insert",
    "when": "write only if this path is true",
    "key": "one external id field and its value",
    "match": "fields and values; the first with a value finds the record to update",
    "missing": "if nothing matches: park or skip",
    "ambiguous": "if several match: park or skip",
    "fields": "the fields and where their values come from",
    "links": "references to other records",
}
FIELD_KEYS = {
    "from": "a path, or several of which the first with a value counts",
    "text": "a text with {paths} in it",
    "value": "a fixed value",
    "as": "a transform, or several in order",
    "choose": "a table from found value to written value",
    "otherwise": "what to write if the table lacks the value",
    "default": "what to write if there is no value",
    "when": "write the field only if this path is true",
    "write": "the policy",
}
LINK_KEYS = {
    "object": "the object referred to",
    "match": "fields and values; the first with a value finds the record",
    "missing": "if nothing matches: park or skip",
    "ambiguous": "if several match: park or skip",
}
SKIP_KEYS = {"when": "a path", "reason": "a slug to show"}
URGENT_KEYS = {"when": "a path"}

MODES = ("upsert", "update", "insert")
POLICIES = ("always", "if_empty", "sticky", "insert_only", "clear_on_null")
UNMATCHED = ("park", "skip")


@dataclass(frozen=True, slots=True)
class ValueSpec:
    """A value and what it is made of. `inputs` are the paths it reads."""

    evaluate: Getter
    inputs: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field of a write and its policy."""

    name: str
    value: ValueSpec
    policy: str


@dataclass(frozen=True, slots=True)
class MatchSpec:
    """A field that identifies, and the value to look for."""

    field: str
    value: ValueSpec


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """A reference field and how to find the record it refers to."""

    field: str
    object: str
    matches: tuple[MatchSpec, ...]
    missing: str
    ambiguous: str
    place: Place


@dataclass(frozen=True, slots=True)
class WriteSpec:
    """One record to write. `key` has one match for an upsert or an insert."""

    object: str
    mode: str
    when: ValueSpec | None
    key: tuple[MatchSpec, ...]
    missing: str
    ambiguous: str
    fields: tuple[FieldSpec, ...]
    links: tuple[LinkSpec, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class SkipSpec:
    """A condition on which nothing is written, and the reason to show."""

    when: ValueSpec
    reason: str


@dataclass(frozen=True, slots=True)
class MappingSpec:
    """A whole mapping file."""

    path: str
    source: str
    event: str
    version: str
    skip: tuple[SkipSpec, ...]
    urgent: ValueSpec | None
    party: tuple[ValueSpec, ...]
    writes: tuple[WriteSpec, ...]
