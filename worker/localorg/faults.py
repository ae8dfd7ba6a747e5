"""The faults that are switched on now, and which of them hit a request.

A fault is `{"kind": ..., "times": n, "path": "part of METHOD /path?query"}` with the
options of its kind. `times` counts requests hit; without it a fault stays until it is
cleared. Without `path` every API request can be hit, but no login.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from worker.localorg.batch_faults import BATCH_FAULT_KINDS
from worker.localorg.fault_kinds import FAULT_KINDS, Arrival, FaultKind, RowAttempt
from worker.localorg.messages import Answer, Refused

KINDS: Mapping[str, FaultKind] = {**FAULT_KINDS, **BATCH_FAULT_KINDS}


@dataclass(slots=True)
class Fault:
    """One fault that is switched on; `times` None is until cleared."""

    kind: str
    times: int | None
    path: str
    options: dict[str, Any]
    rows_seen: int = 0

    @property
    def behaviour(self) -> FaultKind:
        """What the fault does."""
        return KINDS[self.kind]

    def as_json(self) -> dict[str, Any]:
        """The fault as `PUT /_local/faults` takes it, with what is left of `times`."""
        shape: dict[str, Any] = {"kind": self.kind, **self.options}
        if self.times is not None:
            shape["times"] = self.times
        return shape | ({"path": self.path} if self.path else {})


class Faults:
    """The faults of one org; safe for all threads.

    `wait` is how a latency passes its seconds.
    """

    def __init__(self) -> None:
        self.wait = time.sleep
        self._lock = threading.Lock()
        self._active: list[Fault] = []
        self._flights: list[FaultPlan] = []

    def add(self, kind: str, **settings: Any) -> None:
        """Switch a fault on; ValueError if the kind does not take these settings."""
        fault = _fault({"kind": kind, **settings})
        with self._lock:
            self._active.append(fault)

    def replace(self, faults: Iterable[Mapping[str, Any]]) -> None:
        """Switch these faults on and all others off; ValueError changes nothing."""
        active = [_fault(settings) for settings in faults]
        with self._lock:
            self._active = active

    def clear(self) -> None:
        """Switch all faults off."""
        self.replace(())

    def active(self) -> list[dict[str, Any]]:
        """The faults that are still on."""
        with self._lock:
            return [fault.as_json() for fault in self._active]

    def plan(
        self, target: str, *, is_api: bool = True, may_save_duplicates: bool = False
    ) -> FaultPlan:
        """The faults that may hit the request `target`, such as `GET /path?query`."""
        with self._lock:
            hits = [
                fault
                for fault in self._active
                if (fault.path in target if fault.path else is_api)
            ]
        return FaultPlan(self, hits, may_save_duplicates=may_save_duplicates)

    def plan_part(
        self, target: str, whole: FaultPlan, *, may_save_duplicates: bool
    ) -> FaultPlan:
        """The faults that may hit a part of a request; what hit the whole is done."""
        plan = self.plan(target, may_save_duplicates=may_save_duplicates)
        plan.whole = whole
        plan.hits = [
            fault
            for fault in plan.hits
            if fault.behaviour.row is not None or fault not in whole.hits
        ]
        return plan

    def take(self, fault: Fault) -> bool:
        """Use a fault for one request; False if it was used up meanwhile."""
        with self._lock:
            if fault.times is None:
                return True
            if fault.times < 1:
                return False
            fault.times -= 1
            if fault.times < 1:
                self._active = [other for other in self._active if other is not fault]
            return True

    def arrive(self, flight: FaultPlan) -> None:
        """Note that a request is there."""
        with self._lock:
            self._flights.append(flight)

    def leave(self, flight: FaultPlan) -> None:
        """Note that a request was answered."""
        with self._lock:
            self._flights = [other for other in self._flights if other is not flight]

    def held_rows(self, flight: FaultPlan) -> list[Mapping[str, Any]]:
        """The rows of requests that came before this one and are still there."""
        with self._lock:
            before = self._flights[: self._flights.index(flight)]
        others = [other for other in before if other is not flight.whole]
        return [row for other in others for row in other.rows()]

    def next_row(self, fault: Fault) -> int:
        """Count a row that a fault is asked about, from 1."""
        with self._lock:
            fault.rows_seen += 1
            return fault.rows_seen


class FaultPlan:
    """The faults that may hit one request."""

    def __init__(
        self, faults: Faults, hits: list[Fault], *, may_save_duplicates: bool
    ) -> None:
        self._faults = faults
        self.hits = hits
        self.may_save_duplicates = may_save_duplicates
        self.whole: FaultPlan | None = None
        self._taken: dict[int, bool] = {}
        self._arrival: Arrival | None = None
        self._rows: list[Mapping[str, Any]] | None = None

    def of_part(self, target: str, *, may_save_duplicates: bool) -> FaultPlan:
        """The faults that may hit one part of this request."""
        return self._faults.plan_part(
            target, self, may_save_duplicates=may_save_duplicates
        )

    def rows(self) -> list[Mapping[str, Any]]:
        """The rows of the request; none where no fault may hit it."""
        if self._rows is None:
            arrival = self._arrival
            self._rows = arrival.rows() if arrival and self.hits else []
        return self._rows

    def before(self, arrival: Arrival) -> Answer | None:
        """Let the faults act before the request; an answer ends it.

        Raises ConnectionDropped. The request is there until `leave`.
        """
        self._arrival = arrival
        self._faults.arrive(self)
        for fault in self.hits:
            act = fault.behaviour.before
            if act is not None and self._faults.take(fault):
                answer = act(fault.options, arrival)
                if answer is not None:
                    return answer
        return None

    def check_row(self, attempt: RowAttempt) -> None:
        """Refuse the row if a fault hits it."""
        for index, fault in enumerate(self.hits):
            act = fault.behaviour.row
            wanted = fault.options.get("object", attempt.object_name)
            if act is None or wanted.lower() != attempt.object_name.lower():
                continue
            seen = replace(
                attempt,
                may_save_duplicates=self.may_save_duplicates,
                number=self._faults.next_row(fault),
                request_rows=self.rows(),
                held_rows=lambda: self._faults.held_rows(self),
            )
            problem = act(fault.options, seen)
            if problem is None:
                continue
            if index not in self._taken:
                self._taken[index] = self._faults.take(fault)
            if self._taken[index]:
                raise Refused(problem)

    def leave(self) -> None:
        """Let go of what the request held."""
        self._faults.leave(self)

    def after(self, answer: Answer) -> Answer:
        """Let the faults act once all is committed, and return what they leave.

        Raises ConnectionDropped.
        """
        for fault in self.hits:
            act = fault.behaviour.after
            if act is not None and self._faults.take(fault):
                answer = act(answer)
        return answer


def _fault(settings: Mapping[str, Any]) -> Fault:
    options = dict(settings)
    name = options.pop("kind", None)
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"no fault kind {name!r}; there are {', '.join(KINDS)}")
    times = options.pop("times", None)
    path = options.pop("path", "")
    if not isinstance(path, str):
        raise ValueError(f"{name}: 'path' has to be text")
    if times is not None and (not isinstance(times, int) or times < 1):
        raise ValueError(f"{name}: 'times' has to be 1 or more")
    for option, value in options.items():
        if option not in kind.options:
            raise ValueError(f"{name}: no option {option!r}")
        if not isinstance(value, kind.options[option]):
            raise ValueError(f"{name}: {option!r} has a wrong type")
        words = kind.words.get(option, ())
        if words and value not in words:
            raise ValueError(f"{name}: {option!r} is one of {', '.join(words)}")
    return Fault(str(name), kind.times if times is None else times, path, options)
