"""A clock that goes an hour ahead and comes back, under two beats and two workers."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from pathlib import Path

from tests.e2e.deliveries import ROOT, cora_call
from tests.e2e.polling import eventually
from tests.e2e.processes import Process
from tests.e2e.stacks import Pieces, running_pieces

FOLDER = Path(__file__).with_name("set_clock")
HOUR_SECONDS = 3600
CALLS = [f"call-{number}" for number in range(5)]


class Clock:
    """Sets the clock of every process that goes by its file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set(0)

    def set(self, seconds_ahead: int) -> None:
        """In one step: a process may look at any moment."""
        written = self.file.with_suffix(".new")
        written.write_text(str(seconds_ahead), encoding="utf-8")
        written.replace(self.file)


class Hold:
    """Stands in the way of the first request to the org, until it is let go."""

    def __init__(self) -> None:
        self.has_one = threading.Event()
        self.is_over = threading.Event()
        self._lock = threading.Lock()

    def wait(self, _seconds: float) -> None:
        with self._lock:
            is_first = not self.has_one.is_set()
            self.has_one.set()
        if is_first:
            self.is_over.wait(60)


def take_in(pieces: Pieces, calls: list[str]) -> None:
    pieces.take_in(("cora", cora_call(call, f"ACC-{call}")) for call in calls)


def start_beats(pieces: Pieces) -> list[Process]:
    beats = []
    for name in ("one", "two"):
        pieces.environment["BEAT_SCHEDULE"] = name
        beats.append(pieces.start("beat"))
    return beats


def reasons(pieces: Pieces) -> Counter[str | None]:
    return Counter(event["reason"] for event in pieces.ledger.all().values())


def test_calls_arrive_once_and_soon_whatever_the_clock_does(tmp_path: Path) -> None:
    """A worker sleeps over the jump ahead, the other dies before that back."""
    clock, hold = Clock(tmp_path / "clock"), Hold()
    variables = {"CLOCK_FILE": str(clock.file), "PYTHONPATH": f"{FOLDER}:{ROOT}"}
    with running_pieces(tmp_path, **variables) as pieces:
        pieces.org.insert(
            "Debt_Account__c",
            [{"Name": call, "Account_Number__c": f"ACC-{call}"} for call in CALLS],
        )
        pieces.org.faults.wait = hold.wait
        pieces.org.faults.add("latency", seconds=0, path="composite")
        pieces.start_redis()
        take_in(pieces, CALLS[:1])
        sleeper = pieces.start("worker")
        eventually(hold.has_one.is_set, "a call to the org")

        os.killpg(sleeper.pid, signal.SIGSTOP)
        clock.set(HOUR_SECONDS)
        beats, other = start_beats(pieces), pieces.start("worker")
        meanwhile = pieces.ledger.await_all_settled()
        pieces.org.faults.add("unavailable")
        take_in(pieces, CALLS[1:])
        eventually(lambda: reasons(pieces)["crm_unavailable"], "one was tried")
        for beat in beats:
            eventually(lambda beat=beat: beat.has_said("task sweep"), "both beats")

        other.kill_group()
        clock.set(0)
        pieces.org.faults.clear()
        os.killpg(sleeper.pid, signal.SIGCONT)
        in_the_end = pieces.ledger.await_all_settled()
        hold.is_over.set()
        eventually(lambda: sleeper.has_said("was taken over"), "what it slept through")

        tasks = Counter(t["External_Call_Id__c"] for t in pieces.org.records("Task"))

    assert meanwhile == {"synced": 1}
    assert in_the_end == {"synced": len(CALLS)}
    assert tasks == dict.fromkeys(CALLS, 1)
