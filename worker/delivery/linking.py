"""Links that Salesforce resolves itself: by an external id in place of an id. Floor 3.

Until it is sent, such a link stands under the link's own field, as
`{"Account_Number__c": "A-1"}`: what is merged, superseded or withdrawn goes by field.
"""

from __future__ import annotations

import re
from typing import Any

from worker.crm import RowResult
from worker.crm.verdicts import Act, Verdict
from worker.delivery.merging import Row
from worker.delivery.planning import Job
from worker.model import Link, Match, State
from worker.org_schema import OrgSchema

# No field that identifies holds a longer text.
LONGEST_VALUE = 255
NO_MATCH = "no_match"
AMBIGUOUS = "ambiguous_match"
_WHERE = re.compile(r"not found for field (\w+) in entity (\w+)")


def is_identity(schema: OrgSchema, object_name: str, field: str) -> bool:
    """Return whether at most one record has a value, compared without case.

    Of a phone there may be a second one at any time.
    """
    described = schema.field(object_name, field)
    if described is None or described["caseSensitive"]:
        return False
    return bool(described["externalId"] and described["unique"])


def may_go_by_key(schema: OrgSchema, object_name: str, link: Link) -> bool:
    """Return whether Salesforce can resolve a link of this object as we would."""
    match, described = link.match, schema.field(object_name, link.field)
    if match is None or match.others or link.missing != "park" or described is None:
        return False
    return (
        len(match.value) <= LONGEST_VALUE
        and not described["polymorphicForeignKey"]
        and described["referenceTo"] == [link.object]
        and bool(described["relationshipName"])
        and is_identity(schema, link.object, match.field)
    )


def key_of(value: Any) -> Match | None:
    """Return whom a link's value names by an external id; None where it is an id."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((field, text),) = value.items()
    return Match(field, str(text))


def unmatched_hint(job: Job, link: Link, number: str) -> str:
    """Return what a person reads of a link to `no` or `several` records."""
    by = f" by {link.match.field}" if link.match else ""
    return f"{job.write.place}: {link.field}: {number} {link.object}{by}"


def end_unlinked(row: Row, result: RowResult, verdict: Verdict) -> bool:
    """End the jobs of a row whose link Salesforce cannot resolve, as a look-up would.

    Who is missing may still come, so that it is tried again. Return False for other
    errors.
    """
    if verdict.act is Act.AWAIT_PARENT:
        state, reason, number = State.PENDING, NO_MATCH, "no"
    elif result.code == "DUPLICATE_EXTERNAL_ID" and row.key not in result.fields:
        state, reason, number = State.PARKED, AMBIGUOUS, "several"
    else:
        return False
    hints = {id(job): _hint(job, row, result, number) for job in row.jobs}
    if not any(hints.values()):
        return False
    for job in row.jobs:
        hint = hints[id(job)] or f"{job.write.place}: another call's link: {reason}"
        job.end(state, reason=reason, hint=hint)
    return True


def _hint(job: Job, row: Row, result: RowResult, number: str) -> str:
    by_key = [
        (link, match)
        for link in job.write.links
        if (match := key_of(row.fields.get(link.field)))
    ]
    where = _WHERE.findall(result.message)
    said = [
        link
        for link, match in by_key
        if (match.field, link.object) in where or match.field in result.fields
    ]
    if number == "no":
        said = said or [link for link, _ in by_key]
    return " or ".join(unmatched_hint(job, link, number) for link in said)
