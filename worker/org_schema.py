"""What the describe snapshots in `config/salesforce/` say of objects. Floor 2.

A snapshot is Salesforce's describe of an object, cut to the attributes that matter
here. What equals Salesforce's usual answer is left out and filled in when read. A field
that the describing user may not see is not in it, so an absent one may just be hidden.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from worker.errors import MappingFault

OBJECT_ATTRIBUTES = (
    "name",
    "label",
    "labelPlural",
    "keyPrefix",
    "custom",
    "createable",
    "updateable",
    "queryable",
)
# In the order of a snapshot's line; the value is that of a field which lacks it.
FIELD_DEFAULTS: Mapping[str, Any] = {
    "name": "",
    "label": "",
    "type": "string",
    "length": 0,
    "precision": 0,
    "scale": 0,
    "referenceTo": (),
    "relationshipName": None,
    "polymorphicForeignKey": False,
    "restrictedPicklist": False,
    "picklistValues": (),
    "externalId": False,
    "idLookup": False,
    "unique": False,
    "caseSensitive": False,
    "createable": True,
    "updateable": True,
    "autoNumber": False,
    "nillable": True,
    "defaultedOnCreate": False,
    "calculated": False,
    "htmlFormatted": False,
}
VALUE_DEFAULTS: Mapping[str, Any] = {"active": True, "defaultValue": False}
_VALUE_ATTRIBUTES = ("active", "defaultValue", "label", "value")


@dataclass(frozen=True, slots=True)
class OrgSchema:
    """The fields of objects, by object and field name, as describe gives them.

    `objects` holds what describe says of the objects themselves.
    """

    fields: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)

    def is_updateable(self, object_name: str, field_name: str) -> bool:
        """Return whether a field of an existing record can be written, if known."""
        described = self.fields.get(object_name, {}).get(field_name, {})
        return bool(described.get("updateable", True))

    def has(self, object_name: str) -> bool:
        """Return whether there is a snapshot of the object."""
        return object_name in self.fields

    def field(self, object_name: str, field_name: str) -> dict[str, Any] | None:
        """Return a field with every attribute, or None where the object lacks it."""
        described = self.fields.get(object_name, {}).get(field_name)
        return None if described is None else full_field(described)

    def required_on_create(self, object_name: str) -> list[str]:
        """Return the fields that every new record has to be given a value for."""
        described = map(full_field, self.fields.get(object_name, {}).values())
        return [entry["name"] for entry in described if is_required(entry)]

    def describe(self, object_name: str) -> dict[str, Any]:
        """Return an object as describe does, its fields as a list."""
        fields = [full_field(f) for f in self.fields[object_name].values()]
        return {**self.objects.get(object_name, {}), "fields": fields}


def load_schema(folder: Path) -> OrgSchema:
    """Return the snapshots of a folder. Raises `MappingFault`."""
    schema = OrgSchema()
    for path in sorted(folder.glob("*.json")):
        try:
            schema.objects[path.stem], schema.fields[path.stem] = _parts(
                json.loads(path.read_bytes())
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise MappingFault(
                f"{path} is no describe snapshot: pull it again"
            ) from None
    return schema


class LiveSchema:
    """The snapshots of a folder, and what was read of them last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._current: OrgSchema | None = None

    def current(self) -> OrgSchema:
        """Return what was read last. Raises `MappingFault`."""
        return self.read() if self._current is None else self._current

    def read(self) -> OrgSchema:
        """Read the snapshots as they are now. Raises `MappingFault`."""
        self._current = load_schema(self.folder)
        return self._current


def _parts(
    described: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    rest = {name: value for name, value in described.items() if name != "fields"}
    return rest, {f["name"]: full_field(f) for f in described["fields"]}


def full_field(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a field's entry with what a snapshot leaves out."""
    full = {**FIELD_DEFAULTS, **entry}
    full["label"] = full["label"] or full["name"]
    full["referenceTo"] = list(full["referenceTo"] or ())
    full["picklistValues"] = [
        {**VALUE_DEFAULTS, "label": value["value"], **value}
        for value in full["picklistValues"] or ()
    ]
    return full


def is_required(entry: Mapping[str, Any]) -> bool:
    """Return whether a new record needs a value; a checkbox always has one."""
    return bool(
        entry.get("createable", True)
        and not entry.get("nillable", True)
        and not entry.get("defaultedOnCreate", False)
        and entry.get("type") != "boolean"
    )


def snapshot_text(described: Mapping[str, Any]) -> str:
    """Return a describe as a snapshot: an attribute a line, then a field a line."""
    lines = [
        f"  {_json(name)}: {_json(described[name])},"
        for name in OBJECT_ATTRIBUTES
        if name in described
    ]
    fields = [f"    {_json(_kept(full_field(f)))}" for f in described["fields"]]
    return "\n".join(["{", *lines, '  "fields": [', ",\n".join(fields), "  ]", "}", ""])


def _kept(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a field that say more than its kind does."""
    entry["picklistValues"] = [
        {name: value[name] for name in _VALUE_ATTRIBUTES}
        for value in entry["picklistValues"]
    ]
    said = {"name", "label", "type"}
    if entry["externalId"] or entry["unique"]:
        said.add("caseSensitive")
    if entry["type"] in ("picklist", "multipicklist", "combobox"):
        said.add("restrictedPicklist")
    empty = full_field({"name": ""})
    return {
        name: entry[name]
        for name in FIELD_DEFAULTS
        if name in said or entry[name] != empty[name]
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def write_snapshot(folder: Path, described: Mapping[str, Any]) -> Path:
    """Write a describe to `<name>.json`, whole or not at all. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{described['name']}.json"
    beside = folder / f".{described['name']}.json.new"
    try:
        beside.write_text(snapshot_text(described), encoding="utf-8")
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each field that is new, gone or changed between describes."""
    _, before = _parts(old)
    _, after = _parts(new)
    for name in after:
        if name not in before:
            yield f"new: {name} ({after[name]['type']})"
    for name in before:
        if name not in after:
            yield f"gone, or hidden from the integration user: {name}"
    for name in after:
        if name in before:
            yield from _changed(before[name], after[name])


def _changed(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for attribute in FIELD_DEFAULTS:
        old, new = before[attribute], after[attribute]
        if attribute == "picklistValues":
            old = [value["value"] for value in old if value["active"]]
            new = [value["value"] for value in new if value["active"]]
        if old != new:
            was_now = _difference(old, new)
            yield f"changed: {after['name']}: {attribute} {was_now}"


def _difference(old: Any, new: Any) -> str:
    if not isinstance(old, list):
        return f"{_json(old)} -> {_json(new)}"
    added = [f"+{value}" for value in new if value not in old]
    gone = [f"-{value}" for value in old if value not in new]
    return ", ".join(added + gone) or "in another order"
