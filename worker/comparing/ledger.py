"""The records as the ledger knows them, where the org is not asked. Floor 4.

It knows what was sent, and to whom. A record that nothing was ever sent to is not
there; what a person has changed since is not seen.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from worker.comparing.recalling import Recall, known_by
from worker.delivery.appending import LONGEST_TEXT, with_line
from worker.delivery.linking import key_of
from worker.model import Match
from worker.org_schema import OrgSchema
from worker.store.history import History
from worker.store.tables import RecordRow

# An object, and which of its records.
Linked = tuple[str, Match]
_LINE = re.compile(r"\d{4}-\d\d-\d\d .*\[[^\[\]]+\]")


class LedgerFinder:
    """Finds records by what was last sent to them. Raises `StoreUnavailable`."""

    def __init__(self, history: History, recall: Recall, schema: OrgSchema) -> None:
        self._history = history
        self._recall = recall
        self._schema = schema

    def find(
        self,
        object_name: str,
        select: Collection[str],
        values: Mapping[str, Collection[str]],
    ) -> list[dict[str, Any]]:
        """Return a record for each value that names one.

        A field that was never sent is not in it.
        """
        ids = self._ids(object_name, values)
        everyone = {salesforce_id for found in ids.values() for salesforce_id in found}
        sent: dict[str, list[RecordRow]] = defaultdict(list)
        for row in self._history.last_sent(object_name, [], sorted(everyone)):
            sent[row.salesforce_id or ""].append(row)
        linked = self._linked(object_name, chain.from_iterable(sent.values()))
        fields = {
            known: self._fields(object_name, sent[known], linked) for known in everyone
        }
        return [
            {
                **{n: v for n, v in fields[salesforce_id].items() if n in select},
                field: value,
                "Id": salesforce_id,
            }
            for (field, value), found in ids.items()
            for salesforce_id in found
        ]

    def _ids(
        self, object_name: str, values: Mapping[str, Collection[str]]
    ) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return who each field and value names: by the ledger, or as recalled."""
        asked = [(field, value) for field in values for value in values[field]]
        keys = [f"{field}={value}" for field, value in asked if field != "Id"]
        latest = {
            row.key.lower(): row.salesforce_id
            for row in self._history.last_sent(object_name, keys, [])
            if row.key and row.salesforce_id
        }
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for field, value in asked:
            if field == "Id":
                found[field, value] = (value,)
            elif known := latest.get(f"{field}={value}".lower()):
                found[field, value] = (known,)
            else:
                found[field, value] = self._recall.ids(object_name, field, value)
        return found

    def _fields(
        self,
        object_name: str,
        rows: Sequence[RecordRow],
        linked: Mapping[Linked, str],
    ) -> dict[str, Any]:
        """Return what the fields were last sent, the texts of lines put together."""
        fields: dict[str, Any] = {}
        for row in rows:
            for name, value in row.fields.items():
                if self._is_line(object_name, name, value):
                    text = str(fields.get(name) or "")
                    room = self._room(object_name, name)
                    value = with_line(text, value, room)
                match = key_of(value)
                if match is not None:
                    value = linked.get((self._target(object_name, name), match), value)
                fields[name] = value
        return fields

    def _linked(self, object_name: str, rows: Iterable[RecordRow]) -> dict[Linked, str]:
        """Return the ids of all whom links of these rows name by an external id."""
        asked: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for row in rows:
            for name, value in row.fields.items():
                match, target = key_of(value), self._target(object_name, name)
                if match is not None and target:
                    asked[target][match.field].add(match.value)
        linked: dict[Linked, str] = {}
        for target, values in asked.items():
            for (field, value), found in self._ids(target, values).items():
                match = Match(field, value)
                linked[target, match] = found[0] if found else known_by(match)
        return linked

    def _target(self, object_name: str, name: str) -> str:
        described = self._schema.field(object_name, name) or {}
        return str(next(iter(described.get("referenceTo") or ()), ""))

    def _is_line(self, object_name: str, name: str, value: Any) -> bool:
        """Return whether this was put into a text, which the ledger does not keep."""
        if (object_name, name) not in self._recall.appended:
            return False
        return isinstance(value, str) and _LINE.fullmatch(value) is not None

    def _room(self, object_name: str, name: str) -> int:
        described = self._schema.field(object_name, name) or {}
        return int(described.get("length") or LONGEST_TEXT)
