"""How much of a mapping its test cases touch, and what they leave out. Floor 1, pure.

A condition is touched by a case that makes it true, and once more by one that makes it
false. It counts only in a case that also says what has to come of it, and so does a
field and each way in which its value can come about: who does not look proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.mapping.cases.case import KIND
from worker.mapping.findings import Finding
from worker.mapping.path_types import known_leaves, touched_leaves
from worker.mapping.paths import Context
from worker.mapping.strict_yaml import Place
from worker.model import Plan

EVENT = "event"
NOT_LOOKED_AT = "but no such case says what has to come of it"
KINDS = ("field", "condition", "branch", "policy", "match", "vendor key")


@dataclass(frozen=True, slots=True)
class Seen:
    """What one case has shown.

    `compared` has what the case says something about: fields as (object, field),
    records as (object, ""), and of the event (EVENT, "urgent") and the like. `met` has
    what happened in the org: (place of the write, name, what), where the name is a
    link's or a field's, or empty for the record itself.
    """

    context: Context = field(repr=False)
    plan: Plan
    is_wrong_party: bool = False
    compared: frozenset[tuple[str, str]] = frozenset()
    met: frozenset[tuple[str, str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Point:
    """Something of a mapping that a case can touch: `what` is `done`.

    `looked_at` is what the case has to say something about, as in `Seen.compared`.
    """

    kind: str
    place: Place
    owner: str
    what: str
    done: str
    is_touched: Callable[[Seen], bool] = field(repr=False)
    looked_at: tuple[str, str] | None = None

    def untouched(self, was_done: bool) -> str:
        """Say in words that no case touches it."""
        owner = f"{self.owner}: " if self.owner and self.what else self.owner
        subject = f"{owner}{self.what}"
        if was_done and self.looked_at is not None:
            return f"{subject} is {self.done}, {NOT_LOOKED_AT}"
        return f"{subject} is never {self.done}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """The coverage of one mapping. `untouched` says what no case touches, and where."""

    mapping: str
    points: int
    untouched: tuple[tuple[str, Finding], ...]

    @property
    def touched(self) -> int:
        """The number of points that some case touches."""
        return self.points - len(self.untouched)


def percent(coverages: Iterable[Coverage]) -> float:
    """Return the touched points in percent, cut to a tenth: 100.0 is all of them."""
    found = list(coverages)
    points = sum(coverage.points for coverage in found)
    touched = sum(coverage.touched for coverage in found)
    return touched * 1000 // points / 10 if points else 100.0


class Tally:
    """The points of a mapping, crossed off as cases touch them."""

    def __init__(
        self, mapping: str, points: Iterable[Point], schema: Mapping[str, Any] | None
    ) -> None:
        self._mapping = mapping
        self._points = list(points)
        self._open = list(self._points)
        self._done: set[int] = set()
        self._schema = schema
        self._leaves = known_leaves(schema) if schema is not None else []
        self._touched: set[str] = set()

    def see(self, seen: Seen) -> None:
        """Cross off what a case touches."""
        still_open = []
        for point in self._open:
            if point.is_touched(seen):
                if point.looked_at is None or point.looked_at in seen.compared:
                    continue
                self._done.add(id(point))
            still_open.append(point)
        self._open = still_open
        if self._schema is not None and len(self._touched) < len(self._leaves):
            self._touched |= touched_leaves(self._schema, seen.context)

    def coverage(self) -> Coverage:
        """Return what was touched, and what was not."""
        untouched = [
            (
                point.kind,
                point.place.finding(point.untouched(id(point) in self._done), "case"),
            )
            for point in self._open
        ]
        for leaf in self._leaves:
            if leaf not in self._touched:
                finding = Finding(self._mapping, 1, 1, f"no case sends {leaf}", KIND)
                untouched.append(("vendor key", finding))
        total = len(self._points) + len(self._leaves)
        return Coverage(self._mapping, total, tuple(untouched))
