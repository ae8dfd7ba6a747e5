"""Keys, matches, links, policies and what a new record has to have. Floor 1, pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from worker.mapping.checks.fields import check_policy, check_value
from worker.mapping.checks.notes import Notes
from worker.mapping.checks.values import path_type, value_type, words
from worker.mapping.findings import did_you_mean
from worker.mapping.spec import FieldSpec, LinkSpec, MatchSpec, WriteSpec
from worker.mapping.strict_yaml import Place

Describe = Mapping[str, Any]

_UNFILTERABLE = frozenset({"textarea", "base64", "encryptedstring", "address"})
_OF_A_PERSON = ("Contact", "Lead")


def check_write(write: WriteSpec, notes: Notes) -> None:
    """Find all that is wrong with one write."""
    if write.when is not None:
        path_type(write.when, write.when.place, notes)
    _check_object(write.object, write.object_place, notes)
    for match in write.key:
        _check_match(write.object, match, write.mode, notes)
        if write.mode != "update":
            _check_varies(match, notes)
    check_fields(write.object, write.fields, write.mode, notes)
    for link in write.links:
        _check_link(write, link, notes)
    _check_twice_within(write, notes)
    if write.mode != "update":
        given = {f.name for f in write.fields} | {k.field for k in write.links}
        given |= {match.field for match in write.key}
        _check_required(write.object, given, write.place, notes)


def check_fields(
    object_name: str, fields: Sequence[FieldSpec], mode: str, notes: Notes
) -> None:
    """Find fields that are not there, may not be written, or cannot hold the value."""
    for field in fields:
        found = value_type(field.value, notes)
        place = field.place
        described = _field(object_name, field.name, place, notes)
        if described is None:
            continue
        is_insert_only = field.policy == "insert_only" or mode == "insert"
        _check_access(field.name, described, mode, is_insert_only, place, notes)
        check_policy(field, found, described, notes)
        if field.policy != "append":
            check_value(field.name, field.value, found, described, notes)


def _check_object(object_name: str, place: Place, notes: Notes) -> None:
    if object_name not in notes.objects:
        hint = did_you_mean(object_name, notes.objects)
        fix = hint or f": run `crm-sync org pull {object_name}`"
        notes.find(place, "unknown_object", f"no description of {object_name}{fix}")


def _field(object_name: str, name: str, place: Place, notes: Notes) -> Describe | None:
    """Return the describe entry of a field; one that is missing is found."""
    fields = notes.objects.get(object_name)
    if fields is None:
        return None  # A finding of its own.
    if name in fields:
        return fields[name]
    hint = did_you_mean(name, fields)
    fix = hint or ": correct it, or create it and run `crm-sync org pull`"
    notes.find(place, "unknown_field", f"{object_name} has no field {name!r}{fix}")
    return None


def _check_access(
    name: str,
    described: Describe,
    mode: str,
    is_insert_only: bool,
    place: Place,
    notes: Notes,
) -> None:
    if mode != "update" and not described.get("createable", True):
        message = f"{name} cannot be given to a new record: take it out"
        notes.find(place, "not_createable", message)
    elif not described.get("updateable", True) and not is_insert_only:
        fix = "take it out" if mode == "update" else "use `write: insert_only`"
        notes.find(place, "not_updateable", f"{name} cannot be changed: {fix}")


def _check_match(object_name: str, match: MatchSpec, mode: str, notes: Notes) -> None:
    place = match.place
    found = value_type(match.value, notes)
    bad = found.kinds & {"boolean", "object"}
    if mode != "update" and "list" in found.kinds:
        bad |= {"list"}
    if bad and not found.is_open:
        message = f"{match.field} identifies a record and gets {words(bad)}"
        notes.find(place, "type", f"{message}: use a text or a number")
    described = _field(object_name, match.field, place, notes)
    if described is None:
        return
    if mode != "update":
        is_unique = described.get("unique") or described.get("idLookup")
        if not (described.get("externalId") and is_unique):
            message = f"{match.field} is no unique external id, so it cannot be the key"
            fix = "mark it External ID and Unique in Setup, or use `mode: update`"
            notes.find(place, "not_external_id", f"{message}: {fix}")
    elif described["type"] in _UNFILTERABLE:
        message = f"records cannot be found by {match.field}, a {described['type']}"
        notes.find(place, "not_filterable", message)


def _check_varies(match: MatchSpec, notes: Notes) -> None:
    """Find a key that is the same for every call, so that all write one record."""
    template = match.value.template
    if match.value.literal or (template is not None and not template.slots):
        message = f"{match.field} is the same for every call, so all write one record"
        fix = "name a path, as event.call_id"
        notes.find(match.place, "fixed_key", f"{message}: {fix}")


def _check_link(write: WriteSpec, link: LinkSpec, notes: Notes) -> None:
    _check_object(link.object, link.object_place, notes)
    described = _field(write.object, link.field, link.place, notes)
    if described is not None:
        _check_access(link.field, described, write.mode, False, link.place, notes)
        targets = described.get("referenceTo") or []
        if link.object in notes.objects and link.object not in targets:
            message = f"{link.field} does not refer to {link.object}"
            fix = f": it refers to {', '.join(targets)}" if targets else ""
            notes.find(link.place, "not_a_reference", message + fix)
    for match in link.matches:
        _check_match(link.object, match, "update", notes)
    if link.create is not None:
        _check_match(link.object, link.matches[0], "insert", notes)
        check_fields(link.object, link.create, "insert", notes)
        given = {f.name for f in link.create} | {link.matches[0].field}
        _check_required(link.object, given, link.place, notes)


def _check_required(
    object_name: str, given: set[str], place: Place, notes: Notes
) -> None:
    for name, described in notes.objects.get(object_name, {}).items():
        is_required = (
            described.get("createable", True)
            and not described.get("nillable", True)
            and not described.get("defaultedOnCreate", False)
        )
        if is_required and name not in given:
            message = f"a new {object_name} has to have {name}: give it a value"
            notes.find(place, "required", message)


def _check_twice_within(write: WriteSpec, notes: Notes) -> None:
    links = {link.field: link.place for link in write.links}
    for field in write.fields:
        if field.name in links:
            _twice(field.name, links[field.name], field.place, notes)
    for match in write.key if write.mode != "update" else ():
        for field in write.fields:
            if field.name == match.field:
                _twice(field.name, field.place, match.place, notes)


def check_twice(writes: Sequence[WriteSpec], notes: Notes) -> None:
    """Find fields that two writes give to the same record without a condition."""
    for index, write in enumerate(writes):
        for other in writes[:index]:
            if _is_same_record(write, other):
                given = {f.name: f for f in other.fields if f.value.when is None}
                for field in write.fields:
                    earlier = given.get(field.name)
                    if earlier and field.value.when is None:
                        _twice(field.name, field.place, earlier.place, notes)


def _is_same_record(one: WriteSpec, other: WriteSpec) -> bool:
    """Return whether two writes always name one record and are always both made."""
    whens = {write.when.text if write.when else "" for write in (one, other)}
    keys = [
        [(match.field, match.value.inputs) for match in write.key]
        for write in (one, other)
    ]
    return one.object == other.object and keys[0] == keys[1] and len(whens) == 1


def _twice(name: str, place: Place, first: Place, notes: Notes) -> None:
    message = f"{name} is already given in line {first.line}: keep one of them"
    notes.find(place, "field_twice", message)


def check_gate(write: WriteSpec, notes: Notes) -> None:
    """Find what would reach a person, in a mapping without a right-party gate."""
    fix = "say `right_party: {wrong_when: ...}` at the top"
    if write.object in _OF_A_PERSON:
        message = f"a {write.object} is written to, whoever the call reached: {fix}"
        notes.find(write.place, "right_party", message)
    for link in write.links:
        if link.object in _OF_A_PERSON:
            message = f"a {link.object} is linked, whoever the call reached: {fix}"
            notes.find(link.place, "right_party", message)
