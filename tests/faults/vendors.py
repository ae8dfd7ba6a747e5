"""Vendors at work: they post, post again what is not taken, and repeat themselves."""

from __future__ import annotations

import heapq
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random

import requests

from tests.e2e.deliveries import Vendor

from .calls import Call

POSTS_AT_ONCE = 6
# The first wait of a vendor whose post was not taken doubles up to the longest.
AGAIN_SECONDS, LONGEST_SECONDS = 0.4, 2.0
LATE_SECONDS = (0.1, 3.0)
LATE_SHARE = 0.3
REPEATED_SHARE = 0.15
TAKEN = ("accepted", "duplicate", "ignored")


@dataclass(order=True, slots=True)
class Post:
    """One body that is to be posted, when its time has come."""

    due: float
    number: int
    call: Call = field(compare=False)
    revision: int = field(compare=False)
    is_repeat: bool = field(default=False, compare=False)
    failed: int = field(default=0, compare=False)


@dataclass(slots=True)
class Tally:
    """What the vendors were told: the event of each body, and how often what."""

    events: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    posted: int = 0
    repeated: int = 0


class Load:
    """Posts calls at a rate from threads, until it is told to stop and all are taken.

    `random` decides what comes late, twice, and when an attempt is made again.
    """

    def __init__(
        self, vendor: Vendor, calls: Iterator[Call], per_second: float, random: Random
    ) -> None:
        self.tally = Tally()
        self._vendor = vendor
        self._calls = calls
        self._per_second = per_second
        self._random = random
        self._lock = threading.Lock()
        self._queue: list[Post] = []
        self._flying = 0
        self._number = 0

    def run(self, stop: threading.Event, patience_seconds: float) -> None:
        """Post until the stop, then what is left, as long as patience lasts."""
        next_at = time.monotonic()
        deadline = None
        with ThreadPoolExecutor(POSTS_AT_ONCE) as pool:
            while deadline is None or time.monotonic() < deadline:
                now = time.monotonic()
                if deadline is None and stop.is_set():
                    deadline = now + patience_seconds
                while deadline is None and next_at <= now:
                    self._add(next(self._calls), next_at)
                    next_at += 1 / self._per_second
                for post in self._due(now):
                    pool.submit(self._post, post)
                if deadline is not None and self._is_done():
                    return
                time.sleep(0.005)

    def _add(self, call: Call, at: float) -> None:
        self.tally.calls[call.id] = call
        for revision in range(len(call.bodies)):
            is_late = revision or self._random.random() < LATE_SHARE
            due = at + (self._random.uniform(*LATE_SECONDS) if is_late else 0.0)
            self._push(due, call, revision)
            if self._random.random() < REPEATED_SHARE:
                again = due + self._random.uniform(0.0, LATE_SECONDS[1])
                self._push(again, call, revision, is_repeat=True)

    def _push(
        self, due: float, call: Call, revision: int, *, is_repeat: bool = False
    ) -> None:
        with self._lock:
            self._number += 1
            post = Post(due, self._number, call, revision, is_repeat)
            heapq.heappush(self._queue, post)

    def _push_again(self, post: Post) -> None:
        longest = min(AGAIN_SECONDS * 2**post.failed, LONGEST_SECONDS)
        post.due = time.monotonic() + longest * self._random.uniform(0.5, 1)
        post.failed += 1
        with self._lock:
            heapq.heappush(self._queue, post)

    def _due(self, now: float) -> list[Post]:
        """Take what is due, but no more than the threads can post."""
        found = []
        with self._lock:
            while self._flying < 2 * POSTS_AT_ONCE:
                if not self._queue or self._queue[0].due > now:
                    break
                found.append(heapq.heappop(self._queue))
                self._flying += 1
        return found

    def _is_done(self) -> bool:
        with self._lock:
            return not self._queue and not self._flying

    def _post(self, post: Post) -> None:
        call = post.call
        try:
            answer = self._vendor.post(call.vendor, call.bodies[post.revision])
            status, told = answer.status_code, answer.json()
        except (requests.RequestException, ValueError):
            status, told = 0, {}
        word = told.get("status", "") if status == 200 else str(status or "no answer")
        with self._lock:
            tally = self.tally
            tally.posted += 1
            tally.repeated += post.is_repeat and word in TAKEN
            tally.answers[word] += 1
            if word in TAKEN:
                key = (call.id, post.revision)
                tally.events.setdefault(key, set()).add(int(told["event"]))
        if word not in TAKEN:
            self._push_again(post)
        with self._lock:
            self._flying -= 1
