"""An org with its guard, whose clock stands still until it is moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial

from worker.crm.bulk_jobs import Waiting
from worker.crm.guarded_org import GuardedOrg
from worker.crm.notes import Board
from worker.crm.session import Session
from worker.crm.usage import Budget
from worker.model import OrgLogin
from worker.noticeboard import OwnBoard


@contextmanager
def guarded(
    url: str,
    board: Board | None = None,
    clock_seconds: Callable[[], float] = lambda: 0.0,
    budget: Budget = Budget(),  # noqa: B008  (frozen)
    waiting: Waiting | None = None,
) -> Iterator[GuardedOrg]:
    login = OrgLogin(url, "local", "local", "67.0")
    made = GuardedOrg(
        partial(Session, login),
        budget,
        board or OwnBoard(),
        clock_seconds,
        jitter=lambda: 0.5,
        blip_wait_seconds=0.0,
        waiting=waiting,
    )
    with closing(made.session):
        yield made
