"""Keeping a lease while a request takes its time. Floor 3.

A lease is short, so that a dead drainer's lane is soon another's; a request to
Salesforce may take longer than that. A thread renews the lease meanwhile. It stops with
its process, also where that is only halted, and then the lease runs out.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from worker.errors import StoreUnavailable
from worker.store.lanes import Lanes, Lease, LeaseLost

log = logging.getLogger(__name__)


@contextmanager
def heartbeat(
    lanes: Lanes, lease: Lease, clock: Callable[[], datetime], lease_seconds: float
) -> Iterator[None]:
    """Renew the lease three times in its length, until the block ends."""
    finished = threading.Event()

    def beat() -> None:
        while not finished.wait(lease_seconds / 3):
            try:
                lanes.renew(lease, clock(), lease_seconds)
            except LeaseLost:
                return  # The drainer finds out before its next request.
            except StoreUnavailable as error:
                log.warning(
                    "the lease of lane %d was not renewed: %s", lease.lane, error
                )

    thread = threading.Thread(target=beat, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
