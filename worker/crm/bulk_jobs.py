"""Jobs of Bulk API 2.0: make one, fill it, wait for its end, read its results.

A job does nothing before it is closed, so that an upload which breaks off is given up
and made anew; from then on a job is only ever looked up by its id, never sent again.
simple-salesforce's own bulk client renews no session. Floor 2.
"""

from __future__ import annotations

import csv
import logging
import time
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import requests

from worker.crm import RowResult
from worker.crm.bulk_csv import Part, Record, has_column, read_error, read_rows
from worker.crm.salesforce import SalesforceCrm
from worker.crm.session import Session
from worker.errors import CrmRefused, CrmUnavailable

DEADLINE_SECONDS = 3600.0
_LONGEST_WAIT_SECONDS = 30.0
ENDED = ("JobComplete", "Failed", "Aborted")
# Of a job that failed as a whole: the same rows may pass in another.
_PASSING = ("ExceededQuota", "InvalidSessionId", "Timeout", "TooManyLockFailure")
_NO_FIELD = "Field name not found : "
_CSV_TYPE = {"Content-Type": "text/csv; charset=UTF-8"}

Fold = Callable[[Any], str]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a job is to do; `key` is the field that tells its rows apart."""

    object_name: str
    operation: str
    key: str

    def body(self) -> dict[str, str]:
        """Return the request that makes the job."""
        body = {"object": self.object_name, "operation": self.operation}
        if self.operation == "upsert":
            body["externalIdFieldName"] = self.key
        return {**body, "contentType": "CSV", "lineEnding": "LF"}

    def name(self, part: Part) -> str:
        """Return what tells this and a part from all other jobs."""
        return f"{self.operation} {self.object_name} {self.key} {part.digest}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How to wait for a job: until when, and by which clock.

    `may_wait` is asked at each look; where it says no, the job is ended early.
    """

    deadline_seconds: float = DEADLINE_SECONDS
    sleep: Callable[[float], None] = time.sleep
    clock_seconds: Callable[[], float] = time.monotonic
    may_wait: Callable[[], bool] = lambda: True


class BulkJobs(SalesforceCrm):
    """A client that can also run jobs.

    `under_way` remembers those of a call that was broken off, until `forget`: the next
    call with the same records looks at them. It holds digests of records, and job ids.
    """

    def __init__(
        self,
        session: Session,
        waiting: Waiting,
        under_way: MutableMapping[str, str] | None = None,
        blip_wait_seconds: float = 0.2,
        may_repeat: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(session, blip_wait_seconds, may_repeat)
        self._waiting = waiting
        self._under_way = {} if under_way is None else under_way

    def run(self, asked: Asked, part: Part, fold: Fold) -> dict[str, RowResult]:
        """Return the results of a part by folded key, each record's.

        Raises `CrmUnavailable`, also where the job has not ended at the deadline, or
        `CrmRefused`.
        """
        job_id = self._begun(asked, part)
        job = self._ended(job_id)
        try:
            said = self._said(asked, job_id, job, fold)
        except CrmRefused:
            if job["state"] == "JobComplete":
                raise
            said = {}
        keys = [(fold(record[asked.key]), record) for record in part.records]
        return {key: said.get(key) or _unprocessed(job, rec) for key, rec in keys}

    def forget(self, asked: Asked, part: Part) -> None:
        """Let the next write of these records be a new job."""
        self._under_way.pop(asked.name(part), None)

    def _begun(self, asked: Asked, part: Part) -> str:
        """Return the job that does the part: the one under way, or a new one."""
        job_id = self._under_way.get(asked.name(part))
        state = self._state(job_id) if job_id else None
        if job_id is None or state is None:
            job_id, state = self._retrying(self._upload, asked, part), "Open"
            self._under_way[asked.name(part)] = job_id
        if state == "Open":
            try:
                self._retrying(self._close, job_id)
            except CrmRefused:
                self.forget(asked, part)
                self._abort(job_id)
                raise
        return job_id

    def _upload(self, asked: Asked, part: Part) -> str:
        job = self._request("POST", "jobs/ingest", json=asked.body(), once=True)
        job_id = str(job["id"])
        path = f"jobs/ingest/{job_id}/batches"
        options = {"data": part, "headers": _CSV_TYPE, "read": bool, "once": True}
        try:
            self._request("PUT", path, **options)
        except (CrmRefused, CrmUnavailable):
            # A job takes one upload: whether this one arrived is not known.
            self._abort(job_id)
            raise
        return job_id

    def _close(self, job_id: str) -> None:
        """Let the job begin, unless it has."""
        try:
            self._set_state(job_id, "UploadComplete")
        except (CrmRefused, CrmUnavailable):
            if self._look(job_id)["state"] == "Open":
                raise

    def _abort(self, job_id: str) -> None:
        try:
            self._set_state(job_id, "Aborted")
        except (CrmRefused, CrmUnavailable) as error:
            # One that is not closed writes nothing; Salesforce takes it away.
            _logger.info("bulk job %s is not ended: %s", job_id, error.code)

    def _set_state(self, job_id: str, state: str) -> None:
        path = f"jobs/ingest/{job_id}"
        self._request("PATCH", path, json={"state": state}, once=True)

    def _state(self, job_id: str) -> str | None:
        """Return the state of a job, None if Salesforce no longer knows it."""
        try:
            return str(self._look(job_id)["state"])
        except CrmRefused:
            return None

    def _look(self, job_id: str) -> dict[str, Any]:
        job: dict[str, Any] = self._request("GET", f"jobs/ingest/{job_id}")
        return job

    def _ended(self, job_id: str) -> dict[str, Any]:
        """Return a job that has ended. Raises `CrmUnavailable` at the deadline."""
        deadline = self._waiting.clock_seconds() + self._waiting.deadline_seconds
        wait_seconds = 1.0
        while (job := self._look(job_id))["state"] not in ENDED:
            if self._waiting.clock_seconds() >= deadline:
                raise CrmUnavailable("bulk job under way", _LONGEST_WAIT_SECONDS)
            if not self._waiting.may_wait():
                self._abort(job_id)
            self._waiting.sleep(wait_seconds)
            wait_seconds = min(wait_seconds * 2, _LONGEST_WAIT_SECONDS)
        done, failed = _counts(job)
        text = "bulk job %s: %s, %d rows done, %d of them failed"
        _logger.info(text, job_id, job["state"], done, failed)
        return job

    def _said(
        self, asked: Asked, job_id: str, job: Mapping[str, Any], fold: Fold
    ) -> dict[str, RowResult]:
        """Return what the job says of its rows; those it did not reach are missing."""
        done, failed = _counts(job)
        is_whole = job["state"] == "JobComplete"
        results: dict[str, RowResult] = {}

        def read(answer: requests.Response) -> None:
            try:
                with closing(answer):
                    for row in read_rows(answer.iter_content(65_536)):
                        results[fold(row[asked.key])] = _row_result(asked, row)
            except (csv.Error, UnicodeError, KeyError):
                raise CrmUnavailable("results that cannot be read") from None

        for name, is_wanted in (
            ("successfulResults", done > failed or not is_whole),
            ("failedResults", failed > 0 or not is_whole),
        ):
            if is_wanted:
                path = f"jobs/ingest/{job_id}/{name}"
                self._request("GET", path, stream=True, read=read)
        return results


def failure(code: str, *fields: str, is_reached: bool = True) -> RowResult:
    """Return the result of a record that was not written."""
    return RowResult(None, code=code, fields=fields, is_reached=is_reached)


def _row_result(asked: Asked, row: Mapping[str, str]) -> RowResult:
    if "sf__Error" in row:
        code, message, fields = read_error(row["sf__Error"])
        return RowResult(None, code=code, fields=fields, message=message)
    created = row["sf__Created"].lower() == "true"
    return RowResult(row["sf__Id"], created if asked.operation == "upsert" else None)


def _unprocessed(job: Mapping[str, Any], record: Record) -> RowResult:
    """Return what becomes of a row that the job did not reach."""
    error = str(job.get("errorMessage") or "")
    _, is_no_field, column = error.partition(_NO_FIELD)
    if is_no_field and has_column(record, column.strip()):
        return failure("INVALID_FIELD", column.strip())
    code = error.partition(":")[0].strip()
    is_passing = is_no_field or not code or code in _PASSING
    if job["state"] != "Failed":
        return failure("PROCESSING_HALTED")
    return failure("PROCESSING_HALTED" if is_passing else code, is_reached=False)


def _counts(job: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many rows the job has done, and how many of them failed."""
    done = job.get("numberRecordsProcessed") or 0
    return int(done), int(job.get("numberRecordsFailed") or 0)
