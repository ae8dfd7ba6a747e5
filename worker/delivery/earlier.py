"""What earlier attempts at the same event did, which the ledger must not forget.

Floor 3. A replay may be refused, or leave out a field that an earlier attempt wrote.
That it was written still counts: an older call must not go over it, and a flag that a
person has cleared since must not be set again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from worker.model import AGAIN_IN_ORDER, Plan, State, Write
from worker.store.events import Events
from worker.store.outcomes import EXISTS_ALREADY, RecordOutcome
from worker.store.tables import EventRow, RecordRow


def earlier_records(
    events: Events, rows: Sequence[EventRow]
) -> dict[int, list[RecordRow]]:
    """Return what earlier attempts at these events did, by event."""
    tried = [row.id for row in rows if row.id and _was_tried(row)]
    found: dict[int, list[RecordRow]] = {}
    for record in events.records(tried) if tried else ():
        found.setdefault(record.event_id, []).append(record)
    return found


def _was_tried(row: EventRow) -> bool:
    is_again = row.reason == AGAIN_IN_ORDER
    return bool(row.attempts) or row.replayed_at is not None or is_again


def is_settled(record: RecordRow, write: Write, plan: Plan) -> bool:
    """Return whether an earlier attempt already ended this very write."""
    hashes = {record.mapping_hash, plan.content_hash} - {None, ""}
    return (
        record.state != State.PENDING.value
        and record.reason != EXISTS_ALREADY
        and record.mapping_version == plan.version
        and len(hashes) <= 1
        and record.object == write.object
        and record.key == str(write.key)
        and write.fields.items() <= record.fields.items()
    )


def again(record: RecordRow) -> RecordOutcome:
    """Return the outcome that was written down."""
    return RecordOutcome(
        ordinal=record.ordinal,
        object=record.object,
        key=record.key,
        fields=record.fields,
        place=record.place,
        mapping_version=record.mapping_version,
        mapping_hash=record.mapping_hash,
        state=State(record.state),
        reason=record.reason,
        error_code=record.error_code,
        error_fields=tuple(filter(None, (record.error_fields or "").split(","))),
        hint=record.hint,
        salesforce_id=record.salesforce_id,
        created=record.created,
    )


def taken_before(write: Write, earlier: Iterable[RecordRow]) -> RecordRow | None:
    """Return what was written of the same record, wherever it stood in the mapping."""
    name = (write.object, str(write.key))
    found = (r for r in earlier if _is_taken(r) and (r.object, r.key) == name)
    return next(found, None)


def with_earlier(
    ended: RecordOutcome, before: RecordRow | None, write: Write
) -> RecordOutcome:
    """Return an outcome that names what was written of the record by now.

    That is also what the write asks for and this attempt left out, such as a flag that
    the same call had set before. What it no longer asks for gives way to other calls.
    """
    if before is None or ended.salesforce_id not in (None, before.salesforce_id):
        return ended
    if ended.reason == EXISTS_ALREADY:
        return replace(again(before), ordinal=ended.ordinal, state=ended.state)
    if ended.salesforce_id is None:
        return replace(
            ended,
            fields=before.fields,
            salesforce_id=before.salesforce_id,
            created=before.created,
        )
    asked = write.fields.keys() | {link.field for link in write.links}
    kept = {name: v for name, v in before.fields.items() if name in asked}
    return replace(ended, fields={**kept, **ended.fields})


def _is_taken(record: RecordRow) -> bool:
    return bool(record.salesforce_id) and record.reason != EXISTS_ALREADY
