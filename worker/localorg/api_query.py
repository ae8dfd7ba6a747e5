"""Handlers that only read: query, limits, the list of objects, describe."""

from __future__ import annotations

from typing import Any

from worker.localorg.backend import ApiCall, Backend
from worker.localorg.cursors import PAGE_SIZE
from worker.localorg.messages import Answer, Problem, Refused, json_answer
from worker.localorg.query import run_soql
from worker.localorg.schema import SObject


def query(backend: Backend, call: ApiCall) -> Answer:
    """`GET query?q=`: the first page."""
    text = call.request.query.get("q", "")
    result = run_soql(backend.schema, backend.store, text, version=call.version)
    if len(result.records) <= PAGE_SIZE:
        page = {"totalSize": result.total, "done": True, "records": result.records}
        return json_answer(200, page)
    name = backend.cursors.keep(result.records)
    return _page(call, name, result.records, 0)


def query_more(backend: Backend, call: ApiCall) -> Answer:
    """`GET query/<locator>`: a later page."""
    name, _, position = call.parts["locator"].partition("-")
    records = backend.cursors.find(name)
    if records is None or not position.isdecimal() or int(position) >= len(records):
        raise Refused(Problem("INVALID_QUERY_LOCATOR", "invalid query locator"))
    return _page(call, name, records, int(position))


def limits(backend: Backend, _call: ApiCall) -> Answer:
    """`GET limits`: the request allowance of a day."""
    used, most = backend.stats.allowance()
    allowance = {"Max": most, "Remaining": max(0, most - used)}
    return json_answer(200, {"DailyApiRequests": allowance})


def list_objects(backend: Backend, call: ApiCall) -> Answer:
    """`GET sobjects`: every object, without its fields."""
    entries = [_summary(sobject, call.version) for sobject in backend.schema]
    body = {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": entries}
    return json_answer(200, body)


def describe(backend: Backend, call: ApiCall) -> Answer:
    """`GET sobjects/<Object>/describe`: an object with all its fields."""
    sobject = backend.sobject(call.parts["object"])
    fields = {"fields": sobject.described["fields"]}
    return json_answer(200, _summary(sobject, call.version) | fields)


def _summary(sobject: SObject, version: str) -> dict[str, Any]:
    base = f"/services/data/v{version}/sobjects/{sobject.name}"
    urls = {
        "sobject": base,
        "describe": f"{base}/describe",
        "rowTemplate": f"{base}/{{ID}}",
    }
    entry = {
        name: value for name, value in sobject.described.items() if name != "fields"
    }
    return entry | {"urls": urls}


def _page(
    call: ApiCall, name: str, records: list[dict[str, Any]], start: int
) -> Answer:
    end = start + PAGE_SIZE
    page: dict[str, Any] = {"totalSize": len(records), "done": end >= len(records)}
    if end < len(records):
        path = f"/services/data/v{call.version}/query/{name}-{end}"
        page["nextRecordsUrl"] = path
    return json_answer(200, page | {"records": records[start:end]})
