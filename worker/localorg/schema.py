"""Objects and fields, read from a folder of describe-shaped `<Object>.json` files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worker.localorg.describe import full_field, full_object, system_fields
from worker.localorg.ids import derive_prefix

# Names become SQL identifiers, so nothing else may get through.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_PERSON_FIELDS = {"Name", "LastName", "IsPersonAccount"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `described` is its whole describe entry, absent attributes filled.

    `length` 0 and `precision` 0 mean that nothing is checked. `default` is what a
    create without the field stores.
    """

    name: str
    label: str
    type: str
    length: int
    precision: int
    scale: int
    createable: bool
    updateable: bool
    nillable: bool
    defaulted: bool
    key: bool
    unique: bool
    case_sensitive: bool
    filterable: bool
    allowed_values: frozenset[str] | None
    reference_to: tuple[str, ...]
    relationship: str
    default: Any
    described: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SObject:
    """One object; fields and relationships are found by name in any case.

    `required` fields need a value on create; `defaults` are stored for absent ones.
    `name_parts` are the fields that a compound Name is made of. `has_persons` is true
    of Account in an org with person accounts.
    """

    name: str
    label: str
    label_plural: str
    key_prefix: str
    fields: tuple[Field, ...]
    fields_by_name: Mapping[str, Field]
    lookups_by_relationship: Mapping[str, Field]
    required: tuple[Field, ...]
    name_parts: frozenset[str]
    has_persons: bool
    defaults: Mapping[str, Any]
    described: Mapping[str, Any]

    def field(self, name: str) -> Field | None:
        """The field of this name, in any case."""
        return self.fields_by_name.get(name.lower())

    def lookup(self, relationship: str) -> Field | None:
        """The reference field behind a relationship name, such as `Account__r`."""
        return self.lookups_by_relationship.get(relationship.lower())


class Schema:
    """Every object of the org, found by name in any case or by an id's key prefix."""

    def __init__(self, sobjects: Iterable[SObject]) -> None:
        ordered = sorted(sobjects, key=lambda sobject: sobject.name)
        self._by_name = {sobject.name.lower(): sobject for sobject in ordered}
        self._by_prefix = {sobject.key_prefix: sobject for sobject in ordered}

    def __iter__(self) -> Iterator[SObject]:
        return iter(self._by_name.values())

    def find(self, name: str) -> SObject | None:
        """The object of this name, in any case."""
        return self._by_name.get(name.lower())

    def of_id(self, record_id: str) -> SObject | None:
        """The object that an id belongs to."""
        return self._by_prefix.get(record_id[:3])


def load_schema(schema_dir: Path) -> Schema:
    """The schema of a folder; ValueError names the file that cannot be used."""
    described: list[dict[str, Any]] = []
    for path in sorted(schema_dir.glob("*.json")):
        try:
            described.append(full_object(json.loads(path.read_text(encoding="utf-8"))))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}: not a describe: {error!r}") from error
    if not described:
        raise ValueError(f"{schema_dir}: no <Object>.json files")
    given = [entry["keyPrefix"] for entry in described if entry["keyPrefix"]]
    if len(set(given)) < len(given):
        raise ValueError(f"{schema_dir}: two objects have the same keyPrefix")
    for entry in described:
        if not entry["keyPrefix"]:
            entry["keyPrefix"] = derive_prefix(
                entry["name"], custom=entry["custom"], taken=given
            )
            given.append(entry["keyPrefix"])
    return Schema(_sobject(entry) for entry in described)


def _sobject(described: dict[str, Any]) -> SObject:
    given = described["fields"]
    for entry in (described, *given):
        if not _NAME.fullmatch(entry["name"]):
            raise ValueError(f"{entry['name']!r} is not a name of an object or field")
    names = {entry["name"].lower() for entry in given}
    added = [entry for entry in system_fields() if entry["name"].lower() not in names]
    ordered = sorted((*added, *given), key=lambda entry: entry["name"] != "Id")
    described["fields"] = [full_field(entry) for entry in ordered]
    fields = tuple(_field(entry) for entry in described["fields"])
    is_account = described["name"] == "Account"
    has_persons = is_account and {field.name for field in fields} >= _PERSON_FIELDS
    return SObject(
        name=described["name"],
        label=described["label"],
        label_plural=described["labelPlural"],
        key_prefix=described["keyPrefix"],
        fields=fields,
        fields_by_name={field.name.lower(): field for field in fields},
        lookups_by_relationship={
            field.relationship.lower(): field for field in fields if field.relationship
        },
        required=tuple(field for field in fields if _is_required(field)),
        name_parts=_name_parts(fields, has_persons=has_persons),
        has_persons=has_persons,
        defaults={
            field.name: field.default for field in fields if field.default is not None
        },
        described=described,
    )


def _name_parts(fields: Iterable[Field], *, has_persons: bool) -> frozenset[str]:
    writable = {field.name: field.createable for field in fields}
    is_derived = has_persons or writable.get("Name") is False
    is_compound = "LastName" in writable and is_derived
    return frozenset({"FirstName", "LastName"} if is_compound else ())


def _is_required(field: Field) -> bool:
    is_optional = field.nillable or field.defaulted or field.type == "boolean"
    return field.createable and not is_optional


def _field(described: dict[str, Any]) -> Field:
    active = [entry for entry in described["picklistValues"] if entry["active"]]
    allowed = frozenset(entry["value"] for entry in active)
    return Field(
        name=described["name"],
        label=described["label"],
        type=described["type"],
        length=described["length"],
        precision=described["precision"],
        scale=described["scale"],
        createable=described["createable"],
        updateable=described["updateable"],
        nillable=described["nillable"],
        defaulted=described["defaultedOnCreate"],
        key=described["externalId"] or described["idLookup"],
        unique=described["unique"],
        case_sensitive=described["caseSensitive"],
        filterable=described["filterable"],
        allowed_values=allowed if described["restrictedPicklist"] else None,
        reference_to=tuple(described["referenceTo"]),
        relationship=described["relationshipName"] or "",
        default=_default(described, active),
        described=described,
    )


def _default(described: dict[str, Any], active: list[dict[str, Any]]) -> Any:
    if described["type"] == "boolean":
        return bool(described["defaultValue"])
    chosen = [entry["value"] for entry in active if entry["defaultValue"]]
    return ";".join(chosen) if chosen else described["defaultValue"]
