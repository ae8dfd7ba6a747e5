"""What records are like before anything is tried: read once. Floor 4."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

Record = tuple[str, str]
"""A record by its object and Salesforce id."""


class Finder(Protocol):
    """What a trial asks: it can look, and it cannot write."""

    def find(
        self,
        object_name: str,
        select: Collection[str],
        values: Mapping[str, Collection[str]],
    ) -> list[dict[str, Any]]:
        """Return the records where any field has any of its values, with `Id`."""


class Snapshot:
    """Records as a finder gave them. What was read once is not asked for again.

    A field that the finder does not know is not in `fields`.
    """

    def __init__(self, finder: Finder) -> None:
        self._finder = finder
        self._fields: dict[Record, dict[str, Any]] = {}
        self._read: dict[Record, set[str]] = {}
        self._ids: dict[tuple[str, str, str], dict[str, None]] = {}

    def fields(self, object_name: str, salesforce_id: str) -> Mapping[str, Any]:
        """Return what was read of a record."""
        return self._fields.get((object_name, salesforce_id), {})

    def find(
        self,
        object_name: str,
        select: Collection[str],
        values: Mapping[str, Collection[str]],
    ) -> dict[str, dict[str, str]]:
        """Return the ids of the records where any field has any of its values.

        With each stand the fields and values that it was found by. Raises
        `CrmUnavailable` and `CrmRefused`.
        """
        wanted = {*select, *values}
        self._ask(object_name, wanted, self._unasked(object_name, values))
        found: dict[str, dict[str, str]] = {}
        for field, sought in values.items():
            for value in sorted(sought):
                for salesforce_id in self._ids[object_name, field, value.lower()]:
                    found.setdefault(salesforce_id, {})[field] = value
        self._complete(object_name, wanted, found)
        return found

    def _unasked(
        self, object_name: str, values: Mapping[str, Collection[str]]
    ) -> dict[str, set[str]]:
        """Return the values that were not asked for before."""
        unasked = {}
        for field, sought in values.items():
            new = {
                v for v in sought if (object_name, field, v.lower()) not in self._ids
            }
            if new:
                unasked[field] = new
        return unasked

    def _complete(
        self, object_name: str, wanted: set[str], salesforce_ids: Iterable[str]
    ) -> None:
        """Read the fields that were not asked for when the records were found."""
        lacking = {
            salesforce_id: missing
            for salesforce_id in salesforce_ids
            if (missing := wanted - self._read[object_name, salesforce_id])
        }
        if lacking:
            self._ask(object_name, set().union(*lacking.values()), {"Id": set(lacking)})

    def _ask(
        self, object_name: str, select: set[str], values: Mapping[str, Collection[str]]
    ) -> None:
        if not values:
            return
        records = self._finder.find(object_name, select, values)
        for field, sought in values.items():
            for value in sought:
                self._ids.setdefault((object_name, field, value.lower()), {})
        for record in records:
            self._note(object_name, select, values, record)

    def _note(
        self,
        object_name: str,
        select: set[str],
        values: Mapping[str, Collection[str]],
        record: Mapping[str, Any],
    ) -> None:
        salesforce_id = str(record["Id"])
        known = self._fields.setdefault((object_name, salesforce_id), {})
        for name, value in record.items():
            if name != "attributes":
                known.setdefault(name, value)
        read = self._read.setdefault((object_name, salesforce_id), {"Id"})
        read |= select
        for field in values:
            asked = self._ids.get((object_name, field, str(record.get(field)).lower()))
            if asked is not None:
                asked[salesforce_id] = None
