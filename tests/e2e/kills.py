"""Workers killed in the middle of 200 events, each in a system of its own."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .deliveries import cora_call
from .polling import eventually, holds
from .processes import Process
from .stacks import STOP_SECONDS, Pieces, running_pieces

EVENTS = 200
CALLS = [f"call-{number:03}" for number in range(EVENTS)]


@dataclass(frozen=True, slots=True)
class Moment:
    """How far the work is: events synced, records in the org."""

    synced: int
    tasks: int
    promises: int


@dataclass(frozen=True, slots=True)
class Story:
    """What a worker had done when it was hit, and what there is in the end."""

    hit: Moment
    children: int
    counts: dict[str, int]
    tasks: list[dict[str, Any]]
    promises: list[dict[str, Any]]
    accounts: list[dict[str, Any]]
    is_running: bool

    @property
    def written(self) -> set[int]:
        """How often each call is in the org, as a Task and as a promise."""
        keys = [("t", task["External_Call_Id__c"]) for task in self.tasks]
        keys += [("p", promise["Source_Call_Id__c"]) for promise in self.promises]
        return set(Counter(keys).values())


def run_kills(folder: Path) -> dict[str, Story]:
    """Every story, side by side: most of each is waiting."""
    stories = {"all": _kill_all, "children": _kill_children, "stop": _stop}
    with ThreadPoolExecutor(len(stories)) as pool:
        told = {
            name: pool.submit(_tell, folder / name, story)
            for name, story in stories.items()
        }
    return {name: story.result() for name, story in told.items()}


def _tell(
    folder: Path, hit: Callable[[Pieces, Process], tuple[Moment, int, Process]]
) -> Story:
    folder.mkdir()
    variables = {"LEASE_SECONDS": "2", "SWEEP_SECONDS": "1"}
    # Enough lanes that some are written while others wait.
    with running_pieces(folder, LANES="8", **variables) as pieces:
        _fill(pieces)
        worker = pieces.start("worker")
        eventually(lambda: worker.answers(_is_in_the_middle(pieces)), "the middle")
        moment, children, worker = hit(pieces, worker)
        return Story(
            moment,
            children,
            pieces.ledger.counts(),
            pieces.org.records("Task"),
            pieces.org.records("Promise_To_Pay__c"),
            pieces.org.records("Debt_Account__c"),
            worker.is_running,
        )


def _fill(pieces: Pieces) -> None:
    """Queue the calls, and make the org slow."""
    pieces.org.insert(
        "Debt_Account__c",
        [{"Name": call, "Account_Number__c": f"ACC-{call}"} for call in CALLS],
    )
    pieces.org.faults.add("latency", seconds=0.15, path="composite/sobjects")
    pieces.start_redis()
    promised = {"outcomes": {"promiseToPayDays": 7}}
    pieces.take_in(
        ("cora", cora_call(call, f"ACC-{call}", **promised)) for call in CALLS
    )


def _kill_all(pieces: Pieces, worker: Process) -> tuple[Moment, int, Process]:
    children = len(worker.descendants())
    worker.kill_group()
    moment = _now(pieces)
    pieces.start("beat")
    again = pieces.start("worker")
    pieces.ledger.await_all_settled()
    return moment, children, again


def _kill_children(pieces: Pieces, worker: Process) -> tuple[Moment, int, Process]:
    children = worker.descendants()
    for child in children:
        child.kill()
    moment = _now(pieces)
    pieces.start("beat")
    pieces.ledger.await_all_settled()
    return moment, len(children), worker


def _stop(pieces: Pieces, worker: Process) -> tuple[Moment, int, Process]:
    children = len(worker.descendants())
    worker.send(signal.SIGTERM)
    holds(lambda: not worker.is_running, STOP_SECONDS)
    return _now(pieces), children, worker


def _now(pieces: Pieces) -> Moment:
    return Moment(
        pieces.ledger.counts().get("synced", 0),
        len(pieces.org.records("Task")),
        len(pieces.org.records("Promise_To_Pay__c")),
    )


def _is_in_the_middle(pieces: Pieces) -> bool:
    """Whether some calls are done, and others have a part of their records."""
    if not pieces.ledger.counts().get("synced"):
        return False
    now = _now(pieces)
    return now.tasks != now.promises
