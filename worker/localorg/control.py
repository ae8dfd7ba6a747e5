"""`/_local/`: faults, counters, limits and seeds, for tests and demos by HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from worker.localorg.api_collections import save_rows
from worker.localorg.backend import Backend
from worker.localorg.faults import FaultPlan
from worker.localorg.messages import (
    Answer,
    Refused,
    Request,
    json_answer,
    refusal_answer,
)
from worker.localorg.schema import SObject

_RECORDS_PATH = "/_local/records/"


def control_answer(backend: Backend, request: Request) -> Answer:
    """The answer to a request below `/_local/`."""
    try:
        if request.method == "POST" and request.path.startswith(_RECORDS_PATH):
            return _seed(backend, request)
        handle = _HANDLERS.get((request.method, request.path))
        if handle is None:
            return json_answer(404, {"error": "no such control path"})
        return handle(backend, request)
    except Refused as refused:
        return refusal_answer(refused)


def seed_records(
    backend: Backend, sobject: SObject, rows: list[Any]
) -> list[dict[str, Any]]:
    """Create all rows or none, without faults; the results in the same order."""
    no_faults = FaultPlan(backend.faults, [], may_save_duplicates=False)

    def save(row: Any) -> dict[str, Any]:
        record_id = backend.writer.create(sobject, row, no_faults.check_row)
        return {"id": record_id, "success": True, "errors": []}

    return save_rows(backend.store, rows, save, all_or_none=True)


def _get_faults(backend: Backend, _request: Request) -> Answer:
    return json_answer(200, backend.faults.active())


def _put_faults(backend: Backend, request: Request) -> Answer:
    faults = request.json()
    if not isinstance(faults, list) or not all(isinstance(f, dict) for f in faults):
        return json_answer(400, {"error": "a list of faults is needed"})
    try:
        backend.faults.replace(faults)
    except ValueError as error:
        return json_answer(400, {"error": str(error)})
    return _get_faults(backend, request)


def _put_jobs(backend: Backend, request: Request) -> Answer:
    try:
        backend.jobs.configure(**request.json_object())
    except (TypeError, ValueError) as error:
        return json_answer(400, {"error": str(error)})
    jobs = backend.jobs
    return json_answer(200, {"looks": jobs.looks, "fails_after": jobs.fails_after})


def _get_stats(backend: Backend, _request: Request) -> Answer:
    return json_answer(200, backend.stats.snapshot())


def _reset_stats(backend: Backend, request: Request) -> Answer:
    backend.stats.reset()
    return _get_stats(backend, request)


def _put_limits(backend: Backend, request: Request) -> Answer:
    """Take `{"max": n, "used_by_others": n}`, the day's allowance of API requests."""
    limits = request.json_object()
    numbers = {
        "max": limits.pop("max", None),
        "used_by_others": limits.pop("used_by_others", 0),
    }
    if limits or not all(type(n) is int and n >= 0 for n in numbers.values()):
        return json_answer(400, {"error": "max and used_by_others are whole numbers"})
    backend.stats.limit(numbers["max"], numbers["used_by_others"])
    return json_answer(200, numbers)


def _seed(backend: Backend, request: Request) -> Answer:
    sobject = backend.sobject(request.path.removeprefix(_RECORDS_PATH))
    rows = request.json()
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return json_answer(400, {"error": "a list of records is needed"})
    results = seed_records(backend, sobject, rows)
    is_saved = all(result["success"] for result in results)
    return json_answer(200 if is_saved else 400, results)


_HANDLERS: dict[tuple[str, str], Callable[[Backend, Request], Answer]] = {
    ("GET", "/_local/faults"): _get_faults,
    ("PUT", "/_local/faults"): _put_faults,
    ("PUT", "/_local/jobs"): _put_jobs,
    ("GET", "/_local/stats"): _get_stats,
    ("POST", "/_local/reset-stats"): _reset_stats,
    ("PUT", "/_local/limits"): _put_limits,
}
