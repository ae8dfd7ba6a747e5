"""How much of the org's API requests is used, and what that allows. Floor 2.

Each answer names it in `Sforce-Limit-Info`: approximate, a little late, and over the
last 24 hours (REST API limits, read 2026-08). An answer of `/limits` is exact; it
costs a request, and a right that not every integration user has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import Enum, auto
from typing import Any

from worker.crm.notes import Board, number

HEADER = "Sforce-Limit-Info"
NOTE = "usage"
_ORG = re.compile(r"(?<![\w-])api-usage=(\d{1,15})/(\d{1,15})")
_APP = re.compile(r"(?<![\w-])per-app-api-usage=(\d{1,15})/(\d{1,15})")


@dataclass(frozen=True, slots=True)
class Usage:
    """The requests of the last 24 hours, of the org and, where it has one, of the app.

    A limit of 0 is none. `read_at` is in seconds.
    """

    used: int
    limit: int
    read_at: float
    app_used: int = 0
    app_limit: int = 0

    @property
    def percent(self) -> float:
        """The larger of the two shares."""
        pairs = ((self.used, self.limit), (self.app_used, self.app_limit))
        return max(100 * used / limit if limit else 0.0 for used, limit in pairs)


class Allowance(Enum):
    """What of the calls may be written now. Urgent ones always may."""

    ALL = auto()
    SLOWLY = auto()
    URGENT_ONLY = auto()


@dataclass(frozen=True, slots=True)
class Budget:
    """From which share of the limit on usual calls are slowed down, and are paused."""

    slow_percent: int = 80
    pause_percent: int = 95

    def allows(self, usage: Usage | None) -> Allowance:
        """Return what may be written. What is not known holds nothing up."""
        percent = usage.percent if usage else 0.0
        if percent >= self.pause_percent:
            return Allowance.URGENT_ONLY
        return Allowance.SLOWLY if percent >= self.slow_percent else Allowance.ALL


class Meter:
    """The usage as the last answer to any worker named it."""

    def __init__(self, board: Board, clock_seconds: Callable[[], float]) -> None:
        self._board = board
        self._clock_seconds = clock_seconds

    def latest(self) -> Usage | None:
        """Return the usage, or None while nobody knows it."""
        note = self._board.read(NOTE)
        names = ("used", "limit", "app_used", "app_limit")
        counts = {name: int(number(note, name)) for name in names}
        if not counts["limit"]:
            return None
        return Usage(**counts, read_at=number(note, "read_at"))

    def note_headers(self, headers: Mapping[str, str]) -> None:
        """Take the usage of an answer's header, if it has one."""
        usage = parse_limit_info(headers.get(HEADER, ""), self._clock_seconds())
        if usage is not None:
            self._note(usage)

    def note_limits(self, limits: Mapping[str, Any]) -> None:
        """Take the usage of an answer of `/limits`; one that has none is passed by."""
        daily = limits.get("DailyApiRequests")
        if not isinstance(daily, Mapping):
            return
        most, rest = daily.get("Max"), daily.get("Remaining")
        if isinstance(most, int) and isinstance(rest, int) and most > 0:
            now = self._clock_seconds()
            known = self.latest()
            app = (known.app_used, known.app_limit) if known else (0, 0)
            self._note(Usage(most - rest, most, now, *app))

    def _note(self, usage: Usage) -> None:
        self._board.change(NOTE, lambda _: asdict(usage))


def parse_limit_info(text: str, read_at: float) -> Usage | None:
    """Return what a `Sforce-Limit-Info` says of the org, or None."""
    org, app = _ORG.search(text), _APP.search(text)
    if org is None:
        return None
    of_app = (int(app[1]), int(app[2])) if app else (0, 0)
    return Usage(int(org[1]), int(org[2]), read_at, *of_app)
