"""Write any number of records: few by requests of 200, thousands by jobs. Floor 2.

For backfills, replays and backlogs: a job has no order and no answer within a second,
so the drainer gives it only what a lane has too much of, each record once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

from worker.crm import MAX_RECORDS, RowResult
from worker.crm.bulk_csv import PART_BYTES, Record, is_sayable, parts
from worker.crm.bulk_jobs import Asked, BulkJobs, Fold, Waiting, failure
from worker.crm.session import Session

_WriteFew = Callable[[Sequence[Record]], list[RowResult]]


class BulkCrm(BulkJobs):
    """A `Crm` that takes any number of records: above `threshold` by a job.

    Up to it, and for what no CSV can say (`is_sayable`), they go by requests of 200. So
    do those that may be duplicates: a job knows nothing of the header for it.
    A key stands once in a call: jobs keep no order, so all of its records are refused.
    `exact_keys` remembers which fields tell case apart, by object and field.
    """

    def __init__(
        self,
        session: Session,
        threshold: int,
        *,
        part_bytes: int = PART_BYTES,
        waiting: Waiting | None = None,
        under_way: MutableMapping[str, str] | None = None,
        exact_keys: MutableMapping[tuple[str, str], bool] | None = None,
        blip_wait_seconds: float = 0.2,
        may_repeat: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(
            session, waiting or Waiting(), under_way, blip_wait_seconds, may_repeat
        )
        self._threshold = threshold
        self._part_bytes = part_bytes
        self._exact_keys = {} if exact_keys is None else exact_keys

    def upsert(
        self,
        object_name: str,
        key_field: str,
        records: Sequence[Mapping[str, Any]],
        *,
        allow_duplicates: bool = False,
    ) -> list[RowResult]:
        """Create or update records by an external id that each holds."""
        few = super().upsert
        return self._write_any(
            Asked(object_name, "upsert", key_field),
            records,
            lambda group: few(
                object_name, key_field, group, allow_duplicates=allow_duplicates
            ),
            may_run=not allow_duplicates,
        )

    def update(
        self,
        object_name: str,
        records: Sequence[Mapping[str, Any]],
        *,
        allow_duplicates: bool = False,
    ) -> list[RowResult]:
        """Update records; each holds its `Id`."""
        few = super().update
        return self._write_any(
            Asked(object_name, "update", "Id"),
            records,
            lambda group: few(object_name, group, allow_duplicates=allow_duplicates),
            may_run=not allow_duplicates,
        )

    def _write_any(
        self,
        asked: Asked,
        records: Sequence[Record],
        write_few: _WriteFew,
        *,
        may_run: bool,
    ) -> list[RowResult]:
        if len(records) <= self._threshold:
            return _by_groups(write_few, records)
        fold = self._fold(asked)
        keys = [fold(record.get(asked.key)) for record in records]
        results = _refused(asked.key, keys)
        sent = [
            (key, record)
            for key, record in zip(keys, records, strict=True)
            if key not in results
        ]
        by_job = [record for _, record in sent if may_run and is_sayable(record)]
        results |= self._by_jobs(asked, by_job, fold)
        rest = [(key, record) for key, record in sent if key not in results]
        few = _by_groups(write_few, [record for _, record in rest])
        results |= {key: said for (key, _), said in zip(rest, few, strict=True)}
        return [results[key] for key in keys]

    def _by_jobs(
        self, asked: Asked, records: Sequence[Record], fold: Fold
    ) -> dict[str, RowResult]:
        results: dict[str, RowResult] = {}
        made = parts(records, self._part_bytes)
        # One after the other: jobs side by side wait for each other's row locks.
        for part in made:
            results |= self.run(asked, part, fold)
        for part in made:
            self.forget(asked, part)
        return results

    def _fold(self, asked: Asked) -> Fold:
        """Return how Salesforce compares the key's values."""
        if asked.key == "Id":
            return lambda value: str(value or "")[:15]
        is_exact = self._is_exact(asked.object_name, asked.key)

        def fold(value: Any) -> str:
            text = "" if value is None else str(value).strip()
            return text if is_exact else text.lower()

        return fold

    def _is_exact(self, object_name: str, key: str) -> bool:
        place = (object_name, key)
        if place not in self._exact_keys:
            self._exact_keys[place] = any(
                field["name"].lower() == key.lower() and field.get("caseSensitive")
                for field in self.describe(object_name)["fields"]
            )
        return self._exact_keys[place]


def _by_groups(write: _WriteFew, records: Sequence[Record]) -> list[RowResult]:
    results: list[RowResult] = []
    for start in range(0, len(records), MAX_RECORDS):
        results += write(records[start : start + MAX_RECORDS])
    return results


def _refused(name: str, keys: Sequence[str]) -> dict[str, RowResult]:
    """Return the refusals of keys by which no results could be told apart."""
    refused = {
        key: failure("DUPLICATE_EXTERNAL_ID", name)
        for key, count in Counter(keys).items()
        if count > 1
    }
    return refused | {"": failure("MISSING_ARGUMENT", name)}
