"""What a database allows: a loop that inserts rows of our size and commits."""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import Engine, insert

from bench.posting import call_template
from tests.delivery.harness import default_mappings
from tests.e2e.deliveries import SECRETS, connections, signed
from worker.intake import Intake
from worker.store.events import EVENT, Events, NewEvent, Stored, values_of

if TYPE_CHECKING:
    from bench.intake import Measured


class _Kept(Events):
    """Events that store nothing, and keep what they were handed."""

    def __init__(self) -> None:
        self.new: list[NewEvent] = []

    def add(self, new: NewEvent) -> Stored:
        self.new.append(new)
        return Stored(1, is_new=True)


def new_event() -> NewEvent:
    """Return the event that a delivery of the benchmark becomes."""
    known, kept = connections(SECRETS), _Kept()
    intake = Intake(kept, default_mappings(), known, 2, lambda _: None)
    intake.accept("cora", signed(known["cora"], call_template()))
    return kept.new[0]


def insert_rows(
    engine: Engine, rows_a_commit: int, into: Measured, seconds: float
) -> None:
    """Insert from one thread for so long, so many rows a transaction."""
    made, numbers = values_of(new_event(), revision=1), count()
    run = uuid4().hex
    started = time.perf_counter()
    while (passed := time.perf_counter() - started) < seconds:
        with engine.begin() as connection:
            for _ in range(rows_a_commit):
                key = f"{run} {next(numbers)}"
                connection.execute(insert(EVENT), {**made, "dedupe_key": key})
        into.done += rows_a_commit
    into.seconds += passed
