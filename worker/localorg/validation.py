"""Whether a row may be written: by its describe, its references and unique fields.

A field that does not exist or cannot be written ends the check, as in Salesforce; all
other faults of a row are told together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.localorg.messages import Problem, Refused
from worker.localorg.person_accounts import check_kind
from worker.localorg.records import RecordStore
from worker.localorg.references import check_reference, resolve_relationship
from worker.localorg.schema import Field, Schema, SObject
from worker.localorg.values import stored_value

_READ_ONLY_HINT = (
    "Please check the security settings of this field and verify that it is "
    "read/write for your profile or permission set."
)


class RowValidator:
    """Turns a row as received into the values to store, or refuses it."""

    def __init__(self, schema: Schema, store: RecordStore) -> None:
        self._schema = schema
        self._store = store

    def values(
        self, sobject: SObject, row: Mapping[str, Any], *, record_id: str | None
    ) -> dict[str, Any]:
        """The values to store, by field name; `record_id` None means a create.

        Raises Refused with every problem of the row.
        """
        given = self._named(sobject, row)
        _check_writable(given, creating=record_id is None)
        required = sobject.required
        if sobject.has_persons:
            stored_row = self._store.record(sobject, record_id) if record_id else None
            required = check_kind(sobject, given, stored_row)
        problems: list[Problem] = []
        values: dict[str, Any] = {}
        for field, value in given:
            try:
                values[field.name] = stored = stored_value(field, value)
                check_reference(self._schema, self._store, field, stored)
                self._check_unique(sobject, field, stored, record_id)
            except Refused as refused:
                problems.extend(refused.problems)
        problems.extend(_missing(required, given, values, creating=record_id is None))
        if problems:
            raise Refused(*problems)
        return values

    def _named(
        self, sobject: SObject, row: Mapping[str, Any]
    ) -> list[tuple[Field, Any]]:
        given: list[tuple[Field, Any]] = []
        for name, value in row.items():
            if name == "attributes":
                continue
            field = sobject.field(name)
            if field is not None:
                given.append((field, value))
                continue
            lookup = sobject.lookup(name)
            if lookup is None:
                raise Refused(unknown_column(name, sobject))
            target = resolve_relationship(self._schema, self._store, lookup, value)
            given.append((lookup, target))
        return given

    def _check_unique(
        self, sobject: SObject, field: Field, value: Any, record_id: str | None
    ) -> None:
        if not field.unique or value is None:
            return
        for other_id in self._store.ids_with(sobject, field, value):
            if other_id != record_id:
                message = f"duplicate value found: {field.name} duplicates value"
                text = f"{message} on record with id: {other_id}"
                raise Refused(Problem("DUPLICATE_VALUE", text, ()))


def unknown_column(name: str, sobject: SObject) -> Problem:
    """The problem of a field that the object does not have."""
    message = f"No such column '{name}' on sobject of type {sobject.name}"
    return Problem("INVALID_FIELD", message)


def _check_writable(given: list[tuple[Field, Any]], *, creating: bool) -> None:
    locked = [
        field.name
        for field, _ in given
        if not (field.createable if creating else field.updateable)
    ]
    if locked:
        verb = "create" if creating else "update"
        message = f"Unable to {verb} fields: {', '.join(locked)}. {_READ_ONLY_HINT}"
        code = "INVALID_FIELD_FOR_INSERT_UPDATE"
        raise Refused(Problem(code, message, tuple(locked)))


def _missing(
    required: tuple[Field, ...],
    given: list[tuple[Field, Any]],
    values: Mapping[str, Any],
    *,
    creating: bool,
) -> list[Problem]:
    """The one problem that names every required field without a value."""
    names = {field.name for field, _ in given}
    emptied = [name for name in names if name in values and values[name] is None]
    missing = [
        field.name
        for field in required
        if field.name in emptied or (creating and field.name not in names)
    ]
    if not missing:
        return []
    message = f"Required fields are missing: [{', '.join(missing)}]"
    return [Problem("REQUIRED_FIELD_MISSING", message, tuple(missing))]
