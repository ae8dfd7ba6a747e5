"""The `Crm` of one lane, which never has two of its jobs under way. Floor 2.

A worker that dies in the middle of a job leaves it to Salesforce, and its events to the
next drain of the lane. What the job still writes could then come after what the drain
writes, and be older: so it is ended first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from threading import RLock
from typing import Any

from worker.crm import RowResult
from worker.crm.bulk import BulkCrm
from worker.crm.bulk_csv import Part
from worker.crm.bulk_jobs import ENDED, Asked, Fold, Waiting
from worker.crm.notes import Board
from worker.crm.session import Session
from worker.errors import CrmRefused, CrmUnavailable


class UnderWay(MutableMapping[str, str]):
    """A lane's jobs under way, on the board of all workers: digests and job ids."""

    def __init__(self, board: Board, lane: int) -> None:
        self._board = board
        self._note = f"jobs:{lane}"

    def __getitem__(self, name: str) -> str:
        return str(self._board.read(self._note)[name])

    def __setitem__(self, name: str, job_id: str) -> None:
        self._board.change(self._note, lambda note: {**note, name: job_id})

    def __delitem__(self, name: str) -> None:
        self._board.change(
            self._note, lambda note: {n: v for n, v in note.items() if n != name}
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._board.read(self._note))

    def __len__(self) -> int:
        return len(self._board.read(self._note))


class LaneCrm(BulkCrm):
    """A `BulkCrm` for one batch of a lane, made while the lane's lease is held.

    Before it asks for anything it ends the jobs that earlier batches left `under_way`.
    """

    def __init__(
        self,
        session: Session,
        threshold: int,
        under_way: MutableMapping[str, str],
        *,
        waiting: Waiting,
        exact_keys: MutableMapping[tuple[str, str], bool],
        blip_wait_seconds: float,
        may_repeat: Callable[[], bool],
    ) -> None:
        super().__init__(
            session,
            threshold,
            waiting=waiting,
            under_way=under_way,
            exact_keys=exact_keys,
            blip_wait_seconds=blip_wait_seconds,
            may_repeat=may_repeat,
        )
        self._strays = dict(under_way)
        # Requests of a batch go side by side.
        self._lock = RLock()

    def run(self, asked: Asked, part: Part, fold: Fold) -> dict[str, RowResult]:
        """Return the results of a part by folded key, each record's."""
        self._end_strays()
        return super().run(asked, part, fold)

    def _request(self, method: str, path: str, **options: Any) -> Any:
        self._end_strays()
        return super()._request(method, path, **options)

    def _end_strays(self) -> None:
        with self._lock:
            while self._strays:
                name, job_id = self._strays.popitem()
                try:
                    self._end(job_id)
                except CrmUnavailable:
                    self._strays[name] = job_id
                    raise
                self._under_way.pop(name, None)

    def _end(self, job_id: str) -> None:
        if self._state(job_id) in (None, *ENDED):
            return
        try:
            self._set_state(job_id, "Aborted")
        except CrmRefused:
            # It ended by itself, or has to be waited for.
            if self._state(job_id) not in (None, *ENDED):
                raise CrmUnavailable("bulk job under way") from None
