"""Create, update, upsert and delete of one record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from worker.localorg.derived import derived_values
from worker.localorg.fault_kinds import RowAttempt
from worker.localorg.ids import normalise_id
from worker.localorg.messages import Problem, Refused, not_found
from worker.localorg.records import RecordStore
from worker.localorg.references import several_matches
from worker.localorg.schema import Field, Schema, SObject
from worker.localorg.validation import RowValidator
from worker.localorg.values import moment_text, stored_value

RowCheck = Callable[[RowAttempt], None]
_STAMPS = ("CreatedDate", "LastModifiedDate", "SystemModstamp")


class RecordWriter:
    """Writes rows inside the caller's transaction; `now` gives an aware moment."""

    def __init__(
        self, schema: Schema, store: RecordStore, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._validator = RowValidator(schema, store)
        self._now = now

    def create(
        self, sobject: SObject, row: Mapping[str, Any], check_row: RowCheck
    ) -> str:
        """Store a new record and give its id; Refused says why not."""
        check_row(RowAttempt(sobject.name, row, None))
        return self._create(sobject, row)

    def update(
        self,
        sobject: SObject,
        record_id: str,
        row: Mapping[str, Any],
        check_row: RowCheck,
    ) -> None:
        """Change a record that is known to be there; Refused says why not."""
        check_row(RowAttempt(sobject.name, row, record_id))
        self._update(sobject, record_id, row)

    def delete(self, sobject: SObject, record_id: str) -> None:
        """Move a record to the bin."""
        stamp = moment_text(self._now())
        self._store.update(
            sobject, record_id, {"IsDeleted": 1, "SystemModstamp": stamp}
        )

    def upsert(
        self,
        sobject: SObject,
        key: Field,
        row: Mapping[str, Any],
        check_row: RowCheck,
    ) -> tuple[str, bool]:
        """Update the record with the row's key, or create it: id, and if created."""
        record_id = self._match(sobject, key, key_value(row, key))
        check_row(RowAttempt(sobject.name, row, record_id))
        is_id = key.type == "id"
        rest = row if record_id is None and not is_id else without_key(row, key)
        if record_id is None:
            return self._create(sobject, rest), True
        self._update(sobject, record_id, rest)
        return record_id, False

    def living_id(self, sobject: SObject, text: Any) -> str:
        """The id of a row that is to be updated; Refused as a row's problem."""
        record_id = normalise_id(text) if isinstance(text, str) else None
        if record_id is None or record_id[:3] != sobject.key_prefix:
            message = f"Record ID: id value of incorrect type: {text}"
            raise Refused(Problem("MALFORMED_ID", message, ("Id",)))
        is_deleted = self._store.is_deleted(sobject, record_id)
        if is_deleted is None:
            message = "invalid cross reference id"
            raise Refused(Problem("INVALID_CROSS_REFERENCE_KEY", message, ()))
        if is_deleted:
            raise Refused(Problem("ENTITY_IS_DELETED", "entity is deleted", ()))
        return record_id

    def _match(self, sobject: SObject, key: Field, value: Any) -> str | None:
        if key.type == "id":
            return None if value is None else self.living_id(sobject, value)
        stored = stored_value(key, value)
        if stored is None:
            message = f"{key.name} not specified"
            raise Refused(Problem("MISSING_ARGUMENT", message, (key.name,)))
        matches = self._store.ids_with(sobject, key, stored)
        if len(matches) > 1:
            raise several_matches(key, matches)
        return matches[0] if matches else None

    def _create(self, sobject: SObject, row: Mapping[str, Any]) -> str:
        given = self._validator.values(sobject, row, record_id=None)
        values = dict(sobject.defaults) | given
        number = self._store.next_number(sobject)
        values |= derived_values(sobject, values, new_number=number)
        stamp = moment_text(self._now())
        return self._store.insert(sobject, values | dict.fromkeys(_STAMPS, stamp))

    def _update(self, sobject: SObject, record_id: str, row: Mapping[str, Any]) -> None:
        values = self._validator.values(sobject, row, record_id=record_id)
        if sobject.name_parts & values.keys():
            whole = (self._store.record(sobject, record_id) or {}) | values
            values |= derived_values(sobject, whole, new_number=None)
        stamp = moment_text(self._now())
        changed = values | dict.fromkeys(_STAMPS[1:], stamp)
        self._store.update(sobject, record_id, changed)


def without_key(row: Mapping[str, Any], key: Field) -> dict[str, Any]:
    """The row without its key, whatever the case of the name."""
    wanted = key.name.lower()
    return {name: item for name, item in row.items() if name.lower() != wanted}


def key_value(row: Mapping[str, Any], key: Field) -> Any:
    """The row's value for its key, whatever the case of the name."""
    wanted = key.name.lower()
    return next((item for name, item in row.items() if name.lower() == wanted), None)


def key_field(sobject: SObject, name: str) -> Field:
    """The field of an upsert path; Refused with 404 if it cannot be a key."""
    field = sobject.field(name)
    if field is None or not field.key:
        message = "Provided external ID field does not exist or is not accessible:"
        raise not_found(f"{message} {name}")
    return field
