"""The faults that can be switched on: one table, `FAULT_KINDS`.

A kind acts at one of three moments: before a request is looked at, at each row that it
writes, or after it is done and committed. Texts are those of real orgs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from worker.localorg.duplicates import ACTIONS, duplicate_problem
from worker.localorg.messages import (
    HTML_TYPE,
    Answer,
    ConnectionDropped,
    Problem,
    Refused,
    json_answer,
    refusal_answer,
)

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a fault can see and do before a request is looked at."""

    expire_tokens: Callable[[], None]
    wait: Callable[[float], None]
    record_count: Callable[[], int]
    rows: Callable[[], list[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class RowAttempt:
    """A row about to be written; `record_id` None means a create.

    The fault plan fills the rest in: what the request's header allows, and, from 1, how
    many rows the fault has been asked about, all rows of the request, and those of
    requests that came before it and are not answered.
    """

    object_name: str
    row: Mapping[str, Any]
    record_id: str | None
    may_save_duplicates: bool = False
    number: int = 0
    request_rows: list[Mapping[str, Any]] = field(default_factory=list)
    held_rows: Callable[[], list[Mapping[str, Any]]] = list


@dataclass(frozen=True, slots=True)
class FaultKind:
    """What one kind does; `options` names its settings and their types.

    `times` is how often it acts if the fault does not say; None is until cleared.
    `words` are what an option may say, where that is not anything.
    """

    options: Mapping[str, type | tuple[type, ...]] = field(default_factory=dict)
    before: Callable[[Options, Arrival], Answer | None] | None = None
    row: Callable[[Options, RowAttempt], Problem | None] | None = None
    after: Callable[[Answer], Answer] | None = None
    times: int | None = None
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _wait(options: Options, arrival: Arrival) -> None:
    seconds = float(options.get("seconds", 0))
    per_record_seconds = float(options.get("per_record_seconds", 0))
    if per_record_seconds:
        seconds += per_record_seconds * arrival.record_count()
    arrival.wait(seconds)


def _expire_tokens(_options: Options, arrival: Arrival) -> None:
    arrival.expire_tokens()


def _refuse(
    status: int, code: str, message: str
) -> Callable[[Options, Arrival], Answer]:
    answer = refusal_answer(Refused(Problem(code, message), status=status))
    return lambda _options, _arrival: answer


def _unavailable(_options: Options, _arrival: Arrival) -> Answer:
    page = (
        "<!DOCTYPE html><html><head><title>Service Unavailable</title></head>"
        "<body><h1>503 Service Unavailable</h1>"
        "<p>We are down for maintenance.</p></body></html>"
    )
    return Answer(503, page.encode(), HTML_TYPE)


def _drop(*_context: object) -> NoReturn:
    raise ConnectionDropped


def _any_answer(options: Options, _arrival: Arrival) -> Answer:
    status = int(options.get("status", 200))
    if "page" in options:
        return Answer(status, str(options["page"]).encode(), HTML_TYPE)
    return json_answer(status, options.get("body"))


def _cut(answer: Answer) -> Answer:
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def _shorten(answer: Answer) -> Answer:
    """Leave the last of a list's items out; other answers stay as they are."""
    payload = json.loads(answer.body) if answer.body else None
    if not isinstance(payload, list):
        return answer
    shorter = json_answer(answer.status, payload[:-1])
    return replace(shorter, headers=answer.headers)


def _lock_row(options: Options, attempt: RowAttempt) -> Problem | None:
    every = options.get("every")
    keys = options.get("keys")
    if every and attempt.number % every:
        return None
    if keys is not None and not _texts(attempt.row) & {str(key) for key in keys}:
        return None
    held = attempt.record_id or "(new)"
    message = "unable to obtain exclusive access to this record or 1 records:"
    return Problem("UNABLE_TO_LOCK_ROW", f"{message} {held}", ())


def _row_error(options: Options, attempt: RowAttempt) -> Problem | None:
    row = {name.lower(): value for name, value in attempt.row.items()}
    name = options.get("field")
    if name is not None and row.get(name.lower()) != options.get("value"):
        return None
    code = options.get("statusCode", "UNKNOWN_EXCEPTION")
    message = options.get("message", "An unexpected error occurred.")
    return Problem(code, message, tuple(options.get("fields", ())))


def _duplicate(options: Options, attempt: RowAttempt) -> Problem | None:
    return duplicate_problem(
        attempt.object_name,
        ids=options.get("ids", []),
        member=str(options.get("member", "duplicateResut")),
        action=str(options.get("action", ACTIONS[0])),
        is_allowed=attempt.may_save_duplicates,
    )


def _texts(row: Mapping[str, Any]) -> set[str]:
    """Every value of a row as text, those of nested parents too."""
    texts: set[str] = set()
    for name, value in row.items():
        if isinstance(value, dict) and name != "attributes":
            texts |= _texts(value)
        elif isinstance(value, str | int | float):
            texts.add(str(value))
    return texts


_NUMBER = (int, float)

FAULT_KINDS: Mapping[str, FaultKind] = {
    "latency": FaultKind(
        {"seconds": _NUMBER, "per_record_seconds": _NUMBER}, before=_wait
    ),
    # Expires the tokens of the moment, so once is enough until it is asked for again.
    "session_expired": FaultKind(before=_expire_tokens, times=1),
    "session_not_valid": FaultKind(
        before=_refuse(
            401,
            "INVALID_SESSION_ID",
            "This session is not valid for use with the REST API",
        )
    ),
    "session_not_attached": FaultKind(
        before=_refuse(
            401, "INVALID_SESSION_ID", "Connected app is not attached to Agent"
        )
    ),
    # Of the token endpoint: name its path.
    "login_rate_exceeded": FaultKind(
        before=_refuse(403, "LOGIN_RATE_EXCEEDED", "Login Rate Exceeded")
    ),
    "total_requests": FaultKind(
        before=_refuse(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    ),
    "concurrent_requests": FaultKind(
        before=_refuse(
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
        )
    ),
    "unavailable": FaultKind(before=_unavailable),
    "drop_before": FaultKind(before=_drop),
    "row_lock": FaultKind({"object": str, "keys": list, "every": int}, row=_lock_row),
    "row_error": FaultKind(
        {
            "object": str,
            "field": str,
            "value": object,
            "statusCode": str,
            "message": str,
            "fields": list,
        },
        row=_row_error,
    ),
    "duplicates": FaultKind(
        {"object": str, "ids": list, "member": str, "action": str},
        row=_duplicate,
        words={"action": ACTIONS},
    ),
    # Any answer at all, in place of the request's own: a JSON body or a page of HTML.
    "answer": FaultKind(
        {"status": int, "body": object, "page": str}, before=_any_answer
    ),
    "answer_cut": FaultKind(after=_cut),
    "answer_short": FaultKind(after=_shorten),
    "drop_after_commit": FaultKind(after=_drop),
}
