"""Who the writes refer to: one query per object for a whole batch. Floor 3."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from worker.crm import Crm
from worker.delivery.planning import Job
from worker.model import Match, Write


class Lookup:
    """The records that a batch refers to, by object, field and value.

    Salesforce compares the text of external ids without case, and so does this.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], dict[str, dict[str, Any]]] = (
            defaultdict(dict)
        )

    def add(self, object_name: str, match: Match, record: Mapping[str, Any]) -> None:
        """Note that this record matches; `record` has its `Id`."""
        self._found[_key(object_name, match)][record["Id"]] = dict(record)

    def records(self, object_name: str, match: Match) -> list[dict[str, Any]]:
        """Return the records that match."""
        return list(self._found.get(_key(object_name, match), {}).values())


def look_up(jobs: Iterable[Job], crm: Crm) -> Lookup:
    """Return what the writes refer to. Raises `CrmUnavailable` and `CrmRefused`."""
    needed: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    select: dict[str, set[str]] = defaultdict(set)
    for job in jobs:
        for object_name, match in _references(job.write):
            needed[object_name][match.field].add(match.value)
        select[job.write.object] |= job.write.if_empty
    lookup = Lookup()
    for object_name, values in needed.items():
        fields = select[object_name] | set(values)
        for record in crm.find(object_name, fields, values):
            for field in values:
                value = record.get(field)
                if isinstance(value, str):
                    lookup.add(object_name, Match(field, value), record)
    return lookup


def _references(write: Write) -> Iterable[tuple[str, Match]]:
    if write.mode != "upsert" or write.if_empty:
        yield write.object, write.key
    for link in write.links:
        if link.match is not None:
            yield link.object, link.match


def _key(object_name: str, match: Match) -> tuple[str, str, str]:
    return object_name, match.field, match.value.casefold()
