"""A mapping file's text into its spec, with every fault at once. Floor 1, pure."""

from __future__ import annotations

import re

from worker.mapping import spec
from worker.mapping.findings import BadMapping, Finding
from worker.mapping.nodes import NodeReader
from worker.mapping.recipes import read_path, read_value
from worker.mapping.strict_yaml import Node, Place, Scalar, Sequence, Table, read

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_SLUG = re.compile(r"[a-z][a-z0-9_]*\Z")


def read_mapping(text: str, path: str) -> spec.MappingSpec:
    """Return the spec of one mapping file. Raises `BadMapping` with all findings."""
    findings: list[Finding] = []
    reader = NodeReader(findings)
    root = reader.table(read(text, path), spec.FILE_KEYS, ("source", "event", "writes"))
    mapping = spec.MappingSpec(
        path=path,
        source=reader.text(root.get("source")),
        event=reader.text(root.get("event")),
        version=_version(reader, root.get("version")),
        skip=tuple(_skip(reader, node) for node in reader.items(root.get("skip"))),
        urgent=_urgent(reader, root.get("urgent")),
        party=tuple(
            read_path(reader, node) for node in reader.items(root.get("party"))
        ),
        writes=tuple(_write(reader, node) for node in reader.items(root.get("writes"))),
    )
    if findings:
        raise BadMapping(tuple(sorted(findings)))
    return mapping


def _version(reader: NodeReader, node: Node | None) -> str:
    version = reader.text(node) if node else "1"
    if node and not version.isdecimal():
        reader.find(node.place, "version has to be a whole number")
    return version


def _skip(reader: NodeReader, node: Node) -> spec.SkipSpec:
    entries = reader.table(node, spec.SKIP_KEYS, ("when", "reason"))
    reason = reader.text(entries.get("reason"))
    if "reason" in entries and not _SLUG.match(reason):
        reader.find(
            entries["reason"].place, "reason has to be a slug, such as test_call"
        )
    return spec.SkipSpec(read_path(reader, entries.get("when")), reason)


def _urgent(reader: NodeReader, node: Node | None) -> spec.ValueSpec | None:
    if node is None:
        return None
    entries = reader.table(node, spec.URGENT_KEYS, ("when",))
    return read_path(reader, entries.get("when"))


def _write(reader: NodeReader, node: Node) -> spec.WriteSpec:
    entries = reader.table(node, spec.WRITE_KEYS, ("object", "fields"))
    mode = reader.choice(entries.get("mode"), spec.MODES)
    fields = reader.entries(entries.get("fields"))
    links = reader.entries(entries.get("links"))
    when = entries.get("when")
    return spec.WriteSpec(
        object=_name(reader, entries.get("object")),
        mode=mode,
        when=read_path(reader, when) if when else None,
        key=_key(reader, entries, mode, node.place),
        missing=reader.choice(entries.get("missing"), spec.UNMATCHED),
        ambiguous=reader.choice(entries.get("ambiguous"), spec.UNMATCHED),
        fields=tuple(_field(reader, name, node) for name, node in fields),
        links=tuple(_link(reader, name, node) for name, node in links),
        place=node.place,
    )


def _key(
    reader: NodeReader, entries: dict[str, Node], mode: str, place: Place
) -> tuple[spec.MatchSpec, ...]:
    if ("key" in entries) == ("match" in entries):
        reader.find(place, "a write has either a key or a match")
        return ()
    if "key" in entries:
        matches = _match(reader, entries["key"])
        if len(matches) != 1:
            reader.find(entries["key"].place, "a key is one field")
        return matches
    if mode != "update":
        reader.find(entries["match"].place, "match is for mode: update; here use a key")
    return _matches(reader, entries["match"])


def _matches(reader: NodeReader, node: Node | None) -> tuple[spec.MatchSpec, ...]:
    matches = tuple(m for item in reader.items(node) for m in _match(reader, item))
    if isinstance(node, Sequence) and not node.items:
        reader.find(node.place, "a match is at least one field")
    return matches


def _match(reader: NodeReader, node: Node) -> tuple[spec.MatchSpec, ...]:
    entries = reader.entries(node)
    for name, value in entries:
        _check_field_name(reader, name, value)
    return tuple(
        spec.MatchSpec(name, read_value(reader, value, is_key=True))
        for name, value in entries
    )


def _field(reader: NodeReader, name: str, node: Node) -> spec.FieldSpec:
    _check_field_name(reader, name, node)
    policy_node = node.entries.get("write") if isinstance(node, Table) else None
    policy = reader.choice(policy_node, spec.POLICIES)
    return spec.FieldSpec(name, read_value(reader, node), policy)


def _check_field_name(reader: NodeReader, name: str, node: Node) -> None:
    if not _NAME.match(name):
        reader.find(node.place, f"{name!r} is not a field's API name")


def _link(reader: NodeReader, name: str, node: Node) -> spec.LinkSpec:
    _check_field_name(reader, name, node)
    entries = reader.table(node, spec.LINK_KEYS, ("object", "match"))
    return spec.LinkSpec(
        field=name,
        object=_name(reader, entries.get("object")),
        matches=_matches(reader, entries.get("match")),
        missing=reader.choice(entries.get("missing"), spec.UNMATCHED),
        ambiguous=reader.choice(entries.get("ambiguous"), spec.UNMATCHED),
        place=node.place,
    )


def _name(reader: NodeReader, node: Node | None) -> str:
    name = reader.text(node)
    if isinstance(node, Scalar) and not _NAME.match(name):
        reader.find(node.place, f"{name!r} is not an object's API name")
    return name
