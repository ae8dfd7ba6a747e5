"""What becomes of a record that a duplicate rule of the org stops. Floor 3."""

from __future__ import annotations

from dataclasses import replace

from worker.crm.verdicts import Act, Verdict, Who
from worker.delivery.merging import Row

DETECTED = "DUPLICATES_DETECTED"
_BLOCKED = Verdict(
    Act.PARK,
    "a duplicate rule of {object} blocks the record for one that is there{matches}, and"
    " `duplicates: allow` passes rules that only alert: merge them, or set the rule's"
    " action to Allow in Setup, then replay",
    splits=False,
    who=Who.PERSON,
)


def about_duplicates(row: Row, verdict: Verdict, code: str) -> Verdict:
    """Return the verdict of a refused row; of other errors it is as it was.

    A row that stands for several calls may pass as those of them that allow it.
    """
    if code != DETECTED:
        return verdict
    if row.allows_duplicates:
        return _BLOCKED
    some_allow = any(job.write.allows_duplicates for job in row.jobs)
    return replace(verdict, splits=some_allow)
