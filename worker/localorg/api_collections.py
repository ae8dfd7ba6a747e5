"""Handlers of up to 200 records at once: create, update and upsert.

A well-formed call is 200 even if every row fails; the rows say which did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import groupby
from typing import Any

from worker.localorg.backend import ApiCall, Backend
from worker.localorg.messages import Answer, Problem, Refused, json_answer
from worker.localorg.records import RecordStore
from worker.localorg.schema import Field, SObject
from worker.localorg.values import stored_value
from worker.localorg.writes import key_field, key_value, without_key

_MAX_ROWS = 200
_MAX_CHUNKS = 10

Row = dict[str, Any]
SaveRow = Callable[[Row], Row]


class _RolledBack(Exception):
    """Leaves a transaction whose rows all have to go."""


def create_many(backend: Backend, call: ApiCall) -> Answer:
    """`POST composite/sobjects`: new records, of one type or of several."""
    rows, all_or_none = _rows(call)
    _check_chunks(rows)

    def save(row: Row) -> Row:
        sobject = _row_object(backend, row)
        record_id = backend.writer.create(sobject, row, call.plan.check_row)
        return {"id": record_id, "success": True, "errors": []}

    return json_answer(200, save_rows(backend.store, rows, save, all_or_none))


def update_many(backend: Backend, call: ApiCall) -> Answer:
    """`PATCH composite/sobjects`: changes by `id`."""
    rows, all_or_none = _rows(call)
    _check_chunks(rows)

    def save(row: Row) -> Row:
        sobject = _row_object(backend, row)
        id_field = key_field(sobject, "Id")
        given = key_value(row, id_field)
        if given is None:
            message = "Id not specified in an update call"
            raise Refused(Problem("MISSING_ARGUMENT", message, ()))
        record_id = backend.writer.living_id(sobject, given)
        rest = without_key(row, id_field)
        backend.writer.update(sobject, record_id, rest, call.plan.check_row)
        return {"id": record_id, "success": True, "errors": []}

    return json_answer(200, save_rows(backend.store, rows, save, all_or_none))


def upsert_many(backend: Backend, call: ApiCall) -> Answer:
    """`PATCH composite/sobjects/<Object>/<Field>`: create or update by external id.

    Rows with the same external id all fail, and none of them is written.
    """
    sobject = backend.sobject(call.parts["object"])
    key = key_field(sobject, call.parts["field"])
    rows, all_or_none = _rows(call)
    seen = Counter(folded_key(row, key) for row in rows)

    def save(row: Row) -> Row:
        _check_upsert_row(backend, sobject, key, row)
        folded = folded_key(row, key)
        if folded is not None and seen[folded] > 1:
            message = f"Duplicate external id specified: {key_value(row, key)}"
            raise Refused(Problem("DUPLICATE_EXTERNAL_ID", message, (key.name,)))
        record_id, created = backend.writer.upsert(
            sobject, key, row, call.plan.check_row
        )
        return {"id": record_id, "success": True, "errors": [], "created": created}

    return json_answer(200, save_rows(backend.store, rows, save, all_or_none))


def save_rows(
    store: RecordStore, rows: list[Any], save: SaveRow, all_or_none: bool
) -> list[Row]:
    """Save rows in one transaction and give their results in the same order."""
    results: list[Row] = []
    try:
        with store.transaction():
            results.extend(_save_row(row, save) for row in rows)
            if all_or_none and not all(result["success"] for result in results):
                raise _RolledBack
    except _RolledBack:
        return [_rolled_back(result) for result in results]
    return results


def _save_row(row: Any, save: SaveRow) -> Row:
    try:
        return save(row)
    except Refused as refused:
        return _failed(*refused.problems)


def _failed(*problems: Problem) -> Row:
    errors = [problem.as_row_error() for problem in problems]
    return {"success": False, "errors": errors}


def _rolled_back(result: Row) -> Row:
    if not result["success"]:
        return result
    message = (
        "Record rolled back because not all records were valid and the request was "
        "using AllOrNone header"
    )
    return _failed(Problem("ALL_OR_NONE_OPERATION_ROLLED_BACK", message, ()))


def _rows(call: ApiCall) -> tuple[list[Any], bool]:
    body = call.request.json_object()
    rows = body.get("records")
    all_or_none = body.get("allOrNone", False)
    if not isinstance(rows, list) or not isinstance(all_or_none, bool):
        message = "The request needs 'records' (a list); 'allOrNone' is true or false."
        raise Refused(Problem("JSON_PARSER_ERROR", message))
    if len(rows) > _MAX_ROWS:
        message = f"cannot submit more than {_MAX_ROWS} records into this call"
        raise Refused(Problem("EXCEEDED_ID_LIMIT", f"record limit reached. {message}"))
    return rows, all_or_none


def _check_chunks(rows: list[Any]) -> None:
    chunks = sum(1 for _ in groupby(rows, key=_row_type))
    if chunks > _MAX_CHUNKS:
        message = f"Cannot have more than {_MAX_CHUNKS} chunks in a single operation."
        hint = "Please rearrange the data to reduce chunking."
        raise Refused(Problem("LIMIT_EXCEEDED", f"{message} {hint}"))


def _row_type(row: Any) -> str | None:
    attributes = row.get("attributes") if isinstance(row, dict) else None
    named = attributes.get("type") if isinstance(attributes, dict) else None
    return named if isinstance(named, str) else None


def _row_object(backend: Backend, row: Any) -> SObject:
    name = _row_type(row)
    if name is None:
        message = "must have an attributes field before any other fields."
        text = f"Nested object for polymorphic foreign key {message}"
        raise Refused(Problem("JSON_PARSER_ERROR", text))
    sobject = backend.schema.find(name)
    if sobject is None:
        message = f"sObject type '{name}' is not supported."
        raise Refused(Problem("INVALID_TYPE", message))
    return sobject


def _check_upsert_row(backend: Backend, sobject: SObject, key: Field, row: Any) -> None:
    if _row_object(backend, row) is not sobject:
        message = f"The records of this call have to be of type {sobject.name}."
        raise Refused(Problem("INVALID_TYPE", message))
    if key.type != "id" and any(name.lower() == "id" for name in row):
        message = "The Id field should not be specified in the sobject data."
        raise Refused(Problem("INVALID_FIELD", message, ("Id",)))


def folded_key(row: Any, key: Field) -> Any:
    """The key as it is compared; None if the row has none that can be read."""
    if not isinstance(row, dict):
        return None
    try:
        stored = stored_value(key, key_value(row, key))
    except Refused:
        return None
    is_folded = isinstance(stored, str) and not key.case_sensitive
    return stored.lower() if is_folded and key.type != "id" else stored
