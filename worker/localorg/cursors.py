"""Query results of more than one page, kept until they are read or pushed out."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from typing import Any

PAGE_SIZE = 2000
_MAX_CURSORS = 20


class QueryCursors:
    """The remembered results, by locator; the oldest go first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._results: OrderedDict[str, list[dict[str, Any]]] = OrderedDict()

    def keep(self, records: list[dict[str, Any]]) -> str:
        """Remember a result; its locator without the position."""
        with self._lock:
            name = f"01gLo{next(self._numbers):010d}"
            self._results[name] = records
            while len(self._results) > _MAX_CURSORS:
                self._results.popitem(last=False)
            return name

    def find(self, name: str) -> list[dict[str, Any]] | None:
        """A remembered result; None if it is gone or never was."""
        with self._lock:
            return self._results.get(name)
