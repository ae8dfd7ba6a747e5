"""Bulk API 2.0 ingest jobs: what was asked for, how far they are, their results.

Kept in memory. A job moves on when it is looked at, never by itself: it is done after
`looks` looks, and each of them saves its share of the rows.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from worker.localorg.bulk_csv import Cells
from worker.localorg.ids import make_id
from worker.localorg.messages import Problem, Refused, not_found
from worker.localorg.values import moment_text

OPEN, UPLOADED = "Open", "UploadComplete"
RUNNING, DONE = "InProgress", "JobComplete"
FAILED, ABORTED = "Failed", "Aborted"
ENDED = (DONE, FAILED, ABORTED)
_KEY_PREFIX = "750"


@dataclass(slots=True)
class Job:
    """One job. `results` are in the order of `rows`; those after them are not saved.

    A result is the row's id and whether it was created, or the problem.
    """

    id: str
    asked: Mapping[str, Any]
    created_at: str
    looks: int
    fails_after: int | None
    state: str = OPEN
    error: str = ""
    columns: list[str] = field(default_factory=list)
    rows: list[Cells] = field(default_factory=list)
    results: list[tuple[str, bool] | Problem] = field(default_factory=list)
    looked: int = 0
    is_uploaded: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def failed(self) -> int:
        """How many rows were refused."""
        return sum(isinstance(result, Problem) for result in self.results)

    def share(self) -> list[Cells]:
        """The rows that this look saves."""
        upto = len(self.rows) * self.looked // self.looks
        if self.fails_after is not None:
            upto = min(upto, self.fails_after)
        return self.rows[len(self.results) : upto]

    def expect(self, *states: str) -> None:
        """Refuse what the job's state does not allow."""
        if self.state not in states:
            message = f"Job {self.id} is in the state {self.state}"
            raise Refused(Problem("INVALIDJOBSTATE", message))


class BulkJobs:
    """The jobs of one org, and how the next ones go.

    `looks` is after how many looks a job is done. With `fails_after` a job fails as
    soon as so many rows are saved; None lets it end well.
    """

    def __init__(self) -> None:
        self.looks = 2
        self.fails_after: int | None = None
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def configure(self, *, looks: int = 2, fails_after: int | None = None) -> None:
        """Say how jobs go that are made from now on; ValueError changes nothing."""
        if looks < 1 or (fails_after is not None and fails_after < 0):
            raise ValueError("'looks' has to be 1 or more, 'fails_after' 0 or more")
        self.looks, self.fails_after = looks, fails_after

    def add(self, asked: Mapping[str, Any]) -> Job:
        """A new job, open for its rows."""
        with self._lock:
            job = Job(
                make_id(_KEY_PREFIX, len(self._jobs) + 1),
                asked,
                moment_text(datetime.now(UTC)),
                self.looks,
                self.fails_after,
            )
            self._jobs[job.id] = job
            return job

    def find(self, job_id: str) -> Job:
        """The job of this id; Refused with 404 if there is none."""
        with self._lock:
            if job_id not in self._jobs:
                raise not_found()
            return self._jobs[job_id]

    def all(self) -> list[Job]:
        """Every job so far, oldest first."""
        with self._lock:
            return list(self._jobs.values())
