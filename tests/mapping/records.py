"""What a mapping makes of a delivery, as the `.records.yaml` files write it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from worker.model import Link, Unwritten, Write

from .defaults import context_in, event_in, mappings

POLICIES = ("insert_only", "if_empty", "sticky")


def records_of(path: Path) -> dict[str, Any]:
    """Return the records of a `.http` file, in plain data."""
    event, connection = event_in(path)
    mapping = mappings().find(event.source, event.type)
    if mapping is None:
        return {"unmapped": True}
    context = context_in(event, connection)
    plan = mapping.plan(context)
    records: dict[str, Any] = {
        "party": mapping.party(context),
        "urgent": mapping.is_urgent(context),
    }
    if plan.skip_reason:
        return records | {"skip": plan.skip_reason}
    return records | {"writes": [_member(member) for member in plan.writes]}


def _member(member: Write | Unwritten) -> dict[str, Any]:
    if isinstance(member, Unwritten):
        return {"object": member.object, str(member.state): member.reason}
    record: dict[str, Any] = {
        "object": member.object,
        "mode": member.mode,
        "key": {member.key.field: member.key.value},
        "fields": dict(member.fields),
    }
    for policy in POLICIES:
        if names := getattr(member, policy):
            record[policy] = sorted(names)
    if member.links:
        record["links"] = {link.field: _link(link) for link in member.links}
    return record


def _link(link: Link) -> dict[str, Any]:
    match = {link.match.field: link.match.value} if link.match else None
    return {"object": link.object, "match": match}
