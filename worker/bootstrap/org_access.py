"""The org of the settings, by a client or by what all workers share. Floor 4.

Apart from the rest, so that web, beat and most commands never read the library.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

from worker.crm import shared_tokens
from worker.crm.guarded_org import GuardedOrg
from worker.crm.notes import Board
from worker.crm.salesforce import SalesforceCrm
from worker.crm.session import OnHeaders, Session, ignore_headers
from worker.crm.shared_tokens import SharedTokens
from worker.crm.usage import Budget
from worker.redis_clients import open_redis
from worker.settings import Settings


@contextmanager
def open_client(read: Settings) -> Iterator[SalesforceCrm]:
    """Give a client of the org."""
    with closing(_session(read)) as session:
        yield SalesforceCrm(session)


def guarded_org(read: Settings, board: Board) -> GuardedOrg:
    """Return the org with its guard, which knows what is noted on the board."""
    budget = Budget(read.api_budget_percent, read.api_pause_percent)
    open_session = partial(_session, read)
    return GuardedOrg(open_session, budget, board, time.time, random.random)


def _session(read: Settings, on_headers: OnHeaders = ignore_headers) -> Session:
    """Return a session; with a key for it, its token is every process's."""
    if read.salesforce is None:
        raise AssertionError("settings without the org that they need")
    return Session(read.salesforce, _tokens(read), on_headers=on_headers)


def _tokens(read: Settings) -> SharedTokens | None:
    """Return the token of all processes; None where each logs in for itself."""
    if not read.token_key or read.redis is None or read.salesforce is None:
        return None
    seconds, retries = shared_tokens.REDIS_TIMEOUT_SECONDS, shared_tokens.REDIS_RETRIES
    client = open_redis(read.redis, seconds, retries)
    return SharedTokens(client, read.token_key, read.salesforce)
