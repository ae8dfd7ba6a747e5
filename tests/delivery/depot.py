"""A lane with a backlog, and the workers that write it by jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Engine, insert, select

from tests.databases import hurry
from tests.delivery.harness import Clock, Harness, cora_call, cora_mapping
from tests.guarded import guarded
from worker.crm.bulk_jobs import Waiting
from worker.delivery.backlog import Backlogs
from worker.delivery.draining import Drainer
from worker.delivery.pace import LockWaits
from worker.intake import Answer
from worker.localorg import LocalOrg
from worker.noticeboard import OwnBoard
from worker.store.events import EVENT

THRESHOLD = 200
URGENT = "urgent: {when: payload.outcomes.doNotCall}\n"
TASK = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields:
      Subject: {value: Call}
      Description: payload.summary
      CallType: payload.direction
      TaskSubtype: {value: Call, write: insert_only}
"""
ACCOUNT = """
  - object: Debt_Account__c
    mode: update
    key: {Account_Number__c: payload.fileNumber}
    fields: {Contact_Status__c: payload.endedReason}
"""


@dataclass
class Depot:
    """A lane, its calls and its workers; `on_wait` is called at each wait for a job."""

    harness: Harness
    org: LocalOrg
    stack: ExitStack
    board: OwnBoard = field(default_factory=OwnBoard)
    on_wait: Callable[[], object] = lambda: None
    waits: int = 0

    @property
    def clock(self) -> Clock:
        return self.harness.clock

    def worker(self, threshold: int = THRESHOLD) -> Drainer:
        """Return the drainer of a new process."""

        def sleep(_seconds: float) -> None:
            self.waits += 1
            self.on_wait()

        made = self.stack.enter_context(
            guarded(
                self.org.url,
                self.board,
                lambda: self.clock().timestamp(),
                waiting=Waiting(sleep=sleep, clock_seconds=lambda: 0.0),
            )
        )
        return replace(
            self.harness.drainer,
            crm=made.crm,
            guard=made.guard,
            locks=LockWaits(lambda _seconds: None),
            backlogs=Backlogs(
                threshold,
                lambda lane, may_wait: made.lane_crm(threshold, lane, may_wait),
            ),
        )

    def send(self, call_id: str, **payload: Any) -> Answer:
        payload = {"endedReason": "none", "direction": "Outbound", **payload}
        return self.harness.send(cora_call(call_id, **payload))

    def send_urgent(self) -> Answer:
        return self.send("urgent", fileNumber="ACC-1", outcomes={"doNotCall": True})

    def queue(self, count: int, first: int = 0, **payload: Any) -> None:
        """Take in calls of as many debtors; all but one are written as copies of it."""
        known = self.send(f"call-{first}", fileNumber=f"ACC-{first}", **payload)
        with self.harness.engine.begin() as connection:
            query = select(EVENT).where(EVENT.c.id == known.event_id)
            row = dict(connection.execute(query).mappings().one())
            del row["id"]
            copies = [_copy(row, first, n) for n in range(first + 1, first + count)]
            connection.execute(insert(EVENT), copies)

    def ends(self) -> set[tuple[str, str | None]]:
        """Return how the events have ended, in all."""
        query = select(EVENT.c.state, EVENT.c.reason).distinct()
        with self.harness.engine.connect() as connection:
            return {(state, reason) for state, reason in connection.execute(query)}

    def asked(self) -> dict[str, int]:
        return dict(self.org.stats()["by_path"])

    def jobs(self) -> list[tuple[str, str, int]]:
        jobs = self.org.jobs.all()
        return [(str(job.asked["object"]), job.state, len(job.rows)) for job in jobs]


def _copy(row: dict[str, Any], first: int, number: int) -> dict[str, Any]:
    """Return the event of another call and debtor."""
    body = row["body"]
    for name in ("call", "ACC"):
        body = body.replace(f'{name}-{first}"'.encode(), f'{name}-{number}"'.encode())
    call, account = f"call-{number}", f"ACC-{number}"
    names = {"dedupe_key": call, "call_id": call, "party_key": account}
    return {**row, **names, "content_hash": call, "body": body}


@contextmanager
def depot_of(engine: Engine, org: LocalOrg, writes: str = TASK) -> Iterator[Depot]:
    """Give one whose calls make these writes."""
    hurry(engine)
    with ExitStack() as stack:
        crm = stack.enter_context(guarded(org.url)).crm
        harness = Harness(engine, crm, cora_mapping(writes, URGENT))
        harness.intake = replace(harness.intake, lanes=1)
        yield Depot(harness, org, stack)
