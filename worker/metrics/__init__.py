"""What Prometheus is told, made anew at each scrape. Floor 3.

Every figure comes out of the database and of the board that all workers share, so that
it does not matter which web process is asked. Salesforce is asked nothing. What cannot
be read is left out, and `crm_sync_database_up` and `crm_sync_broker_up` say so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from worker import broker
from worker.crm import breaker, usage
from worker.crm.notes import Board
from worker.crm.usage import Budget
from worker.errors import BrokerUnavailable, StoreUnavailable
from worker.metrics.families import one
from worker.metrics.of_board import of_salesforce, of_sweeps
from worker.metrics.of_events import of_tally
from worker.store.tallies import Tally

NOTES = (breaker.NOTE, usage.NOTE, broker.SWEPT)

log = logging.getLogger(__name__)


class Metrics(Collector):
    """The figures. `notes` gives a board as all workers have it at the moment.

    `tally` may raise `StoreUnavailable`, `notes` `BrokerUnavailable`. Where nothing
    is shared there is no board, but the broker is there.
    """

    def __init__(
        self,
        tally: Callable[[datetime], Tally],
        notes: Callable[[Sequence[str]], Board | None],
        budget: Budget,
        clock: Callable[[], datetime],
    ) -> None:
        self._tally = tally
        self._notes = notes
        self._budget = budget
        self._clock = clock
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        """Return the figures of this moment in Prometheus' text format."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Return nothing: to be registered costs no look at the figures."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Give the figures of this moment."""
        now = self._clock()
        yield from self._of_database(now)
        yield from self._of_board(now.timestamp())

    def _of_database(self, now: datetime) -> Iterator[Metric]:
        try:
            tally = self._tally(now)
        except StoreUnavailable as error:
            log.warning("metrics without those of the database: %s", error)
            yield _up("database", False)
            return
        yield _up("database", True)
        yield from of_tally(tally, now)

    def _of_board(self, now: float) -> Iterator[Metric]:
        try:
            board = self._notes(NOTES)
        except BrokerUnavailable as error:
            log.warning("metrics without those of the workers: %s", error)
            yield _up("broker", False)
            return
        yield _up("broker", True)
        if board is None:
            return
        yield from of_sweeps(board, now)
        yield from of_salesforce(board, self._budget, now)


def _up(name: str, is_up: bool) -> Metric:
    return one(f"{name}_up", f"Whether the {name} has answered this scrape.", is_up)
