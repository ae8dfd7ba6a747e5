"""Connections belong to one process, though Celery's children are forks. Both engines.

A child of a process that has used its engine would else speak over the same socket.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable

from sqlalchemy import Engine, text

from tests.store.test_events import new_event
from worker.store.events import Events
from worker.store.grouping import GroupedEvents


def in_a_child(act: Callable[[], None]) -> int:
    """Return the exit code of a fork that does this."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        act()
    except BaseException:  # noqa: BLE001  (a fork of pytest must not go on)
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def test_a_child_has_no_connection_of_its_parents(engine: Engine) -> None:
    events = Events(engine)
    events.add(new_event())
    assert engine.pool.checkedin() > 0  # type: ignore[attr-defined]

    def add() -> None:
        assert engine.pool.checkedin() == 0  # type: ignore[attr-defined]
        assert events.add(new_event(dedupe_key="the child's")).is_new

    assert in_a_child(add) == 0
    assert events.add(new_event(dedupe_key="the parent's")).is_new
    assert events.count_by_state() == {"pending": 3}


def test_a_transaction_of_the_parents_stays_the_parents(engine: Engine) -> None:
    with engine.execution_options(read_only=True).connect() as connection:
        count = text("SELECT count(*) FROM event")
        assert connection.scalar(count) == 0
        code = in_a_child(lambda: Events(engine).add(new_event()) and None)
        assert connection.in_transaction()
        connection.scalar(count)

    assert code == 0
    assert Events(engine).count_by_state() == {"pending": 1}


def test_a_child_has_a_writer_of_its_own(engine: Engine) -> None:
    def add() -> None:
        events = GroupedEvents(engine)
        assert events.add(new_event(dedupe_key="the child's")).is_new
        events.close()

    assert in_a_child(add) == 0
    assert Events(engine).count_by_state() == {"pending": 1}
