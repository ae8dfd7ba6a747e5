"""How long an event waits for its next attempt, by what is in its way. Floor 3."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class RetryClass:
    """A kind of obstacle: the wait doubles from the first to the longest.

    `reasons` are those of a pending event; `*` is any text.
    """

    what: str
    reasons: tuple[str, ...]
    first_seconds: float
    longest_seconds: float
    why: str


# The first that fits counts.
CLASSES = (
    RetryClass(
        "Salesforce is away",
        ("crm_unavailable", "session_expired"),
        2,
        900,
        "all workers wait while one probes; a time that Salesforce's error table names"
        " (the daily limit, a login that is stopped) is kept to",
    ),
    RetryClass(
        "a locked row",
        ("unable_to_lock_row",),
        2,
        120,
        "a lock is held for seconds",
    ),
    RetryClass(
        "a parent that is to come",
        ("waits_for_parent", "duplicate_external_id"),
        2,
        300,
        "what it waits for is being written by another event",
    ),
    RetryClass(
        "a parent that Salesforce does not know",
        ("no_match",),
        1800,
        1800,
        "somebody has to make it; after four hours the record is parked",
    ),
    RetryClass(
        "a limit of the org's triggers and flows",
        (
            "governor_limit",
            "query_timeout",
            "request_running_too_long",
            "cannot_insert_update_activate_entity",
            "cannot_execute_flow_trigger",
            "timeout",
        ),
        15,
        1800,
        "each attempt costs the org as much as the last",
    ),
    RetryClass(
        "no room in the org",
        ("storage_limit_exceeded",),
        600,
        3600,
        "somebody has to free some, or to buy more",
    ),
    RetryClass(
        "no mapping or connection",
        ("unmapped_event", "unknown_connection"),
        10,
        600,
        "this worker is older than the door, or a file was taken out",
    ),
    RetryClass(
        "anything else",
        ("*",),
        2,
        900,
        "what Salesforce says passes by itself",
    ),
)


def class_of(reason: str | None) -> RetryClass:
    """Return what is in the way of a pending event."""
    return next(
        known
        for known in CLASSES
        if any(fnmatchcase(reason or "", own) for own in known.reasons)
    )


def backoff(reason: str | None, attempts: int, jitter: float) -> timedelta:
    """Return how long to wait after so many attempts.

    `jitter` from 0 to 1 takes up to half of it away, so that events that failed
    together do not come back together.
    """
    known = class_of(reason)
    doubled = known.first_seconds * 2.0 ** min(attempts - 1, 20)
    seconds = min(doubled, known.longest_seconds) * (1 - jitter / 2)
    return timedelta(seconds=seconds)
