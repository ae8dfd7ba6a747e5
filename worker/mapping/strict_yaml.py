"""YAML without surprises: every scalar is text, every node knows its line. Floor 1.

The usual loader turns `+15551234567` into a number, `no` into False, `12:30` into 750,
and keeps the last of two equal keys. Here a scalar stays as written, a repeated key is
a finding, and anchors, aliases, tags and merge keys are refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml
from yaml.composer import Composer

from worker.mapping.findings import BadMapping, Finding
from worker.mapping.yaml_faults import finding_of

DEEPEST = 50
_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a file; lines and columns count from 1."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"

    def finding(self, message: str, kind: str) -> Finding:
        """Return a finding of a kind at this spot."""
        return Finding(self.path, self.line, self.column, message, kind)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text. `plain` says that it stood without quotes."""

    place: Place
    text: str
    plain: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping of keys, which are texts, to nodes, in their written order."""

    place: Place
    entries: dict[str, Node]
    key_places: dict[str, Place]


Node = Scalar | Sequence | Table


@lru_cache(_REMEMBERED)
def read(text: str, path: str) -> Node:
    """Return the one document of this text. Raises `BadMapping` with all findings.

    What was read lately is remembered: of a folder, mostly one file has changed.
    """
    try:
        root = _Replay(_plain_events(text, path)).get_single_node()
    except yaml.YAMLError as error:
        raise BadMapping([finding_of(error, text, path)]) from None
    if root is None:
        raise BadMapping([Finding(path, 1, 1, "the file is empty", "yaml")])
    findings: list[Finding] = []
    node = _convert(root, path, findings)
    if findings:
        raise BadMapping(findings)
    return node


class _Replay(Composer):
    """Composes nodes of events that were parsed before, and resolves no tags."""

    def __init__(self, events: list[yaml.Event]) -> None:
        super().__init__()
        self._events = deque(events)

    def check_event(self, *choices: type[yaml.Event]) -> bool:
        return isinstance(self._events[0], choices)

    def peek_event(self) -> yaml.Event:
        return self._events[0]

    def get_event(self) -> yaml.Event:
        return self._events.popleft()

    def resolve(self, *_node: object) -> str:
        return ""

    def descend_resolver(self, *_place: object) -> None:
        """Nothing to do: no tag is resolved."""

    ascend_resolver = descend_resolver


def _plain_events(text: str, path: str) -> list[yaml.Event]:
    """Refuse anchors, aliases, tags and deep nesting before they are expanded."""
    findings, events = [], []
    for event, what in _extras(text):
        events.append(event)
        if what:
            mark: Any = event.start_mark
            findings.append(Finding(path, mark.line + 1, mark.column + 1, what, "yaml"))
    if findings:
        raise BadMapping(findings)
    return events


def _extras(text: str) -> Iterator[tuple[yaml.Event, str]]:
    """Yield each event, with what is wrong about it."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            yield event, f"lists and tables are nested more than {DEEPEST} deep"
            return
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            yield event, "anchors and aliases are not allowed: write the value out"
        elif getattr(event, "tag", None):
            yield event, "tags are not allowed: every value is text"
        else:
            yield event, ""


def _convert(node: yaml.Node, path: str, findings: list[Finding]) -> Node:
    place = Place(path, node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.ScalarNode):
        return Scalar(place, node.value, plain=node.style is None)
    if isinstance(node, yaml.SequenceNode):
        items = tuple(_convert(item, path, findings) for item in node.value)
        return Sequence(place, items)
    entries: dict[str, Node] = {}
    key_places: dict[str, Place] = {}
    for key_node, value_node in node.value:
        key = _convert(key_node, path, findings)
        if not isinstance(key, Scalar):
            findings.append(key.place.finding("a key has to be text", "yaml"))
            continue
        if key.text in entries:
            first = key_places[key.text].line
            message = f"key {key.text!r} is already there in line {first}"
            findings.append(key.place.finding(message, "duplicate_key"))
        entries[key.text] = _convert(value_node, path, findings)
        key_places[key.text] = key.place
    return Table(place, entries, key_places)
