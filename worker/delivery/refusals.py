"""A refused row: who must act, what its jobs become, with a hint for each. Floor 3."""

from __future__ import annotations

from dataclasses import replace

from worker.crm import RowResult
from worker.crm.verdicts import Act, Verdict, row_verdict
from worker.delivery.duplicates import about_duplicates
from worker.delivery.hints import refusal_hint
from worker.delivery.limits import is_governed, is_hopeless, is_locked
from worker.delivery.linking import end_unlinked
from worker.delivery.merging import Row
from worker.delivery.packing import MAX_REQUEST_BYTES
from worker.model import State

_HOPELESS = Verdict(
    Act.PARK,
    "a trigger or flow of {object} meets a limit for this record alone: ask the org's"
    " developer, then replay",
    splits=False,
)
TOO_LARGE = "RECORD_TOO_LARGE"
_TOO_LARGE = Verdict(
    Act.PARK,
    f"the record exceeds {MAX_REQUEST_BYTES} bytes: shorten its texts in {{place}}, "
    "as by `as: {{truncate: N}}`, then replay",
)


def settle_refused(row: Row, result: RowResult, code: str) -> Verdict:
    """End the jobs of a refused row, with a hint each; return what is to be done."""
    verdict = about_duplicates(row, _verdict(result, code), code)
    if end_unlinked(row, result, verdict):
        return verdict
    state = State.PENDING if verdict.act is Act.RETRY else State.PARKED
    for job in row.jobs:
        job.end(
            state,
            reason=code.lower(),
            error_code=code,
            error_fields=result.fields,
            hint=refusal_hint(
                job.write, job.write.object, verdict, result.fields, result.matches
            ),
        )
    return verdict


def _verdict(result: RowResult, code: str) -> Verdict:
    if code == TOO_LARGE:
        return _TOO_LARGE
    if is_hopeless(result):
        return _HOPELESS
    verdict = row_verdict(code, result.message)
    if is_governed(result) or is_locked(result):
        return replace(verdict, splits=False)
    return verdict
