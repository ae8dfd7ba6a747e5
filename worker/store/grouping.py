"""Events stored by one thread for all requests of a process. Floor 2.

A commit waits for the disk, and what waits meanwhile goes into the next one. SQLite has
one writer at a time and lets the others poll; within a process nobody polls here.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Condition, Thread

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from worker.errors import StoreUnavailable
from worker.store.engine import writing
from worker.store.events import Events, NewEvent, Stored, add_all

MOST_A_COMMIT = 100
# After a commit of several it waits so long for as many again: they come at once.
GATHER_SECONDS = 0.002

log = logging.getLogger(__name__)


class _Waiting:
    """A request's event, and what it will be told."""

    __slots__ = ("new", "told")

    def __init__(self, new: NewEvent) -> None:
        self.new = new
        self.told: Future[Stored] = Future()


class GroupedEvents(Events):
    """Events of which those that come at once share a commit.

    Nobody is told before the commit that has the own event in it. The thread starts
    with the first event, so that a process may fork before.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._changed = Condition()
        self._waiting: deque[_Waiting] = deque()
        self._thread: Thread | None = None
        self._is_closed = False

    def add(self, new: NewEvent) -> Stored:
        """Store an event and commit, as `Events` does, together with others."""
        mine = _Waiting(new)
        with self._changed:
            if self._is_closed:
                raise StoreUnavailable("it is closed")
            self._waiting.append(mine)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="events", daemon=True)
                self._thread.start()
            self._changed.notify()
        return mine.told.result()

    def close(self) -> None:
        """Store what waits, and end the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        last = 0
        while group := self._next_group(last):
            last = len(group)
            try:
                stored = self._commit(group)
            except BaseException as error:  # noqa: BLE001  (theirs to raise, not ours)
                for waiting in group:
                    waiting.told.set_exception(error)
                continue
            for waiting, outcome in zip(group, stored, strict=True):
                if isinstance(outcome, Stored):
                    waiting.told.set_result(outcome)
                else:
                    waiting.told.set_exception(outcome)

    def _next_group(self, last: int) -> Sequence[_Waiting]:
        """Return what waits, each key once; nothing once it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if last > 1:
                self._changed.wait_for(
                    lambda: len(self._waiting) >= last or self._is_closed,
                    GATHER_SECONDS,
                )
            group: dict[tuple[str, str], _Waiting] = {}
            later: deque[_Waiting] = deque()
            while self._waiting and len(group) < MOST_A_COMMIT:
                waiting = self._waiting.popleft()
                if waiting.new.key in group:
                    later.append(waiting)
                else:
                    group[waiting.new.key] = waiting
            self._waiting.extendleft(reversed(later))
            return list(group.values())

    def _commit(self, group: Sequence[_Waiting]) -> list[Stored | Exception]:
        """Store a group in one transaction; if one of it cannot be, each in its own.

        Where nothing can be stored just now, all of it are told so.
        """
        news = [waiting.new for waiting in group]
        try:
            with writing(self._engine) as connection:
                where = add_all(connection, news)
            return [where[new.key] for new in news]
        except Exception as error:
            if _is_of_the_database(error):
                raise
        return [self._alone(new) for new in news]

    def _alone(self, new: NewEvent) -> Stored | Exception:
        try:
            return super().add(new)
        except Exception as error:  # noqa: BLE001  (raised by who waits for it)
            return error


def _is_of_the_database(error: Exception) -> bool:
    """Say whether it is no row's fault: the disk is full, another holds the lock."""
    cause = error.__cause__
    is_locked_up = getattr(getattr(cause, "orig", None), "sqlstate", "") == "40P01"
    return isinstance(cause, OperationalError) and not is_locked_up
