"""What a login gives, and who remembers it: this process, or all of them. Floor 2."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from worker.errors import CrmUnavailable


@dataclass(frozen=True, slots=True)
class Grant:
    """An access token and the host that it is for."""

    instance_url: str
    token: str = field(repr=False)


LogIn = Callable[[], Grant]


class Tokens(Protocol):
    """What sessions ask of whoever keeps their token between logins."""

    def obtain(self, log_in: LogIn) -> Grant:
        """Return a token, by a login where there is none. Raises `CrmUnavailable`."""

    def drop(self, token: str) -> None:
        """Give a token up that was refused, unless a newer one is there."""

    def pause(self, code: str, seconds: float) -> bool:
        """Let nobody log in for so long; return whether anybody still might have."""

    def close(self) -> None:
        """Close the connections."""


class OwnTokens:
    """Nothing is shared: the session itself holds its token, and only pauses last."""

    def __init__(self, clock_seconds: Callable[[], float] = time.monotonic) -> None:
        self._clock_seconds = clock_seconds
        self._paused_by = ""
        self._paused_until = 0.0

    def obtain(self, log_in: LogIn) -> Grant:
        """Log in. Raises `CrmUnavailable`."""
        left_seconds = self._left_seconds()
        if left_seconds > 0:
            raise CrmUnavailable(self._paused_by, left_seconds)
        return log_in()

    def drop(self, token: str) -> None:
        """Do nothing: nothing is kept."""

    def pause(self, code: str, seconds: float) -> bool:
        """Let this process not log in for so long; return whether it still might."""
        if self._left_seconds() > 0:
            return False
        self._paused_by = code
        self._paused_until = self._clock_seconds() + seconds
        return True

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def _left_seconds(self) -> float:
        return self._paused_until - self._clock_seconds() if self._paused_by else 0.0
