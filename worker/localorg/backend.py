"""The parts of one org, and what a handler of an API request gets to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from worker.localorg.bulk_jobs import BulkJobs
from worker.localorg.cursors import QueryCursors
from worker.localorg.faults import FaultPlan, Faults
from worker.localorg.jwt_bearer import JwtApp
from worker.localorg.messages import Request, not_found
from worker.localorg.oauth import TokenStore
from worker.localorg.records import RecordStore
from worker.localorg.schema import Schema, SObject, load_schema
from worker.localorg.stats import RequestStats
from worker.localorg.writes import RecordWriter


class Backend:
    """Everything that the handlers share."""

    def __init__(self, schema_dir: Path, database: Path | None) -> None:
        self.schema: Schema = load_schema(schema_dir)
        self.store = RecordStore(self.schema, database)
        self.writer = RecordWriter(self.schema, self.store, _utc_now)
        self.tokens = TokenStore(self.store)
        self.jwt_app: JwtApp | None = None
        self.cursors = QueryCursors()
        self.jobs = BulkJobs()
        self.faults = Faults()
        self.stats = RequestStats()

    def sobject(self, name: str) -> SObject:
        """The object of this name; Refused with 404 if there is none."""
        sobject = self.schema.find(name)
        if sobject is None:
            raise not_found()
        return sobject


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One API request on its way to a handler.

    `version` is such as "67.0"; `parts` are the named pieces of the path, decoded.
    """

    request: Request
    version: str
    parts: Mapping[str, str]
    plan: FaultPlan


def _utc_now() -> datetime:
    return datetime.now(UTC)
