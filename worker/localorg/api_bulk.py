"""Handlers of Bulk API 2.0 ingest: a job, its CSV, its state and its results.

Facts: the Bulk API 2.0 guide, read 2026-08. Not confirmed against a live org: the
answer to a second upload, and where in a message a job's fault is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from worker.localorg import bulk_jobs
from worker.localorg.api_collections import folded_key
from worker.localorg.backend import ApiCall, Backend
from worker.localorg.bulk_csv import (
    Cells,
    error_text,
    is_line_ending,
    read_csv,
    results_csv,
    row_of,
    unknown_columns,
)
from worker.localorg.bulk_jobs import Job
from worker.localorg.messages import Answer, Problem, Refused, json_answer
from worker.localorg.schema import Field, SObject
from worker.localorg.writes import key_field, key_value, without_key

_BATCH_ROWS = 200
_OPERATIONS = ("insert", "update", "upsert")
_DEFAULTS = {"contentType": "CSV", "lineEnding": "LF", "columnDelimiter": "COMMA"}
_Row = dict[str, Any]
_Saved = tuple[str, bool]


def create_job(backend: Backend, call: ApiCall) -> Answer:
    """`POST jobs/ingest`: a job that is open for its CSV."""
    asked = call.request.json_object()
    sobject = backend.schema.find(str(asked.get("object")))
    if sobject is None:
        raise _invalid_job(f"Unable to find object: {asked.get('object')}")
    if asked.get("operation") not in _OPERATIONS:
        raise _invalid_job("operation has to be insert, update or upsert")
    for fixed in ("contentType", "columnDelimiter"):
        if asked.get(fixed, _DEFAULTS[fixed]) != _DEFAULTS[fixed]:
            raise _invalid_job(f"{fixed} has to be {_DEFAULTS[fixed]}")
    if not is_line_ending(asked.get("lineEnding", "LF")):
        raise _invalid_job("lineEnding has to be LF or CRLF")
    name = asked.get("externalIdFieldName")
    if asked["operation"] == "upsert":
        field = sobject.field(str(name))
        if field is None or not field.key:
            raise _invalid_job(f"External ID Field is not valid: {name}")
    elif name is not None:
        raise _invalid_job("externalIdFieldName is for upsert alone")
    job = backend.jobs.add({**_DEFAULTS, **asked, "object": sobject.name})
    return json_answer(200, _shown(job, call))


def upload(backend: Backend, call: ApiCall) -> Answer:
    """`PUT jobs/ingest/<id>/batches`: the CSV of a job, once."""
    job = backend.jobs.find(call.parts["id"])
    with job.lock:
        job.expect(bulk_jobs.OPEN)
        if job.is_uploaded:
            message = f"Found multiple contents for job: <{job.id}>"
            raise Refused(Problem("INVALIDJOBSTATE", message))
        job.columns, job.rows = read_csv(call.request.body, job.asked["lineEnding"])
        job.is_uploaded = True
    return Answer(201)


def change_job(backend: Backend, call: ApiCall) -> Answer:
    """`PATCH jobs/ingest/<id>`: begin with what was uploaded, or give up."""
    job = backend.jobs.find(call.parts["id"])
    state = call.request.json_object().get("state")
    with job.lock:
        if state == bulk_jobs.UPLOADED:
            job.expect(bulk_jobs.OPEN)
        elif state == bulk_jobs.ABORTED:
            job.expect(bulk_jobs.OPEN, bulk_jobs.UPLOADED, bulk_jobs.RUNNING)
        else:
            raise _invalid_job("state has to be UploadComplete or Aborted")
        job.state = state
        return json_answer(200, _shown(job, call))


def get_job(backend: Backend, call: ApiCall) -> Answer:
    """`GET jobs/ingest/<id>`: how far it is; each look takes it further."""
    job = backend.jobs.find(call.parts["id"])
    with job.lock:
        if job.state in (bulk_jobs.UPLOADED, bulk_jobs.RUNNING):
            _move_on(backend, call, job)
        counts = {
            "numberRecordsProcessed": len(job.results),
            "numberRecordsFailed": job.failed,
            "retries": 0,
            "totalProcessingTime": 0,
        }
        error = {"errorMessage": job.error} if job.error else {}
        return json_answer(200, _shown(job, call) | counts | error)


def successful(backend: Backend, call: ApiCall) -> Answer:
    """`GET jobs/ingest/<id>/successfulResults`: the rows that were saved."""

    def cells(result: _Saved | Problem) -> Cells | None:
        if isinstance(result, Problem):
            return None
        return [result[0], "true" if result[1] else "false"]

    return _results(backend, call, ("sf__Id", "sf__Created"), cells)


def failed(backend: Backend, call: ApiCall) -> Answer:
    """`GET jobs/ingest/<id>/failedResults`: the rows that were refused, and why."""

    def cells(result: _Saved | Problem) -> Cells | None:
        return ["", error_text(result)] if isinstance(result, Problem) else None

    return _results(backend, call, ("sf__Id", "sf__Error"), cells)


def unprocessed(backend: Backend, call: ApiCall) -> Answer:
    """`GET jobs/ingest/<id>/unprocessedrecords`: the rows never reached."""
    job = backend.jobs.find(call.parts["id"])
    with job.lock:
        job.expect(*bulk_jobs.ENDED)
        rest = job.rows[len(job.results) :]
        return results_csv(job.columns, rest, job.asked["lineEnding"])


def _results(
    backend: Backend,
    call: ApiCall,
    added: tuple[str, str],
    cells: Callable[[_Saved | Problem], Cells | None],
) -> Answer:
    job = backend.jobs.find(call.parts["id"])
    with job.lock:
        job.expect(*bulk_jobs.ENDED)
        pairs = zip(job.results, job.rows, strict=False)
        rows = [[*head, *row] for result, row in pairs if (head := cells(result))]
        return results_csv([*added, *job.columns], rows, job.asked["lineEnding"])


def _move_on(backend: Backend, call: ApiCall, job: Job) -> None:
    sobject = backend.sobject(job.asked["object"])
    unknown = unknown_columns(sobject, job.columns)
    if unknown:
        job.state = bulk_jobs.FAILED
        job.error = f"InvalidBatch : Field name not found : {unknown[0]}"
        return
    job.looked += 1
    share = job.share()
    for start in range(0, len(share), _BATCH_ROWS):
        rows = [
            row_of(sobject, job.columns, cells)
            for cells in share[start : start + _BATCH_ROWS]
        ]
        with backend.store.transaction():
            job.results.extend(_save(backend, call, job, sobject, rows))
    job.state = bulk_jobs.DONE if job.looked >= job.looks else bulk_jobs.RUNNING
    if job.fails_after is not None and len(job.results) >= job.fails_after:
        job.state = bulk_jobs.FAILED
        job.error = "TooManyLockFailure : Too many lock failures. Try again later."


def _save(
    backend: Backend, call: ApiCall, job: Job, sobject: SObject, rows: list[_Row]
) -> list[_Saved | Problem]:
    is_upsert = job.asked["operation"] == "upsert"
    key = key_field(sobject, job.asked["externalIdFieldName"] if is_upsert else "Id")
    seen = Counter(folded_key(row, key) for row in rows)
    results: list[_Saved | Problem] = []
    for row in rows:
        try:
            folded = folded_key(row, key)
            if folded is not None and seen[folded] > 1:
                message = f"Duplicate external id specified: {key_value(row, key)}"
                raise Refused(Problem("DUPLICATE_EXTERNAL_ID", message, (key.name,)))
            results.append(_save_row(backend, call, job, sobject, key, row))
        except Refused as refused:
            results.append(refused.problems[0])
    return results


def _save_row(
    backend: Backend, call: ApiCall, job: Job, sobject: SObject, key: Field, row: _Row
) -> _Saved:
    check_row = call.plan.check_row
    if job.asked["operation"] == "insert":
        return backend.writer.create(sobject, row, check_row), True
    if job.asked["operation"] == "upsert":
        return backend.writer.upsert(sobject, key, row, check_row)
    given = key_value(row, key)
    if given is None:
        message = "Id not specified in an update call"
        raise Refused(Problem("MISSING_ARGUMENT", message, ()))
    record_id = backend.writer.living_id(sobject, given)
    backend.writer.update(sobject, record_id, without_key(row, key), check_row)
    return record_id, False


def _shown(job: Job, call: ApiCall) -> dict[str, Any]:
    path = f"services/data/v{call.version}/jobs/ingest/{job.id}/batches"
    return {
        "id": job.id,
        **job.asked,
        "createdDate": job.created_at,
        "systemModstamp": job.created_at,
        "state": job.state,
        "concurrencyMode": "Parallel",
        "apiVersion": float(call.version),
        "contentUrl": path,
        "jobType": "V2Ingest",
    }


def _invalid_job(message: str) -> Refused:
    return Refused(Problem("INVALIDJOB", message))
