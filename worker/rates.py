"""How often something may be done: token buckets in memory. Floor 1, pure.

Each process counts for itself. A clock that is put back gives nothing away and takes
nothing: no time has passed then.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime

MOST_KEYS = 10_000


class Rates:
    """A bucket for each key, of `per_minute` tokens, which a minute refills.

    The keys used least recently are forgotten, so that memory stays bounded.
    """

    def __init__(self, per_minute: int, most_keys: int = MOST_KEYS) -> None:
        self._size = float(per_minute)
        self._per_second = per_minute / 60
        self._most_keys = most_keys
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, now: datetime) -> float:
        """Take a token and return 0, or the seconds until there is one."""
        with self._lock:
            tokens, then = self._buckets.get(key, (self._size, now))
            passed_seconds = max(0.0, (now - then).total_seconds())
            tokens = min(self._size, tokens + passed_seconds * self._per_second)
            wait_seconds = max(0.0, (1 - tokens) / self._per_second)
            if not wait_seconds:
                tokens -= 1
            self._buckets[key] = (tokens, now)
            self._buckets.move_to_end(key)
            if len(self._buckets) > self._most_keys:
                self._buckets.popitem(last=False)
            return wait_seconds

    def give_back(self, key: str) -> None:
        """Undo a take, of what turned out not to count."""
        with self._lock:
            if key in self._buckets:
                tokens, then = self._buckets[key]
                self._buckets[key] = (min(self._size, tokens + 1), then)
