"""Faults of requests with many rows: limits that all share, poison, locked parents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from worker.localorg.fault_kinds import Arrival, FaultKind, Options, RowAttempt
from worker.localorg.messages import Answer, Problem, Refused, refusal_answer

GOVERNOR_TEXT = "Too many SOQL queries: 101"

Rows = list[Mapping[str, Any]]


def _governed(options: Options, attempt: RowAttempt) -> Problem:
    reason = options.get("message", GOVERNOR_TEXT)
    name = attempt.object_name
    message = f"{name}Trigger: System.LimitException: {reason}"
    return Problem("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message, ())


def _over_max_rows(options: Options, attempt: RowAttempt) -> Problem | None:
    is_over = len(attempt.request_rows) > options.get("rows", 0)
    return _governed(options, attempt) if is_over else None


def _beside_poison(options: Options, attempt: RowAttempt) -> Problem | None:
    is_poisoned = _has_value(options, attempt.request_rows)
    return _governed(options, attempt) if is_poisoned else None


def _too_long(options: Options, arrival: Arrival) -> Answer | None:
    rows = arrival.rows()
    if not _has_value(options, rows) and len(rows) <= options.get("rows", len(rows)):
        return None
    code = options.get("errorCode", "REQUEST_RUNNING_TOO_LONG")
    message = "Your request was running for too long, and has been stopped."
    status = options.get("status", 400)
    return refusal_answer(Refused(Problem(code, message), status=status))


def _parent_held(options: Options, attempt: RowAttempt) -> Problem | None:
    held = _ids(options, attempt.held_rows())
    wanted = sorted(_ids(options, [attempt.row]) & held)
    if not wanted:
        return None
    message = "unable to obtain exclusive access to this record or 1 records:"
    return Problem("UNABLE_TO_LOCK_ROW", f"{message} {wanted[0]}", ())


def _has_value(options: Options, rows: Rows) -> bool:
    wanted = options.get("field")
    return wanted is not None and any(
        name.lower() == wanted.lower() and value == options.get("value")
        for row in rows
        for name, value in row.items()
    )


def _ids(options: Options, rows: Iterable[Mapping[str, Any]]) -> set[str]:
    """The ids of the records that writing these rows locks, as 15 letters."""
    locking = {"id", *(str(name).lower() for name in options.get("fields", ()))}
    return {
        value[:15]
        for row in rows
        for name, value in row.items()
        if name.lower() in locking and isinstance(value, str)
    }


_Types = dict[str, type | tuple[type, ...]]
_POISON: _Types = {"field": str, "value": object}
_GOVERNED: _Types = {"object": str, "message": str}

BATCH_FAULT_KINDS: Mapping[str, FaultKind] = {
    # All rows of a request with more than `rows` fail, as where a trigger queries once
    # for each of them.
    "max_rows": FaultKind({**_GOVERNED, "rows": int}, row=_over_max_rows),
    # All rows of a request fail that has one with the value.
    "poisoned": FaultKind({**_GOVERNED, **_POISON}, row=_beside_poison),
    # The request as a whole fails: with more than `rows`, or with the value in one.
    "too_long": FaultKind(
        {"rows": int, "errorCode": str, "status": int, **_POISON}, before=_too_long
    ),
    # A row fails whose parent, in one of `fields`, a request holds that came before it
    # and is still there. A record that is itself updated is held too.
    "parent_locks": FaultKind({"object": str, "fields": list}, row=_parent_held),
}
