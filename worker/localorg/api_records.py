"""Handlers of one record: by id and by external id."""

from __future__ import annotations

from typing import Any

from worker.localorg.backend import ApiCall, Backend
from worker.localorg.ids import normalise_id
from worker.localorg.messages import Answer, Problem, Refused, json_answer, not_found
from worker.localorg.query import attributes, record_path
from worker.localorg.schema import Field, SObject
from worker.localorg.validation import unknown_column
from worker.localorg.values import stored_value
from worker.localorg.writes import key_field


def create(backend: Backend, call: ApiCall) -> Answer:
    """`POST sobjects/<Object>`: 201 with the id."""
    sobject = backend.sobject(call.parts["object"])
    row = call.request.json_object()
    with backend.store.transaction():
        record_id = backend.writer.create(sobject, row, call.plan.check_row)
    return _created(call, sobject, record_id)


def get_by_id(backend: Backend, call: ApiCall) -> Answer:
    """`GET sobjects/<Object>/<Id>`: the record, or only the `fields` asked for."""
    sobject = backend.sobject(call.parts["object"])
    return _record_answer(backend, call, sobject, _path_id(backend, call, sobject))


def update_by_id(backend: Backend, call: ApiCall) -> Answer:
    """`PATCH sobjects/<Object>/<Id>`: 204."""
    sobject = backend.sobject(call.parts["object"])
    row = call.request.json_object()
    with backend.store.transaction():
        record_id = _path_id(backend, call, sobject)
        backend.writer.update(sobject, record_id, row, call.plan.check_row)
    return Answer(204)


def delete_by_id(backend: Backend, call: ApiCall) -> Answer:
    """`DELETE sobjects/<Object>/<Id>`: 204."""
    sobject = backend.sobject(call.parts["object"])
    with backend.store.transaction():
        backend.writer.delete(sobject, _path_id(backend, call, sobject))
    return Answer(204)


def get_by_key(backend: Backend, call: ApiCall) -> Answer:
    """`GET sobjects/<Object>/<Field>/<value>`: the record, 300 or 404."""
    sobject = backend.sobject(call.parts["object"])
    key = key_field(sobject, call.parts["field"])
    matches = _matches(backend, sobject, key, call.parts["value"])
    if len(matches) > 1:
        return _several(call, sobject, matches)
    if not matches:
        raise not_found()
    return _record_answer(backend, call, sobject, matches[0])


def upsert_by_key(backend: Backend, call: ApiCall) -> Answer:
    """`PATCH sobjects/<Object>/<Field>/<value>`: 201 created, 200 updated, or 300.

    With `?updateOnly=true` a value without a record is 404.
    """
    sobject = backend.sobject(call.parts["object"])
    key = key_field(sobject, call.parts["field"])
    row = call.request.json_object()
    for name in {key.name, "Id"}:
        if any(given.lower() == name.lower() for given in row):
            message = f"The {name} field should not be specified in the sobject data."
            raise Refused(Problem("INVALID_FIELD", message))
    value = call.parts["value"]
    update_only = call.request.query.get("updateOnly", "").lower() == "true"
    with backend.store.transaction():
        matches = _matches(backend, sobject, key, value)
        if len(matches) > 1:
            return _several(call, sobject, matches)
        if update_only and not matches:
            raise not_found()
        record_id, created = backend.writer.upsert(
            sobject, key, row | {key.name: value}, call.plan.check_row
        )
    return _created(call, sobject, record_id, created=created)


def _matches(backend: Backend, sobject: SObject, key: Field, value: str) -> list[str]:
    stored = stored_value(key, value)
    return backend.store.ids_with(sobject, key, stored)


def _path_id(backend: Backend, call: ApiCall, sobject: SObject) -> str:
    given = call.parts["id"]
    record_id = normalise_id(given)
    if record_id is None or record_id[:3] != sobject.key_prefix:
        message = "Provided external ID field does not exist or is not accessible:"
        raise not_found(f"{message} {given}")
    is_deleted = backend.store.is_deleted(sobject, record_id)
    if is_deleted is None:
        raise not_found()
    if is_deleted:
        raise Refused(Problem("ENTITY_IS_DELETED", "entity is deleted", ()), status=404)
    return record_id


def _record_answer(
    backend: Backend, call: ApiCall, sobject: SObject, record_id: str
) -> Answer:
    record = backend.store.record(sobject, record_id) or {}
    wanted = call.request.query.get("fields")
    if wanted is not None:
        record = {"Id": record_id} | _only(sobject, record, wanted)
    head = {"attributes": attributes(sobject.name, record_id, call.version)}
    return json_answer(200, head | record)


def _only(sobject: SObject, record: dict[str, Any], wanted: str) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for name in wanted.split(","):
        field = sobject.field(name.strip())
        if field is None:
            raise Refused(unknown_column(name, sobject))
        chosen[field.name] = record[field.name]
    return chosen


def _several(call: ApiCall, sobject: SObject, record_ids: list[str]) -> Answer:
    paths = [record_path(sobject.name, each, call.version) for each in record_ids]
    return json_answer(300, paths)


def _created(
    call: ApiCall, sobject: SObject, record_id: str, *, created: bool | None = None
) -> Answer:
    """201 with Location, or 200 for an upsert that updated."""
    body: dict[str, Any] = {"id": record_id, "success": True, "errors": []}
    if created is not None:
        body["created"] = created
    if created is False:
        return json_answer(200, body)
    path = record_path(sobject.name, record_id, call.version)
    return json_answer(201, body, Location=path)
