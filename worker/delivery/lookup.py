"""Who the writes refer to: one query per object for a whole batch. Floor 3."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from worker.crm import Crm
from worker.delivery.planning import Job
from worker.errors import CrmRefused
from worker.model import Match, State, Write
from worker.org_schema import OrgSchema

LONGEST_VALUE = 255


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


def look_up(jobs: Sequence[Job], crm: Crm, schema: OrgSchema) -> Lookup:
    """Return what the writes refer to. Raises `CrmUnavailable`.

    Where an object's query is refused, the jobs that refer to it are ended.
    """
    needed: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    select: dict[str, set[str]] = defaultdict(set)
    for job in jobs:
        for object_name, match in _references(job.write, schema):
            if len(match.value) > LONGEST_VALUE:
                continue  # No field that identifies holds so long a text.
            needed[object_name][match.field].add(match.value)
        select[job.write.object] |= job.write.if_empty
    lookup = Lookup()
    for object_name, values in needed.items():
        fields = select[object_name] | set(values)
        try:
            found = crm.find(object_name, fields, values)
        except CrmRefused as error:
            _refuse(jobs, object_name, error, schema)
            continue
        for record in found:
            for field in values:
                value = record.get(field)
                if value is not None:
                    lookup.add(object_name, Match(field, str(value)), record)
    return lookup


def _references(write: Write, schema: OrgSchema) -> Iterator[tuple[str, Match]]:
    if write.mode != "upsert" or write.if_empty or _keeps_fields(write, schema):
        yield write.object, write.key
    for link in write.links:
        if link.match is not None:
            yield link.object, link.match


def _keeps_fields(write: Write, schema: OrgSchema) -> bool:
    """Return whether a field may be written only if the record is new.

    One that Salesforce itself never updates needs no look: it says so by an error.
    """
    return any(schema.is_updateable(write.object, name) for name in write.insert_only)


def _refuse(
    jobs: Sequence[Job], object_name: str, error: CrmRefused, schema: OrgSchema
) -> None:
    for job in jobs:
        if object_name in {name for name, _ in _references(job.write, schema)}:
            job.end(
                State.PARKED,
                reason=error.code.lower(),
                error_code=error.code,
                hint=f"{job.write.place}: {object_name}: {error.hint}",
            )


def _key(object_name: str, match: Match) -> tuple[str, str, str]:
    return object_name, match.field, match.value.lower()
