"""A `Crm` over a snapshot: what is written to it goes nowhere. Floor 4.

It has a `Finder` and nothing else of the org, so that it can write to none. What it was
sent is laid over the snapshot, and later look-ups see it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from worker.comparing.snapshot import Record, Snapshot
from worker.crm import MAX_RECORDS, RowResult
from worker.crm.soql import lookups
from worker.delivery.lookup import Name
from worker.org_schema import OrgSchema

LONGEST_KEY = 255


class DryCrm:
    """A `Crm` that counts the API requests which the same calls would cost.

    `changed` has the fields that were sent, by record; `made` the records that were not
    there; `named` has what records were found by. To read what a record was like
    before costs requests that applying would not: those are not counted.
    """

    def __init__(self, snapshot: Snapshot, schema: OrgSchema) -> None:
        self.snapshot = snapshot
        self._schema = schema
        self.changed: dict[Record, dict[str, Any]] = {}
        self.made: set[Record] = set()
        self.named: set[Name] = set()
        self.look_ups = 0
        self.writes = 0

    def find(
        self,
        object_name: str,
        select: Collection[str],
        values: Mapping[str, Collection[str]],
    ) -> list[dict[str, Any]]:
        """Return the records where any field has any of its values, with `Id`."""
        self.look_ups += sum(1 for _ in lookups(object_name, select, values))
        found = self._find(object_name, select, values)
        self.named.update(
            (object_name, field, str(record.get(field)).lower())
            for record in found
            for field in values
        )
        return found

    def upsert(
        self,
        object_name: str,
        key_field: str,
        records: Sequence[Mapping[str, Any]],
        *,
        allow_duplicates: bool = False,  # noqa: ARG002  (it has no rules)
    ) -> list[RowResult]:
        """Lay the records over those with the same keys, or make them."""
        self._count(records)
        keys = {str(r[key_field]) for r in records}
        names = {name for record in records for name in record}
        sought = {key for key in keys if len(key) <= LONGEST_KEY}
        there: dict[str, list[str]] = {}
        for record in self._find(object_name, names, {key_field: sought}):
            key = str(record.get(key_field)).lower()
            there.setdefault(key, []).append(record["Id"])
        return [
            self._upsert(object_name, key_field, r, there.get(_key(r, key_field), []))
            for r in records
        ]

    def update(
        self,
        object_name: str,
        records: Sequence[Mapping[str, Any]],
        *,
        allow_duplicates: bool = False,  # noqa: ARG002  (it has no rules)
    ) -> list[RowResult]:
        """Lay the records over those with the same ids."""
        self._count(records)
        names = {name for record in records for name in record}
        ids = {str(record["Id"]) for record in records}
        self.snapshot.find(
            object_name,
            names,
            {"Id": [i for i in ids if (object_name, i) not in self.made]},
        )
        return [self._change(object_name, str(r["Id"]), r, "Id") for r in records]

    def before(self, record: Record) -> Mapping[str, Any]:
        """Return what a record was like; empty where it was not there."""
        return self.snapshot.fields(*record)

    def _upsert(
        self,
        object_name: str,
        key_field: str,
        record: Mapping[str, Any],
        there: Sequence[str],
    ) -> RowResult:
        if len(there) > 1:
            return RowResult(
                None, code="DUPLICATE_EXTERNAL_ID", message="more than one record found"
            )
        if there:
            result = self._change(object_name, there[0], record, key_field)
            return result if result.code else RowResult(there[0], created=False)
        salesforce_id = f"new {object_name} {record[key_field]}"
        self.made.add((object_name, salesforce_id))
        self.changed[object_name, salesforce_id] = dict(record)
        return RowResult(salesforce_id, created=True)

    def _change(
        self,
        object_name: str,
        salesforce_id: str,
        record: Mapping[str, Any],
        key_field: str,
    ) -> RowResult:
        fields = {name: value for name, value in record.items() if name != key_field}
        # A record that is made here is there for the next call, as any other.
        locked = [n for n in fields if not self._schema.is_updateable(object_name, n)]
        if locked:
            code = "INVALID_FIELD_FOR_INSERT_UPDATE"
            return RowResult(None, code=code, fields=tuple(locked))
        self.changed.setdefault((object_name, salesforce_id), {}).update(fields)
        return RowResult(salesforce_id)

    def _find(
        self,
        object_name: str,
        select: Collection[str],
        values: Mapping[str, Collection[str]],
    ) -> list[dict[str, Any]]:
        """Return the records as they would be by now."""
        sought = {field: _lower(wanted) for field, wanted in values.items()}
        named = self.snapshot.find(object_name, select, values)
        for (name, salesforce_id), sent in self.changed.items():
            if name == object_name and not sought.keys().isdisjoint(sent):
                named.setdefault(salesforce_id, {})
        found = []
        for salesforce_id, by in named.items():
            record = (object_name, salesforce_id)
            sent = self.changed.get(record, {})
            fields = {**self.before(record), **by, **sent, "Id": salesforce_id}
            if any(str(fields.get(field)).lower() in sought[field] for field in sought):
                found.append(fields)
        return found

    def _count(self, records: Sequence[object]) -> None:
        if len(records) > MAX_RECORDS:
            raise ValueError(f"{len(records)} records in one request")
        self.writes += 1


def _key(record: Mapping[str, Any], key_field: str) -> str:
    return str(record[key_field]).lower()


def _lower(values: Collection[str]) -> set[str]:
    return {value.lower() for value in values}
