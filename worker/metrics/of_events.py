"""The figures of the database: events and refused deliveries. Floor 3."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from prometheus_client.core import Metric

from worker.metrics.families import Labels, counter, gauge
from worker.model import State
from worker.store.tallies import Parked, RefusedDeliveries, Tally, Waiting

# Of one figure, the label values that count most: each is a series of its own.
MOST_LABELS = 50
LONGEST_LABEL = 80
NONE = Waiting()


def of_tally(tally: Tally, now: datetime) -> Iterator[Metric]:
    """Give the figures of the database."""
    counts = {state.value: 0 for state in State} | dict(tally.by_state)
    yield gauge(
        "events",
        "Events by state.",
        [({"state": state}, count) for state, count in counts.items()],
    )
    yield from _of_waiting(tally.waiting, now)
    yield _of_parked(tally.parked)
    yield _of_unconfirmed(tally, now)
    yield _of_refused(tally.refused)


def _of_waiting(waiting: Mapping[bool, Waiting], now: datetime) -> Iterator[Metric]:
    labelled = [(_urgent(key), waiting.get(key, NONE)) for key in (False, True)]
    yield gauge(
        "pending_events",
        "Events that are still to be delivered.",
        [(labels, each.events) for labels, each in labelled],
    )
    yield gauge(
        "pending_due_events",
        "Pending events that need not wait for a next attempt.",
        [(labels, each.due) for labels, each in labelled],
    )
    yield gauge(
        "pending_oldest_seconds",
        "Seconds since the oldest pending event was received; 0 without one.",
        [(labels, _age(each.oldest_at, now)) for labels, each in labelled],
    )
    yield gauge(
        "pending_due_oldest_seconds",
        "Seconds since the oldest due event was received; 0 without one.",
        [(labels, _age(each.oldest_due_at, now)) for labels, each in labelled],
    )


def _of_parked(parked: Sequence[Parked]) -> Metric:
    counts: Counter[tuple[str, bool]] = Counter()
    for each in parked:
        counts[_label(each.reason), each.urgent] += each.events
    return gauge(
        "parked_events",
        "Events that wait for a person, by reason; the most frequent ones.",
        [
            ({"reason": reason, **_urgent(urgent)}, count)
            for (reason, urgent), count in counts.most_common(MOST_LABELS)
        ],
    )


def _of_unconfirmed(tally: Tally, now: datetime) -> Metric:
    parked_at = [each.oldest_at for each in tally.parked if each.urgent]
    oldest = {
        State.PENDING: tally.waiting.get(True, NONE).oldest_unconfirmed_at,
        State.PARKED: min(parked_at, default=None),
    }
    return gauge(
        "urgent_unconfirmed_oldest_seconds",
        "Seconds since the oldest urgent event was received that Salesforce has not"
        " confirmed as a whole; 0 without one.",
        [({"state": state.value}, _age(at, now)) for state, at in oldest.items()],
    )


def _of_refused(refused: Sequence[RefusedDeliveries]) -> Metric:
    counts: Counter[tuple[str, str]] = Counter()
    for each in refused:
        counts[_label(each.connection), _label(each.reason)] += each.times
    return counter(
        "deliveries_refused",
        "Deliveries that were refused and not stored.",
        [
            ({"connection": connection, "reason": reason}, count)
            for (connection, reason), count in counts.most_common(MOST_LABELS)
        ],
    )


def _urgent(urgent: bool) -> Labels:
    return {"urgent": "true" if urgent else "false"}


def _label(text: str | None) -> str:
    return (text or "?")[:LONGEST_LABEL]


def _age(at: datetime | None, now: datetime) -> float:
    return max(0.0, (now - at).total_seconds()) if at else 0.0
