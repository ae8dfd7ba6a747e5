"""What a changed mapping would change, and what applying it would cost. Floor 4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from worker.comparing.changes import (
    FieldLines,
    RecordChange,
    by_record,
    no_longer_sent,
    sent_changes,
)
from worker.comparing.choosing import Chosen, Window, choose
from worker.comparing.dry_crm import DryCrm
from worker.comparing.ledger import LedgerFinder
from worker.comparing.recalling import Recall
from worker.comparing.snapshot import Finder, Snapshot
from worker.comparing.trial import Past, Trial, Tried, records_by_event
from worker.comparing.writers import Writers
from worker.crm import MAX_RECORDS
from worker.mapping.mapping_set import MappingSet
from worker.model import Connection
from worker.org_schema import OrgSchema
from worker.store.marks import EventMark
from worker.store.tables import EventRow


@dataclass(frozen=True, slots=True)
class Cost:
    """What it would cost to apply the change, and to which events."""

    event_ids: tuple[int, ...]
    look_ups: int
    writes: int

    @property
    def api_requests(self) -> int:
        """All requests."""
        return self.look_ups + self.writes


@dataclass(frozen=True, slots=True)
class Comparison:
    """What would be different: records, and the events that would end otherwise.

    `unknown` counts the records that were looked for and not found.
    """

    chosen: Chosen
    records: tuple[RecordChange, ...]
    ends: tuple[Tried, ...]
    cost: Cost
    unknown: int


@dataclass(frozen=True, slots=True)
class Comparer:
    """Compares with the values in an org; without one, with what was last sent."""

    past: Past
    connections: Mapping[str, Connection]
    schema: OrgSchema
    org: Finder | None = None

    def compare(self, mappings: MappingSet, window: Window) -> Comparison:
        """Try the events of a window with the mappings; nothing is written.

        Raises `CrmUnavailable` and `StoreUnavailable`.
        """
        chosen = choose(self.past.marks, window, mappings)
        snapshot = Snapshot(self.org or self._ledger(chosen.marks, mappings))
        trial = self._trial(mappings, snapshot)
        tried = [one for rows in self._batches(chosen.marks) for one in trial.run(rows)]
        lines = FieldLines(mappings)
        writers = Writers(tried, trial.crm, self.schema)
        sent = list(sent_changes(trial.crm, writers, lines, self.schema))
        ends = tuple(one for one in tried if one.before != one.after)
        changing = {event_id for change in sent for event_id in change.event_ids}
        changing |= {writer.event_id for _, writer in writers.made()}
        changing |= {one.event_id for one in ends}
        needed = writers.needed(changing)
        marks = [mark for mark in chosen.marks if mark.event_id in needed]
        unsent = [] if self.org else no_longer_sent(tried)
        return Comparison(
            chosen=chosen,
            records=tuple(by_record(chain(sent, unsent), writers)),
            ends=ends,
            cost=self._cost(marks, mappings, snapshot),
            unknown=len(trial.unknown),
        )

    def _trial(self, mappings: MappingSet, snapshot: Snapshot) -> Trial:
        crm = DryCrm(snapshot, self.schema)
        return Trial(mappings, self.connections, self.schema, self.past, crm)

    def _ledger(self, marks: Sequence[EventMark], mappings: MappingSet) -> Finder:
        """Return the ledger, with all that can be known of whom the events found."""
        recall = Recall(self.past.texts, self.connections, mappings)
        for rows in self._batches(marks):
            recall.learn(rows, records_by_event(self.past.events, rows))
        return LedgerFinder(self.past.history, recall, self.schema)

    def _batches(self, marks: Sequence[EventMark]) -> Iterator[list[EventRow]]:
        """Yield the events as a drain takes them: so many at a time."""
        for start in range(0, len(marks), MAX_RECORDS):
            batch = marks[start : start + MAX_RECORDS]
            yield self.past.marks.rows([mark.event_id for mark in batch])

    def _cost(
        self, marks: Sequence[EventMark], mappings: MappingSet, snapshot: Snapshot
    ) -> Cost:
        """Return what just these events would cost, drained lane by lane.

        The snapshot has read what there is to read, so that this costs nothing itself.
        """
        trial = self._trial(mappings, snapshot)
        for lane in sorted({mark.lane for mark in marks}):
            due = [mark for mark in marks if mark.lane == lane]
            due.sort(key=lambda mark: (not mark.urgent, mark.event_id))
            for rows in self._batches(due):
                trial.run(rows)
        ids = tuple(mark.event_id for mark in marks)
        return Cost(ids, trial.crm.look_ups, trial.crm.writes)
