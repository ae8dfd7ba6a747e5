"""A mapping file's text into its spec, with every fault at once. Floor 1, pure."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from worker.mapping import grammar, nodes, spec
from worker.mapping.findings import BadMapping, Finding
from worker.mapping.recipes import ValueReader
from worker.mapping.shapes import find_faults
from worker.mapping.strict_yaml import Node, Place, Scalar, Sequence, read

HASH_CHARACTERS = 16


def read_mapping(text: str, path: str) -> spec.MappingSpec:
    """Return the spec of one mapping file. Raises `BadMapping` with all findings."""
    root = read(text, path)
    findings = find_faults(root, grammar.MAPPING_FILE)
    try:
        mapping = _mapping(root, path, text, ValueReader(findings))
    except RecursionError:
        deep = Finding(path, 1, 1, "a path is nested too deep", "path")
        raise BadMapping([*findings, deep]) from None
    if findings:
        raise BadMapping(findings)
    return mapping


def content_hash(root: Node) -> str:
    """Return the hash of what a file says: its layout, comments and version are out."""
    said = {k: _plain(v) for k, v in nodes.entries(root).items() if k != "version"}
    canonical = json.dumps(said, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:HASH_CHARACTERS]


def _plain(node: Node) -> Any:
    if isinstance(node, Scalar):
        return nodes.literal(node)
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    # The order of writes, fields and choices counts: a pair list keeps it.
    return {"": [[key, _plain(value)] for key, value in node.entries.items()]}


def _mapping(root: Node, path: str, text: str, values: ValueReader) -> spec.MappingSpec:
    given = nodes.entries(root)
    urgent = nodes.entries(given.get("urgent"))
    gate = nodes.entries(given.get("right_party"))
    version = given.get("version")
    return spec.MappingSpec(
        path=path,
        source=nodes.text(given.get("source")),
        event=nodes.text(given.get("event")),
        version=nodes.text(version, "1"),
        skip=tuple(_skip(values, node) for node in nodes.items(given.get("skip"))),
        urgent=values.path(urgent["when"]) if "when" in urgent else None,
        wrong_party=values.path(gate["wrong_when"]) if "wrong_when" in gate else None,
        party=tuple(values.path(node) for node in nodes.items(given.get("party"))),
        writes=tuple(_write(values, node) for node in nodes.items(given.get("writes"))),
        expects=tuple(values.path(node) for node in nodes.items(given.get("expects"))),
        source_place=_place(given.get("source"), root),
        event_place=_place(given.get("event"), root),
        version_place=version.place if version else Place(path, 1, 1),
        content_hash=content_hash(root),
        text=text,
    )


def _skip(values: ValueReader, node: Node) -> spec.SkipSpec:
    given = nodes.entries(node)
    return spec.SkipSpec(
        values.path(given.get("when")), nodes.text(given.get("reason"))
    )


def _write(values: ValueReader, node: Node) -> spec.WriteSpec:
    given = nodes.entries(node)
    links = nodes.entries(given.get("links"))
    places = nodes.key_places(given.get("links"))
    when = given.get("when")
    is_key = "key" in given
    return spec.WriteSpec(
        object=nodes.text(given.get("object")),
        object_place=_place(given.get("object"), node),
        mode=nodes.text(given.get("mode"), grammar.MODES[0]),
        when=values.path(when) if when else None,
        key=_match(values, given["key"]) if is_key else _matches(values, given),
        missing=nodes.text(given.get("missing"), grammar.UNMATCHED[0]),
        ambiguous=nodes.text(given.get("ambiguous"), grammar.AMBIGUOUS[0]),
        fields=_fields(values, given.get("fields")),
        links=tuple(_link(values, k, places[k], n) for k, n in links.items()),
        place=node.place,
        writes_wrong_party=nodes.text(given.get("wrong_party")) == "write",
        allows_duplicates=nodes.text(given.get("duplicates")) == "allow",
    )


def _place(node: Node | None, around: Node) -> Place:
    return node.place if node else around.place


def _matches(values: ValueReader, given: dict[str, Node]) -> tuple[spec.MatchSpec, ...]:
    found = nodes.items(given.get("match"))
    return tuple(match for item in found for match in _match(values, item))


def _match(values: ValueReader, node: Node) -> tuple[spec.MatchSpec, ...]:
    places = nodes.key_places(node)
    return tuple(
        spec.MatchSpec(name, places[name], values.value(value, is_key=True))
        for name, value in nodes.entries(node).items()
    )


def _fields(values: ValueReader, node: Node | None) -> tuple[spec.FieldSpec, ...]:
    places = nodes.key_places(node)
    return tuple(
        _field(values, name, places[name], value)
        for name, value in nodes.entries(node).items()
    )


def _field(values: ValueReader, name: str, place: Place, node: Node) -> spec.FieldSpec:
    given = nodes.entries(node)
    return spec.FieldSpec(
        name=name,
        place=place,
        value=values.value(node),
        policy=nodes.text(given.get("write"), grammar.POLICIES[0]),
        redacts=nodes.text(given.get("redact"), "true") == "true",
    )


def _link(values: ValueReader, name: str, place: Place, node: Node) -> spec.LinkSpec:
    given = nodes.entries(node)
    missing = nodes.text(given.get("missing"), grammar.UNLINKED[0])
    creates = missing == "create"
    return spec.LinkSpec(
        field=name,
        object=nodes.text(given.get("object")),
        object_place=_place(given.get("object"), node),
        matches=_matches(values, given),
        missing=missing,
        ambiguous=nodes.text(given.get("ambiguous"), grammar.AMBIGUOUS[0]),
        place=place,
        create=_fields(values, given.get("create")) if creates else None,
        keeps_wrong_party=nodes.text(given.get("wrong_party")) == "keep",
    )
