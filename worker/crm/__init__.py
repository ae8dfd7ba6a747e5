"""Salesforce: three verbs, errors with a meaning. Floor 2.

session      one logged-in `requests` session; the library's own login is not used
login        one login: by JWT bearer or client credentials, and what ends trying
token_store  what a login gives; who keeps it: `shared_tokens` for all processes
salesforce   find, upsert and update, each by the fewest API requests
composite    several of these in one request
bulk         any number of records; thousands by jobs: `bulk_jobs`, `bulk_csv`
lane_crm     the same for one lane, where at most one job is under way
memory       records held here, for trying mappings out
soql         queries, escaped and cut to the length that a URL may have
error_table  what each error code means: try again, or who must act
verdicts     an error looked up in that table
failures     a failed request as an error of ours
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from worker.errors import CrmRefused, CrmUnavailable

MAX_RECORDS = 200
# So many look-ups or writes go in one request, where the CRM takes several.
MAX_TOGETHER = 5


@dataclass(frozen=True, slots=True)
class RowResult:
    """What Salesforce says of one record, in the order in which they were sent.

    `message` may hold a payload's value: it is for telling errors apart, never for
    logs or storage. `matches` are the ids of records that stand in the way.
    `is_reached` is False of a record that a job left alone when it failed.
    """

    salesforce_id: str | None
    created: bool | None = None
    code: str | None = None
    fields: tuple[str, ...] = ()
    message: str = field(default="", repr=False)
    matches: tuple[str, ...] = ()
    is_reached: bool = True


class Crm(Protocol):
    """What the use cases ask of a CRM.

    Each method raises `CrmUnavailable`, or `CrmRefused` where the request as a whole
    can never pass.
    """

    def find(
        self,
        object_name: str,
        select: Collection[str],
        values: Mapping[str, Collection[str]],
    ) -> list[dict[str, Any]]:
        """Return the records where any field has any of its values, with `Id`."""

    def upsert(
        self,
        object_name: str,
        key_field: str,
        records: Sequence[Mapping[str, Any]],
        *,
        allow_duplicates: bool = False,
    ) -> list[RowResult]:
        """Create or update up to 200 records by an external id that each holds.

        With `allow_duplicates` a duplicate rule that only alerts stops none of them.
        """

    def update(
        self,
        object_name: str,
        records: Sequence[Mapping[str, Any]],
        *,
        allow_duplicates: bool = False,
    ) -> list[RowResult]:
        """Update up to 200 records; each holds its `Id`."""


@dataclass(frozen=True, slots=True)
class Find:
    """A look-up, as `Crm.find` takes it."""

    object_name: str
    select: Collection[str]
    values: Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Records to upsert by `key_field`, or to update where that is None."""

    object_name: str
    key_field: str | None
    records: Sequence[Mapping[str, Any]]
    allow_duplicates: bool = False


Found = list[dict[str, Any]] | CrmRefused | CrmUnavailable
Written = list[RowResult] | CrmRefused | CrmUnavailable


@runtime_checkable
class CompositeCrm(Crm, Protocol):
    """A `Crm` that takes several look-ups or writes in one request.

    Each has its own result or error, as if it were asked alone. What is raised is
    of all of them.
    """

    def find_each(self, finds: Sequence[Find]) -> list[Found]:
        """Return what each look-up finds."""

    def write_each(self, batches: Sequence[Batch]) -> list[Written]:
        """Write in this order; up to `MAX_TOGETHER` batches go in one request."""
