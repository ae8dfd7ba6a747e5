"""What reached the org: API requests, by path, and logins; and a day's allowance."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

DAILY_API_REQUESTS = 15_000


class RequestStats:
    """Counters that any thread may raise.

    A request counts when it arrives, also if it is then refused or dropped, so that
    the numbers are what a client sent.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_path: Counter[str] = Counter()
        self._logins = 0
        self._max = DAILY_API_REQUESTS
        self._others = 0

    def count_api_request(self, label: str) -> None:
        """Count a request under a label such as `PATCH composite/sobjects/Task`."""
        with self._lock:
            self._by_path[label] += 1

    def count_login(self) -> None:
        """Count a request to the token endpoint, which costs no API request."""
        with self._lock:
            self._logins += 1

    def reset(self) -> None:
        """Start again from zero."""
        with self._lock:
            self._by_path.clear()
            self._logins = 0

    def snapshot(self) -> dict[str, Any]:
        """The counts so far."""
        with self._lock:
            return {
                "api_requests": self._by_path.total(),
                "logins": self._logins,
                "by_path": dict(sorted(self._by_path.items())),
            }

    def limit(self, max_requests: int, used_by_others: int = 0) -> None:
        """Set the allowance of a day, and what other clients have used of it."""
        with self._lock:
            self._max, self._others = max_requests, used_by_others

    def allowance(self) -> tuple[int, int]:
        """The requests that were used of the day's allowance, and the allowance."""
        with self._lock:
            return self._by_path.total() + self._others, self._max

    def limit_info(self) -> str:
        """The text of `Sforce-Limit-Info`."""
        used, most = self.allowance()
        return f"api-usage={used}/{most}"
