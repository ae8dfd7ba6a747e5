"""A clock that a test sets, for a process that has this folder on its PYTHONPATH.

`CLOCK_FILE` holds the seconds that it is ahead; they are read anew at each look. What
is monotonic is not moved.
"""

from __future__ import annotations

import datetime
import os
import time
from pathlib import Path

FILE = Path(os.environ["CLOCK_FILE"])
_true_time = time.time
_TrueDatetime = datetime.datetime


def set_time() -> float:
    return _true_time() + float(FILE.read_text(encoding="utf-8"))


class _AsTrue(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _TrueDatetime)


class SetDatetime(_TrueDatetime, metaclass=_AsTrue):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
        return cls.fromtimestamp(set_time(), tz)

    @classmethod
    def utcnow(cls) -> datetime.datetime:
        return cls.now(datetime.UTC).replace(tzinfo=None)


SetDatetime.__module__ = "datetime"
SetDatetime.__name__ = SetDatetime.__qualname__ = "datetime"
time.time = set_time
datetime.datetime = SetDatetime
