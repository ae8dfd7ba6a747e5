"""What `crm-sync diff` found, as data: its JSON, and what its lines show. Floor 5."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from worker.comparing.changes import Kind, RecordChange
from worker.comparing.choosing import Chosen
from worker.comparing.comparison import Comparison
from worker.mapping.mapping_set import MappingSet


@dataclass(frozen=True, slots=True)
class Against:
    """What was compared: with the org or with what was sent, and which commit."""

    org: bool
    commit: str | None


def report(
    comparison: Comparison, mappings: MappingSet, against: Against
) -> dict[str, Any]:
    """Return the comparison as plain data. The counts come first."""
    chosen = comparison.chosen
    received = sorted(mark.received_at for mark in chosen.marks)
    types = {mark.event_id: f"{mark.source} {mark.type}" for mark in chosen.marks}
    cost = comparison.cost
    return {
        "events": len(chosen.marks),
        "received_from": received[0].isoformat() if received else None,
        "received_to": received[-1].isoformat() if received else None,
        "against": "org" if against.org else "last_sent",
        "commit": against.commit,
        "mappings": _mappings(chosen, mappings),
        "left_out": {"pending": chosen.pending, "written_by_these": chosen.same},
        "has_more": chosen.has_more,
        "not_found": comparison.unknown,
        "counts": _counts(comparison.records),
        "new_records": dict(
            sorted(Counter(r.object for r in comparison.records if r.is_new).items())
        ),
        "ends": [
            {
                "event": tried.event_id,
                "type": f"{tried.source} {tried.type}",
                "before": tried.before,
                "after": tried.after,
                "hint": tried.hint,
            }
            for tried in comparison.ends
        ],
        "records": [_record(record, types) for record in comparison.records],
        "cost": {
            "events": list(cost.event_ids),
            "api_requests": cost.api_requests,
            "look_ups": cost.look_ups,
            "writes": cost.writes,
        },
    }


def _mappings(chosen: Chosen, mappings: MappingSet) -> list[dict[str, Any]]:
    """Return which mapping takes the place of which, and of how many events."""
    counted = Counter(
        (m.source, m.type, m.mapping_version or "", m.mapping_hash or "")
        for m in chosen.marks
    )
    found = []
    for (source, event, version, content_hash), events in sorted(counted.items()):
        mapping = mappings.find(source, event)
        spec = mapping.spec if mapping else None
        new = {"version": spec.version, "hash": spec.content_hash} if spec else None
        old = {"version": version, "hash": content_hash or None} if version else None
        found.append(
            {"type": f"{source} {event}", "old": old, "new": new, "events": events}
        )
    return found


def _counts(records: Sequence[RecordChange]) -> list[dict[str, Any]]:
    """Return how many records each field changes of, by kind."""
    counted = Counter(
        (record.object, field.name, field.kind)
        for record in records
        for field in record.fields
    )
    names = sorted({(name, field) for name, field, _ in counted})
    return [
        {"object": name, "field": field}
        | {kind.value: counted[name, field, kind] for kind in Kind}
        for name, field in names
    ]


def _record(record: RecordChange, types: dict[int, str]) -> dict[str, Any]:
    return {
        "object": record.object,
        "key": record.key,
        "salesforce_id": record.salesforce_id or None,
        "is_new": record.is_new,
        "events": [{"event": i, "type": types[i]} for i in record.event_ids],
        "fields": [
            {
                "name": change.name,
                "kind": change.kind.value,
                "before": change.before,
                "after": change.after,
                "events": list(change.event_ids),
                "mapping": change.place,
            }
            for change in record.fields
        ],
    }
