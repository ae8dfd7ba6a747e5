"""A `Crm` in memory: what mappings are tried out on. Floor 2.

It answers as Salesforce does where the use cases look: external ids compare without
case, an empty text is null, an id that nobody has is refused. It checks no field and
has no duplicate rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from worker.crm import MAX_RECORDS, RowResult

Record = dict[str, Any]


class Written(NamedTuple):
    """A record as it was sent. `verb` is `create` or `update`."""

    verb: str
    object: str
    record: Record


def _any_field(_object: str, _field: str) -> bool:
    return True


class MemoryCrm:
    """A `Crm` that holds these records, by object.

    Who gives no `Id` gets one. `is_updateable` says whether an object's field of an
    existing record may be written. `written` has what was taken, in order; `requests`
    counts the calls. `delete` takes a record away as another user would.
    """

    def __init__(
        self,
        records: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        is_updateable: Callable[[str, str], bool] = _any_field,
    ) -> None:
        self._is_updateable = is_updateable
        self._records: dict[str, dict[str, Record]] = {}
        self._gone: set[str] = set()
        self._made = 0
        self.requests = 0
        self.written: list[Written] = []
        for object_name, given in (records or {}).items():
            for record in given:
                self._add(object_name, record)

    def records(self, object_name: str) -> list[Record]:
        """Return the records of an object as they are now, oldest first."""
        return [dict(record) for record in self._of(object_name).values()]

    def delete(self, object_name: str, salesforce_id: str) -> None:
        """Take a record away. Raises `KeyError`."""
        del self._of(object_name)[salesforce_id]
        self._gone.add(salesforce_id)

    def find(
        self,
        object_name: str,
        select: Collection[str],
        values: Mapping[str, Collection[str]],
    ) -> list[Record]:
        """Return the records where any field has any of its values, with `Id`."""
        self.requests += 1
        wanted = {
            field: {_folded(value) for value in sought}
            for field, sought in values.items()
        }
        names = ["Id", *(set(select) - {"Id"})]
        return [
            {name: record.get(name) for name in names}
            for record in self._of(object_name).values()
            if any(_folded(record.get(field)) in wanted[field] for field in wanted)
        ]

    def upsert(
        self,
        object_name: str,
        key_field: str,
        records: Sequence[Mapping[str, Any]],
        *,
        allow_duplicates: bool = False,  # noqa: ARG002  (it has no rules)
    ) -> list[RowResult]:
        """Create or update up to 200 records by an external id that each holds."""
        self._count(records)
        times = Counter(_folded(record.get(key_field)) for record in records)
        results = []
        for record in records:
            key = _folded(record.get(key_field))
            if not key:
                message = f"{key_field} not specified"
                results.append(_refused("MISSING_ARGUMENT", message, key_field))
            elif times[key] > 1:
                message = "Duplicate external id specified"
                results.append(_refused("DUPLICATE_EXTERNAL_ID", message, key_field))
            else:
                results.append(self._upsert(object_name, key_field, key, record))
        return results

    def update(
        self,
        object_name: str,
        records: Sequence[Mapping[str, Any]],
        *,
        allow_duplicates: bool = False,  # noqa: ARG002  (it has no rules)
    ) -> list[RowResult]:
        """Update up to 200 records; each holds its `Id`."""
        self._count(records)
        return [self._update(object_name, record["Id"], record) for record in records]

    def _upsert(
        self, object_name: str, key_field: str, key: str, record: Mapping[str, Any]
    ) -> RowResult:
        matches = [
            known["Id"]
            for known in self._of(object_name).values()
            if _folded(known.get(key_field)) == key
        ]
        if len(matches) > 1:
            message = f"{key_field}: more than one record found for external id field"
            return _refused("DUPLICATE_EXTERNAL_ID", message, key_field)
        if not matches:
            salesforce_id = self._add(object_name, record)
            self.written.append(Written("create", object_name, dict(record)))
            return RowResult(salesforce_id, created=True)
        # The key of a record that is there is not written again.
        rest = {name: value for name, value in record.items() if name != key_field}
        refused = self._change(object_name, matches[0], rest, record)
        return refused or RowResult(matches[0], created=False)

    def _update(
        self, object_name: str, salesforce_id: str, record: Mapping[str, Any]
    ) -> RowResult:
        if salesforce_id in self._gone:
            return _refused("ENTITY_IS_DELETED", "entity is deleted")
        if salesforce_id not in self._of(object_name):
            return _refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        rest = {name: value for name, value in record.items() if name != "Id"}
        refused = self._change(object_name, salesforce_id, rest, record)
        return refused or RowResult(salesforce_id)

    def _change(
        self,
        object_name: str,
        salesforce_id: str,
        fields: Mapping[str, Any],
        record: Mapping[str, Any],
    ) -> RowResult | None:
        locked = [n for n in fields if not self._is_updateable(object_name, n)]
        if locked:
            message = f"Unable to update fields: {', '.join(locked)}."
            return _refused("INVALID_FIELD_FOR_INSERT_UPDATE", message, *locked)
        self._of(object_name)[salesforce_id].update(_stored(fields))
        self.written.append(Written("update", object_name, dict(record)))
        return None

    def _add(self, object_name: str, record: Mapping[str, Any]) -> str:
        self._made += 1
        salesforce_id = str(record.get("Id") or f"001{self._made:012d}AAA")
        stored = {"Id": salesforce_id, **_stored(record)}
        self._of(object_name)[salesforce_id] = stored
        return salesforce_id

    def _count(self, records: Sequence[object]) -> None:
        if len(records) > MAX_RECORDS:
            raise ValueError(f"{len(records)} records in one request")
        self.requests += 1

    def _of(self, object_name: str) -> dict[str, Record]:
        return self._records.setdefault(object_name, {})


def _stored(fields: Mapping[str, Any]) -> Record:
    return {name: None if value == "" else value for name, value in fields.items()}


def _folded(value: Any) -> str:
    return "" if value is None else str(value).lower()


def _refused(code: str, message: str, *fields: str) -> RowResult:
    return RowResult(None, code=code, fields=fields, message=message)
