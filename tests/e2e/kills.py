"""Workers killed in the middle of 200 events, each in a system of its own."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from worker.store.engine import open_engine, reading
from worker.store.lanes import LANE

from .deliveries import cora_call
from .polling import eventually, holds
from .processes import Process
from .stacks import STOP_SECONDS, Pieces, running_pieces

EVENTS = 200
# What a worker waits for at most where nobody lets its request go.
HELD_SECONDS = 60
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
    lanes_held: int

    @property
    def written(self) -> set[int]:
        """How often each call is in the org, as a Task and as a promise."""
        keys = [("t", task["External_Call_Id__c"]) for task in self.tasks]
        keys += [("p", promise["Source_Call_Id__c"]) for promise in self.promises]
        return set(Counter(keys).values())


def run_kills(folder: Path) -> dict[str, Story]:
    """Every story, side by side: most of each is waiting."""
    stories = {
        "all": _kill_all,
        "children": _kill_children,
        "stop": _stop,
        "stop all": _stop_all,
    }
    with ThreadPoolExecutor(len(stories)) as pool:
        told = {
            name: pool.submit(_tell, folder / name, story)
            for name, story in stories.items()
        }
    return {name: story.result() for name, story in told.items()}


class Gate:
    """Before the org it lets requests pass until the middle, and holds what follows.

    In the middle some calls are done, and others have a part of their records.
    """

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._opened = threading.Event()
        self.holds = threading.Event()

    def wait(self, _seconds: float) -> None:
        """Stand in the way of a request, as a latency does."""
        if not self._opened.is_set() and _is_in_the_middle(self._pieces):
            self.holds.set()
            self._opened.wait(HELD_SECONDS)

    def open(self) -> None:
        self._opened.set()


Hit = Callable[[Pieces, Process, Gate], tuple[Moment, int, Process]]


def _tell(folder: Path, hit: Hit) -> Story:
    folder.mkdir()
    variables = {"LEASE_SECONDS": "2", "SWEEP_SECONDS": "1"}
    # Enough lanes that some are written while others wait.
    with running_pieces(folder, LANES="8", **variables) as pieces:
        gate = Gate(pieces)
        _fill(pieces, gate)
        worker = pieces.start("worker")
        eventually(lambda: worker.answers(gate.holds.is_set()), "the middle")
        moment, children, worker = hit(pieces, worker, gate)
        return Story(
            moment,
            children,
            pieces.ledger.counts(),
            pieces.org.records("Task"),
            pieces.org.records("Promise_To_Pay__c"),
            pieces.org.records("Debt_Account__c"),
            worker.is_running,
            _lanes_held(pieces),
        )


def _fill(pieces: Pieces, gate: Gate) -> None:
    """Queue the calls, and put the gate before the org."""
    pieces.org.insert(
        "Debt_Account__c",
        [{"Name": call, "Account_Number__c": f"ACC-{call}"} for call in CALLS],
    )
    pieces.org.faults.wait = gate.wait
    pieces.org.faults.add("latency", seconds=0, path="composite/sobjects")
    pieces.start_redis()
    promised = {"outcomes": {"promiseToPayDays": 7}}
    pieces.take_in(
        ("cora", cora_call(call, f"ACC-{call}", **promised)) for call in CALLS
    )


def _kill_all(
    pieces: Pieces, worker: Process, gate: Gate
) -> tuple[Moment, int, Process]:
    children = len(worker.descendants())
    worker.kill_group()
    moment = _now(pieces)
    gate.open()
    pieces.start("beat")
    again = pieces.start("worker")
    pieces.ledger.await_all_settled()
    return moment, children, again


def _kill_children(
    pieces: Pieces, worker: Process, gate: Gate
) -> tuple[Moment, int, Process]:
    children = worker.descendants()
    for child in children:
        child.kill()
    moment = _now(pieces)
    gate.open()
    pieces.start("beat")
    pieces.ledger.await_all_settled()
    return moment, len(children), worker


def _stop(pieces: Pieces, worker: Process, gate: Gate) -> tuple[Moment, int, Process]:
    """As a container's end: the parent alone is told."""
    children = len(worker.descendants())
    worker.send(signal.SIGTERM)
    return _stopped(pieces, worker, gate, children)


def _stop_all(
    pieces: Pieces, worker: Process, gate: Gate
) -> tuple[Moment, int, Process]:
    """As honcho and systemd do it: each process of the group is told."""
    children = len(worker.descendants())
    os.killpg(worker.pid, signal.SIGTERM)
    return _stopped(pieces, worker, gate, children)


def _stopped(
    pieces: Pieces, worker: Process, gate: Gate, children: int
) -> tuple[Moment, int, Process]:
    """Let the org answer once the signal was heard, and wait for the end."""
    eventually(lambda: worker.has_said("Warm shutdown"), "the signal is heard")
    gate.open()
    holds(lambda: not worker.is_running, STOP_SECONDS)
    return _now(pieces), children, worker


def _now(pieces: Pieces) -> Moment:
    return Moment(
        pieces.ledger.counts().get("synced", 0),
        len(pieces.org.records("Task")),
        len(pieces.org.records("Promise_To_Pay__c")),
    )


def _lanes_held(pieces: Pieces) -> int:
    """How many lanes nobody else may drain yet."""
    engine = open_engine(pieces.environment["DATABASE_URL"])
    query = select(func.count()).where(LANE.c.expires_at.is_not(None))
    with reading(engine) as connection:
        held = connection.scalar(query) or 0
    engine.dispose()
    return held


def _is_in_the_middle(pieces: Pieces) -> bool:
    if not pieces.ledger.counts().get("synced"):
        return False
    now = _now(pieces)
    return now.tasks != now.promises
