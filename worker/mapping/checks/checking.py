"""All checks over one mapping, as findings. Floor 1, pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from worker.mapping.checks.notes import Describes, Notes
from worker.mapping.checks.records import check_gate, check_twice, check_write
from worker.mapping.checks.values import path_type, words
from worker.mapping.findings import Finding
from worker.mapping.path_types import PathTypes, known_leaves
from worker.mapping.spec import MappingSpec, PathSpec

# A key of these in the payload says that the vendor tells whom the call reached.
_WRONG_PARTY = ("wasWrongParty", "wasWrongNumber")
_NO_PARTY = frozenset({"boolean", "list", "object"})


def check_mapping(
    spec: MappingSpec, payload_schema: Mapping[str, Any] | None, objects: Describes
) -> tuple[Finding, ...]:
    """Return what is wrong with a mapping that could be read.

    `payload_schema` is the event's JSON Schema, None where nothing is known of it.
    `objects` are the org's objects as describe gives them.
    """
    notes = Notes(None, objects)
    notes.paths = _path_types(spec, payload_schema, notes)
    for skip in spec.skip:
        path_type(skip.when, skip.when.place, notes)
    for condition in (spec.urgent, spec.wrong_party):
        if condition is not None:
            path_type(condition, condition.place, notes)
    for path in spec.party:
        _check_party(path, notes)
    tells_whom = _tells_whom(payload_schema)
    for write in spec.writes:
        check_write(write, notes)
        if spec.wrong_party is None and tells_whom:
            check_gate(write, notes)
    check_twice(spec.writes, notes)
    return tuple(sorted(notes.findings))


def _check_party(path: PathSpec, notes: Notes) -> None:
    found = path_type(path, path.place, notes)
    kinds = found.kinds - {"null"}
    if not found.is_open and kinds <= _NO_PARTY:
        what = words(kinds) or "null"
        message = f"{path.text} is never a party: it is {what}; name a text of a debtor"
        notes.find(path.place, "party", message)


def _path_types(
    spec: MappingSpec, schema: Mapping[str, Any] | None, notes: Notes
) -> PathTypes | None:
    if schema is None:
        return None
    expected = []
    for path in spec.expects:
        try:
            PathTypes(schema, [path.text])
        except ValueError:
            message = f"{path.text!r} is no plain chain of keys, such as payload.a.b"
            notes.find(path.place, "path", message)
        else:
            expected.append(path.text)
    return PathTypes(schema, expected)


def _tells_whom(schema: Mapping[str, Any] | None) -> bool:
    leaves = known_leaves(schema) if schema else []
    return any(leaf.rpartition(".")[2] in _WRONG_PARTY for leaf in leaves)


def check_versions(
    spec: MappingSpec, used: Mapping[tuple[str, str, str], Collection[str]]
) -> tuple[Finding, ...]:
    """Return a finding where the content changed and its version did not.

    `used` has the hashes of every content that was ever used, by source, event and
    version.
    """
    hashes = used.get((spec.source, spec.event, spec.version), ())
    if not hashes or spec.content_hash in hashes:
        return ()
    versions = [int(version) for s, e, version in used if (s, e) == _event(spec)]
    message = (
        f"the content is not that which was used as version {spec.version}:"
        f" set version: {max(versions) + 1}"
    )
    return (spec.version_place.finding(message, "version"),)


def _event(spec: MappingSpec) -> tuple[str, str]:
    return spec.source, spec.event
