"""What Salesforce says where a duplicate rule stops a record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from worker.localorg.messages import Problem

_TEXT = (
    "You're creating a duplicate record. We recommend you use an existing record "
    "instead."
)


# What a rule does about a record: one that blocks stops it, whatever the client says.
ACTIONS = ("alert", "block")


def duplicate_problem(
    name: str, *, ids: Sequence[Any], member: str, action: str, is_allowed: bool
) -> Problem | None:
    """The refusal of a record of an object, with the ids of those that match.

    None where the rule alerts and the client `is_allowed` to save all the same.
    `member` is what the result is called: Salesforce itself says `duplicateResut`.
    """
    alerts = action == "alert"
    if alerts and is_allowed:
        return None
    found = {
        "allowSave": alerts,
        "duplicateRule": f"Standard_{name}_Duplicate_Rule",
        "duplicateRuleEntityType": name,
        "errorMessage": _TEXT,
        "matchResults": [_matching(name, ids)] if ids else [],
    }
    return Problem("DUPLICATES_DETECTED", _TEXT, (), {member: found})


def _matching(name: str, ids: Sequence[Any]) -> dict[str, Any]:
    """What a matching rule has found: these records."""
    records = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {"attributes": {"type": name}, "Id": record_id},
        }
        for record_id in ids
    ]
    return {
        "entityType": name,
        "errors": [],
        "matchEngine": "ExactMatchEngine",
        "matchRecords": records,
        "rule": f"Standard_{name}_Match_Rule",
        "size": len(records),
        "success": True,
    }
