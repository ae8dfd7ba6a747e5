"""The permission set: what the integration user does, and nothing beyond it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from worker.org_package.comparing import Live
from worker.org_package.components import (
    FieldRights,
    ObjectRights,
    is_required,
    permission_set,
)
from worker.org_package.needed import Entry, Needed
from worker.org_package.types import is_custom

_ACTIVITY_RIGHTS = {
    "Task": ("ActivitiesAccess", "EditTask"),
    "Event": ("ActivitiesAccess", "EditEvent"),
}
_WRITES = frozenset({"create", "update"})


def access(needed: Needed, live: Live, made: frozenset[tuple[str, str]]) -> str:
    """Return the permission set's file.

    `made` has the objects (with an empty field) and fields that the package makes. What
    neither it nor the org has must not be named, and neither must required fields.
    Rights to standard objects are left to the org: they hang together in ways of its
    own; a Task's are two user permissions.
    """
    objects: list[ObjectRights] = []
    fields: list[FieldRights] = []
    for object_name, entries in needed.items():
        if is_custom(object_name):
            if live.get(object_name) is None and (object_name, "") not in made:
                continue
            objects.append(_object_rights(object_name, entries))
        fields.extend(_field_rights(object_name, entries, live, made))
    rights = {
        right
        for activity, names in _ACTIVITY_RIGHTS.items()
        for right in names
        if any(entry["uses"] & _WRITES for entry in needed.get(activity, ()))
    }
    return permission_set(objects, fields, rights)


def _object_rights(object_name: str, entries: Sequence[Entry]) -> ObjectRights:
    uses = frozenset().union(*(entry["uses"] for entry in entries))
    return ObjectRights(object_name, "create" in uses, "update" in uses)


def _field_rights(
    object_name: str,
    entries: Sequence[Entry],
    live: Live,
    made: frozenset[tuple[str, str]],
) -> Iterator[FieldRights]:
    described = live.get(object_name) or {"fields": ()}
    found = {field["name"]: field for field in described["fields"]}
    for entry in entries:
        name = entry["name"]
        if not is_custom(name):
            continue
        edits = bool(entry["uses"] & _WRITES)
        if (object_name, name) in made:
            yield FieldRights(f"{object_name}.{name}", edits)
        elif name in found and not is_required(found[name]):
            own = found[name].get("calculated") or found[name].get("autoNumber")
            yield FieldRights(f"{object_name}.{name}", edits and not own)
