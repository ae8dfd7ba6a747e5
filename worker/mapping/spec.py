"""A mapping file as data: what it reads, from where, and which line says so. Floor 1.

`grammar` says what may be written; `reading` turns a file into `MappingSpec`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.mapping.paths import ABSENT, Getter
from worker.mapping.strict_yaml import Place
from worker.mapping.template import Template
from worker.mapping.transforms import Transform


@dataclass(frozen=True, slots=True)
class PathSpec:
    """A path and the function that reads it."""

    text: str
    get: Getter
    place: Place


@dataclass(frozen=True, slots=True)
class Literal:
    """A fixed value: a text, or a boolean where it stood without quotes."""

    value: Any
    place: Place


@dataclass(frozen=True, slots=True)
class StepSpec:
    """A transform in a value. `argument` is a number, text, table, path or None.

    `run` takes the value and the context. `places` has that of each key of a table.
    """

    transform: Transform
    argument: Any
    run: Any = field(repr=False)
    place: Place
    places: Mapping[str, Place] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ValueSpec:
    """A value and all that it is made of, in the order in which it is made.

    One of `paths`, `template` and `literal` gives it. `choices` is None where it is not
    chosen from a table. `evaluate` does the whole; it raises `ValueError` where a
    transform refuses.
    """

    evaluate: Getter = field(repr=False)
    place: Place
    paths: tuple[PathSpec, ...] = ()
    template: Template | None = None
    literal: Literal | None = None
    steps: tuple[StepSpec, ...] = ()
    choices: dict[str, Literal] | None = None
    otherwise: Literal | None = None
    default: Literal | None = None
    when: PathSpec | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """The paths that the value is made of, without its condition."""
        read = [path.text for path in self.paths]
        if self.template is not None:
            read.extend(self.template.paths)
        for step in self.steps:
            if isinstance(step.argument, PathSpec):
                read.append(step.argument.text)
        return tuple(read)


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field of a write and its policy. `place` is that of its name."""

    name: str
    place: Place
    value: ValueSpec
    policy: str
    redacts: bool = True


@dataclass(frozen=True, slots=True)
class MatchSpec:
    """A field that identifies, and the value to look for."""

    field: str
    place: Place
    value: ValueSpec


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """A reference field and how to find the record it refers to.

    `create` has the fields of a record that is made where there is none; None where
    none is made. `keeps_wrong_party` says that the link stays when the call reached
    another person.
    """

    field: str
    object: str
    object_place: Place
    matches: tuple[MatchSpec, ...]
    missing: str
    ambiguous: str
    place: Place
    create: tuple[FieldSpec, ...] | None = None
    keeps_wrong_party: bool = False


@dataclass(frozen=True, slots=True)
class WriteSpec:
    """One record to write. `key` has one match for an upsert or an insert."""

    object: str
    object_place: Place
    mode: str
    when: PathSpec | None
    key: tuple[MatchSpec, ...]
    missing: str
    ambiguous: str
    fields: tuple[FieldSpec, ...]
    links: tuple[LinkSpec, ...]
    place: Place
    writes_wrong_party: bool = False
    allows_duplicates: bool = False


@dataclass(frozen=True, slots=True)
class SkipSpec:
    """A condition on which nothing is written, and the reason to show."""

    when: PathSpec
    reason: str


@dataclass(frozen=True, slots=True)
class MappingSpec:
    """A whole mapping file. `text` is the file's own, `content_hash` its meaning's."""

    path: str
    source: str
    event: str
    version: str
    source_place: Place
    event_place: Place
    version_place: Place
    skip: tuple[SkipSpec, ...]
    urgent: PathSpec | None
    wrong_party: PathSpec | None
    party: tuple[PathSpec, ...]
    writes: tuple[WriteSpec, ...]
    expects: tuple[PathSpec, ...] = ()
    content_hash: str = ""
    text: str = field(default="", repr=False)


def nothing(_context: Any) -> Any:
    """Stand in for what a finding was made of."""
    return ABSENT
