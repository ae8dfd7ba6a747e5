"""What later calls wrote, by the ledger and by the trial. Floor 4."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from worker.delivery.planning import Job
from worker.model import State
from worker.store.lanes import Lanes
from worker.store.tables import RecordRow


class LaterRecords:
    """The ledger as it would be by now: tried events have their new records in it."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._tried: set[int] = set()
        self._by_name: dict[tuple[str, str], list[RecordRow]] = defaultdict(list)

    def newer(
        self, object_name: str, ids: Sequence[str], keys: Sequence[str], since: datetime
    ) -> Sequence[RecordRow]:
        """Return what calls since then wrote to these records.

        Records are named by Salesforce id or by key (`Field=value`). Raises
        `StoreUnavailable`.
        """
        written = self._lanes.newer_records(object_name, ids, keys, since)
        found = [row for row in written if row.event_id not in self._tried]
        tried: dict[int, RecordRow] = {}
        for name in (*ids, *keys):
            for row in self._by_name.get((object_name, name.lower()), ()):
                if row.occurred_at >= since:
                    tried[id(row)] = row
        return [*found, *tried.values()]

    def note(self, event_ids: Iterable[int], jobs: Iterable[Job]) -> None:
        """Note what a batch has come to; it takes the place of what the ledger has."""
        self._tried.update(event_ids)
        for job in jobs:
            if job.state is State.SYNCED and job.outcome is not None:
                row = _row(job)
                for name in (row.salesforce_id, row.key):
                    if name:
                        self._by_name[row.object, name.lower()].append(row)


def _row(job: Job) -> RecordRow:
    outcome = job.outcome
    if outcome is None:
        raise AssertionError("a job without an outcome")
    return RecordRow(
        event_id=job.event_id,
        ordinal=job.ordinal,
        object=outcome.object,
        key=outcome.key,
        fields=outcome.fields,
        place=outcome.place,
        mapping_version=outcome.mapping_version,
        occurred_at=job.occurred_at,
        state=outcome.state.value,
        salesforce_id=outcome.salesforce_id,
    )
