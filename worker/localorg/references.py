"""Lookups: the record that an id or an external id points to has to exist."""

from __future__ import annotations

from typing import Any

from worker.localorg.messages import Problem, Refused
from worker.localorg.records import RecordStore
from worker.localorg.schema import Field, Schema, SObject
from worker.localorg.values import stored_value


def check_reference(
    schema: Schema, store: RecordStore, field: Field, record_id: Any
) -> None:
    """Refuse a lookup whose record is of a wrong object, deleted, or not there.

    An id of an object that this org has no describe for is taken as it is.
    """
    if field.type != "reference" or record_id is None:
        return
    target = schema.of_id(record_id)
    if target is None:
        if all(schema.find(name) for name in field.reference_to):
            raise _bad_cross_reference(field)
        return
    if field.reference_to and target.name not in field.reference_to:
        message = f"{field.label}: id value of incorrect type: {record_id}"
        raise Refused(Problem("MALFORMED_ID", message, (field.name,)))
    is_deleted = store.is_deleted(target, record_id)
    if is_deleted is None:
        raise _bad_cross_reference(field)
    if is_deleted:
        raise Refused(Problem("ENTITY_IS_DELETED", "entity is deleted", ()))


def resolve_relationship(
    schema: Schema, store: RecordStore, lookup: Field, nested: Any
) -> str | None:
    """The id behind `{"Account_Number__c": "A-1"}`; None if `nested` is null."""
    if nested is None:
        return None
    if not isinstance(nested, dict):
        message = f"Cannot deserialize instance of {lookup.relationship} from a value"
        raise Refused(Problem("JSON_PARSER_ERROR", message))
    target = _target(schema, lookup, nested)
    keys = [name for name in nested if name != "attributes"]
    field = target.field(keys[0]) if len(keys) == 1 else None
    if field is None or not field.key:
        message = "is not an External ID or indexed field for"
        text = f"Field name provided, {', '.join(keys)} {message} {target.name}"
        raise Refused(Problem("INVALID_FIELD", text, ()))
    value = nested[keys[0]]
    stored = stored_value(field, value)
    matches = [] if stored is None else store.ids_with(target, field, stored)
    if len(matches) > 1:
        raise several_matches(field, matches)
    if not matches:
        text = f"Foreign key external ID: {value} not found for field {field.name}"
        raise Refused(Problem("INVALID_FIELD", f"{text} in entity {target.name}", ()))
    return matches[0]


def several_matches(field: Field, record_ids: list[str]) -> Refused:
    """The refusal of an external id that more than one record has."""
    message = f"{field.label}: more than one record found for external id field:"
    text = f"{message} [{', '.join(record_ids)}]"
    return Refused(Problem("DUPLICATE_EXTERNAL_ID", text, (field.name,)))


def _target(schema: Schema, lookup: Field, nested: dict[str, Any]) -> SObject:
    attributes = nested.get("attributes")
    named = attributes.get("type") if isinstance(attributes, dict) else None
    if named is None and len(lookup.reference_to) != 1:
        message = "must have an attributes field before any other fields."
        text = f"Nested object for polymorphic foreign key {message}"
        raise Refused(Problem("JSON_PARSER_ERROR", text))
    name = lookup.reference_to[0] if named is None else str(named)
    target = schema.find(name)
    if target is None or target.name not in lookup.reference_to:
        message = f"sObject type '{name}' is not supported."
        raise Refused(Problem("INVALID_TYPE", message))
    return target


def _bad_cross_reference(field: Field) -> Refused:
    text = "invalid cross reference id"
    return Refused(Problem("INVALID_CROSS_REFERENCE_KEY", text, (field.name,)))
