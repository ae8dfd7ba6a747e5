"""Small notes that all workers share, by name, in Redis. Floor 2.

They hold moments, counts and codes: no payload and no token. Where Redis is away each
process goes on with the notes as it knew them last, and asks Redis again a little
later. A note that nobody changes for a day is gone.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any

from redis import Redis, WatchError
from redis.exceptions import RedisError

from worker.errors import BrokerUnavailable

Note = dict[str, Any]

PREFIX = "crm-sync:"
KEPT_SECONDS = 86_400
TIMEOUT_SECONDS = 0.5
SILENCE_SECONDS = 5.0
MOST_RACES = 100

log = logging.getLogger(__name__)


class OwnBoard:
    """The notes of one process. A note that nobody wrote is empty."""

    def __init__(self, notes: Mapping[str, Note] | None = None) -> None:
        self._notes = dict(notes or {})
        self._lock = Lock()

    def read(self, name: str) -> Note:
        """Return a note."""
        return dict(self._notes.get(name, {}))

    def change(self, name: str, change: Callable[[Note], Note]) -> None:
        """Replace a note by what `change` makes of it."""
        with self._lock:
            self._notes[name] = change(self.read(name))

    def close(self) -> None:
        """Do nothing: nothing is open."""


class RedisBoard:
    """The notes of all workers. `clock_seconds` tells when Redis is asked again."""

    def __init__(self, redis: Redis, clock_seconds: Callable[[], float]) -> None:
        self._redis = redis
        self._clock_seconds = clock_seconds
        self._silent_until = 0.0
        self._own = OwnBoard()

    def read(self, name: str) -> Note:
        """Return a note."""
        if not self._is_silent():
            try:
                self._keep(name, _note(self._redis.get(PREFIX + name)))
            except RedisError as error:
                self._be_silent(error)
        return self._own.read(name)

    def change(self, name: str, change: Callable[[Note], Note]) -> None:
        """Replace a note by what `change` makes of it, as one step for all workers.

        `change` is called again where another worker was faster.
        """
        if not self._is_silent():
            try:
                self._keep(name, self._change(PREFIX + name, change))
                return
            except RedisError as error:
                self._be_silent(error)
        self._own.change(name, change)

    def snapshot(self, names: Sequence[str]) -> OwnBoard:
        """Return these notes as Redis has them now. Raises `BrokerUnavailable`.

        It is one request, and what this process knew of them is passed by.
        """
        try:
            texts: Any = self._redis.mget([PREFIX + name for name in names])
        except RedisError as error:
            raise BrokerUnavailable(type(error).__name__) from None
        return OwnBoard(dict(zip(names, map(_note, texts), strict=True)))

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def _change(self, key: str, change: Callable[[Note], Note]) -> Note:
        with self._redis.pipeline() as pipe:
            for _ in range(MOST_RACES):
                pipe.watch(key)  # type: ignore[no-untyped-call]
                before = _note(pipe.get(key))
                after = change(before)
                if after == before:
                    return after
                pipe.multi()
                pipe.set(key, json.dumps(after), ex=KEPT_SECONDS)
                try:
                    pipe.execute()
                except WatchError:
                    continue
                return after
        raise RedisError("others were faster each time")

    def _keep(self, name: str, note: Note) -> None:
        self._own.change(name, lambda _: note)

    def _is_silent(self) -> bool:
        return self._clock_seconds() < self._silent_until

    def _be_silent(self, error: RedisError) -> None:
        self._silent_until = self._clock_seconds() + SILENCE_SECONDS
        log.warning("notes are not shared: Redis: %s", type(error).__name__)


def _note(text: Any) -> Note:
    """Return a note out of Redis; what is none, as of another version, is empty."""
    try:
        note = json.loads(text or "{}")
    except ValueError:
        return {}
    return note if isinstance(note, dict) else {}
