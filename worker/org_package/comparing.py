"""What a live org lacks of what the mappings need, each with its fix. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from worker.org_package.needed import Entry, Needed
from worker.org_package.types import (
    ACTIVITIES,
    is_custom,
    name_problem,
    problem,
    takes,
)
from worker.org_package.widening import shortfalls, widening_problem

Live = Mapping[str, Mapping[str, Any] | None]

_PACKAGE = "`crm-sync org package` {}"


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that the org lacks. `field` is empty where it is the object itself.

    `is_packaged` says that deploying the package mends it.
    """

    object: str
    field: str
    kind: str
    message: str
    fix: str
    is_packaged: bool = False

    def __str__(self) -> str:
        where = f"{self.object}.{self.field}" if self.field else self.object
        return f"{where}: {self.message}: {self.fix}"


def compare(needed: Needed, live: Live) -> list[Gap]:
    """Return every gap, object by object. `live` has None where the org has none."""
    gaps: list[Gap] = []
    for object_name, entries in needed.items():
        described = live.get(object_name)
        if described is None:
            gaps.extend(_without_object(object_name, entries, live))
        else:
            gaps.extend(_in_object(object_name, entries, described, live))
    return gaps


def _without_object(
    object_name: str, entries: Sequence[Entry], live: Live
) -> Iterator[Gap]:
    message = "missing, or hidden from the integration user"
    trouble = name_problem(object_name)
    if trouble:
        fix = f"give the user access to it, or change the mappings ({trouble})"
        yield Gap(object_name, "", "object", message, fix)
        return
    fix = _PACKAGE.format("makes it, its fields and the access to them")
    yield Gap(object_name, "", "object", message, fix, is_packaged=True)
    for entry in entries:
        trouble = _trouble(object_name, entry, live)
        if trouble and is_custom(entry["name"]):
            yield _unmakeable(object_name, entry["name"], trouble)


def _trouble(object_name: str, entry: Entry, live: Live) -> str | None:
    """Return why the package cannot make the field, or None where it can."""
    for target in entry.get("referenceTo") or ():
        if live.get(target) is None and target in live and name_problem(target):
            return f"it refers to {target}, which is missing"
    return problem(object_name, entry)


def _unmakeable(object_name: str, name: str, trouble: str) -> Gap:
    message = "missing, or hidden from the integration user"
    fix = f"give access to it; the package cannot make it, because {trouble}"
    return Gap(object_name, name, "field", message, fix)


def _in_object(
    object_name: str, entries: Sequence[Entry], described: Mapping[str, Any], live: Live
) -> Iterator[Gap]:
    fields = {field["name"]: field for field in described["fields"]}
    yield from _rights_to_object(object_name, entries, described)
    for entry in entries:
        found = fields.get(entry["name"])
        if found is None:
            yield _missing(object_name, entry, live)
            continue
        yield from _kind_of_field(object_name, entry, found)
        yield from _rights_to_field(object_name, entry, found, described)
        yield from _references(object_name, entry, found, live)
    if any("create" in entry["uses"] for entry in entries):
        yield from _unset(object_name, entries, described)


def _rights_to_object(
    object_name: str, entries: Sequence[Entry], described: Mapping[str, Any]
) -> Iterator[Gap]:
    for use, attribute in (("create", "createable"), ("update", "updateable")):
        if not described.get(attribute, True) and any(
            use in entry["uses"] for entry in entries
        ):
            message = f"the integration user may not {use} its records"
            if is_custom(object_name) or object_name in ACTIVITIES:
                fix = _PACKAGE.format("has a permission set that gives the right")
                yield Gap(object_name, "", "rights", message, fix, is_packaged=True)
            else:
                fix = "give the right in a permission set of your own"
                yield Gap(object_name, "", "rights", message, fix)


def _missing(object_name: str, entry: Entry, live: Live) -> Gap:
    name = entry["name"]
    if not is_custom(name):
        message = "hidden from the integration user, or not in this edition"
        fix = "give read and edit access to the standard field, or change the mappings"
        return Gap(object_name, name, "field", message, fix)
    trouble = _trouble(object_name, entry, live)
    if trouble:
        return _unmakeable(object_name, name, trouble)
    message = "missing, or hidden from the integration user"
    fix = _PACKAGE.format("makes it and gives access to it")
    return Gap(object_name, name, "field", message, fix, is_packaged=True)


def _kind_of_field(object_name: str, entry: Entry, found: Entry) -> Iterator[Gap]:
    name = entry["name"]
    if not takes(found["type"], entry["type"]):
        message = f"is {found['type']}, and {entry['type']} is needed"
        fix = "change its type in Setup, or let the mappings write another field"
        yield Gap(object_name, name, "type", message, fix)
        return
    for kind, message in shortfalls(entry, found):
        trouble = widening_problem(object_name, entry, found)
        if trouble:
            fix = f"change it in Setup, or change the mappings ({trouble})"
            yield Gap(object_name, name, kind, message, fix)
        else:
            fix = _PACKAGE.format("changes it")
            yield Gap(object_name, name, kind, message, fix, is_packaged=True)


def _rights_to_field(
    object_name: str, entry: Entry, found: Entry, described: Mapping[str, Any]
) -> Iterator[Gap]:
    for use, attribute in (("create", "createable"), ("update", "updateable")):
        if use not in entry["uses"] or found.get(attribute, True):
            continue
        if not described.get(attribute, True):
            continue  # Nothing of the object is writable, which was said of it.
        yield _read_only(object_name, entry["name"], found, use)
        return
    if "match" in entry["uses"] and not found.get("filterable", True):
        message = "records cannot be found by it"
        fix = "match by another field, or change its type in Setup"
        yield Gap(object_name, entry["name"], "filter", message, fix)


def _read_only(object_name: str, name: str, found: Entry, use: str) -> Gap:
    message = f"cannot be written on {use}"
    if found.get("calculated") or found.get("autoNumber"):
        fix = "Salesforce fills it itself: take it out of the mappings"
        return Gap(object_name, name, "rights", message, fix)
    if is_custom(name):
        fix = _PACKAGE.format("has a permission set that gives the right")
        return Gap(object_name, name, "rights", message, fix, is_packaged=True)
    fix = "give edit access to the standard field, or mark it insert_only"
    return Gap(object_name, name, "rights", message, fix)


def _references(
    object_name: str, entry: Entry, found: Entry, live: Live
) -> Iterator[Gap]:
    if entry["type"] != "reference" or found["type"] != "reference":
        return
    name = entry["name"]
    for target in entry.get("referenceTo") or ():
        if target in (found.get("referenceTo") or ()):
            continue
        message = f"does not refer to {target}"
        if found.get("polymorphicForeignKey") and object_name in ACTIVITIES:
            if live.get(target) is None and not name_problem(target):
                fix = _PACKAGE.format("makes the object with activities allowed")
                yield Gap(object_name, name, "reference", message, fix, True)
                continue
            fix = f"allow activities: Setup, Object Manager, {target}, Edit"
        else:
            fix = "link by another field, or make a lookup under another name"
        yield Gap(object_name, name, "reference", message, fix)


def _unset(
    object_name: str, entries: Sequence[Entry], described: Mapping[str, Any]
) -> Iterator[Gap]:
    """Yield what a new record has to have, and no mapping gives."""
    given = {entry["name"] for entry in entries if "create" in entry["uses"]}
    for found in described["fields"]:
        if (
            found["name"] not in given
            and found.get("createable", True)
            and not found.get("nillable", True)
            and not found.get("defaultedOnCreate", False)
            and found["type"] != "boolean"
        ):
            message = "is required, and no mapping gives it a value"
            fix = "write it in the mappings, or give it a default in the org"
            yield Gap(object_name, found["name"], "required", message, fix)
