"""A request as the faults see it, before it is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.localorg.api_composite import inner_rows
from worker.localorg.backend import Backend
from worker.localorg.fault_kinds import Arrival
from worker.localorg.messages import Refused, Request


def may_save_duplicates(request: Request) -> bool:
    """Whether the request's header lets what a rule only alerts to be saved."""
    wished = request.headers.get("Sforce-Duplicate-Rule-Header", "").lower()
    return "allowsave=true" in wished.replace(" ", "")


def arrival_of(backend: Backend, request: Request) -> Arrival:
    """The request as faults see it."""
    return Arrival(
        expire_tokens=backend.tokens.expire_all,
        wait=backend.faults.wait,
        record_count=lambda: _record_count(request),
        rows=lambda: _rows(request),
    )


def _record_count(request: Request) -> int:
    return len(_records(request))


def _rows(request: Request) -> list[Mapping[str, Any]]:
    return [row for row in _records(request) if isinstance(row, dict)]


def _records(request: Request) -> list[Any]:
    if not request.body:
        return []
    if request.path.rstrip("/").endswith("/composite"):
        return inner_rows(request)
    try:
        rows = request.json_object().get("records", [None])
    except Refused:
        return []
    return rows if isinstance(rows, list) else []
