"""What Salesforce refused before and would refuse again. Floor 4.

Only Salesforce knows its rules, and a trial does not ask it to write.
"""

from __future__ import annotations

from collections.abc import Sequence

from worker.delivery.planning import Job
from worker.mapping.paths import ABSENT
from worker.model import State
from worker.store.tables import RecordRow


def refuse_again(jobs: Sequence[Job], records: Sequence[RecordRow]) -> None:
    """End the jobs that ask for the very same as what was refused."""
    refused = {
        (record.object, record.key): record
        for record in records
        if record.error_code and record.state == State.PARKED.value
    }
    for job in jobs:
        record = refused.get((job.write.object, str(job.write.key)))
        if record is not None and _asks_the_same(job, record):
            job.end(
                State.PARKED,
                reason=record.reason,
                error_code=record.error_code,
                error_fields=tuple(
                    filter(None, (record.error_fields or "").split(","))
                ),
                hint=record.hint,
            )


def _asks_the_same(job: Job, record: RecordRow) -> bool:
    """Return whether the fields at fault, or all sent, have the same values again."""
    fields = job.write.fields
    links = {link.field for link in job.write.links}
    names = set(_error_fields(record) or record.fields)
    return all(
        fields.get(name, ABSENT) == record.fields.get(name, ABSENT)
        for name in names - links
    )


def _error_fields(record: RecordRow) -> tuple[str, ...]:
    return tuple(filter(None, (record.error_fields or "").split(",")))
