"""Which Salesforce id an external id had, for a while. Floor 3.

Most calls are of debtors who were called before: their look-up is saved. Only what
Salesforce itself keeps unique may be remembered, and never that nobody was found.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection

MOST_LINKS = 10_000

_Key = tuple[str, str, str]


class LinkCache:
    """The ids of one worker process, each for so many seconds; with 0 it keeps none.

    `clock` gives seconds from any start. The ids used longest ago go first.
    """

    def __init__(
        self, seconds: float, clock: Callable[[], float], most: int = MOST_LINKS
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._most = most
        self._links: OrderedDict[_Key, tuple[str, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._links)

    def get(self, object_name: str, field: str, value: str) -> str | None:
        """Return the id of the record with this value, if it is known and fresh."""
        key = (object_name, field, value.lower())
        salesforce_id, until = self._links.get(key, (None, 0.0))
        if salesforce_id is None:
            return None
        if self._clock() >= until:
            del self._links[key]
            return None
        self._links.move_to_end(key)
        return salesforce_id

    def put(self, object_name: str, field: str, value: str, salesforce_id: str) -> None:
        """Remember the one record that Salesforce has just found or written."""
        if self._seconds <= 0:
            return
        key = (object_name, field, value.lower())
        self._links[key] = salesforce_id, self._clock() + self._seconds
        self._links.move_to_end(key)
        if len(self._links) > self._most:
            self._links.popitem(last=False)

    def forget(self, salesforce_ids: Collection[str]) -> None:
        """Drop records that Salesforce says are gone."""
        gone = set(salesforce_ids)
        for key in [k for k, (known, _) in self._links.items() if known in gone]:
            del self._links[key]


NO_CACHE = LinkCache(0, clock=lambda: 0.0)
