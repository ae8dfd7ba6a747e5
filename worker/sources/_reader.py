"""Parse a delivery's JSON strictly; read values that know their path. Floor 1, pure.

Whatever the bytes are, the answer is a value or `BadPayload`, in linear time. Refused
is what a later floor could not store or would read in two ways: a key twice, NaN,
numbers out of all measure, NUL characters and halves of surrogate pairs.

Facts: RFC 8259; PostgreSQL's text stores no NUL; UTF-8 encodes no lone surrogate.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Any, Final

from worker.errors import BadPayload

STRING: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
"""A JSON string in running text; one that never ends reaches to the end."""

_TEXT_LENGTH = 512
_NUMBER_LENGTH = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_TOKEN = re.compile(STRING + r"|[\[{]|[\]}]", re.DOTALL)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)", re.ASCII
)
_MISSING: Final = object()


def parse_json(body: bytes, *, max_depth: int = 64) -> Any:
    """Return the value of a JSON text. Raises `BadPayload` at `$`."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise BadPayload("$", "is not UTF-8") from None
    if text.startswith("\ufeff"):
        raise BadPayload("$", "begins with a byte order mark")
    _check_depth(text, max_depth)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as fault:
        raise BadPayload("$", f"is not JSON from character {fault.pos} on") from None
    # Raw NUL and raw surrogates did not pass the decoders: only an escape makes one.
    if "\\u" in text:
        _check_texts(value)
    return value


def utc_time(text: str) -> datetime:
    """Return the time of an ISO-8601 text with `Z` or an offset, in UTC.

    Raises ValueError, also for a year outside 2000 to 2099: near the ends of the
    calendar a later change of time zone would overflow.
    """
    found = _TIME.fullmatch(text)
    if not found:
        raise ValueError("not ISO-8601 with a zone")
    day, clock, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{fraction or ''}{zone}")
    except ValueError:
        # Its message would quote the text, which may be a payload's.
        raise ValueError("no time of the calendar") from None
    if not 2000 <= moment.year < 2100:
        raise ValueError("not in 2000 to 2099")
    return moment.astimezone(UTC)


class Reader:
    """A parsed JSON value that knows its path, such as `$.payload.callId`.

    What an event cannot be without is asked for by `text`, `object` and so on, which
    raise `BadPayload`. The `..._or_none` methods never raise: a signed call is not
    refused, and so lost, because a field that it may lack is of another type.
    """

    __slots__ = ("_value", "path")

    def __init__(self, value: Any, path: str = "$") -> None:
        self._value = value
        self.path = path

    def __getitem__(self, key: str) -> Reader:
        """Return the member: missing where this value itself is missing or null."""
        members = self.object_or_none() or {}
        return self._member(members.get(key, _MISSING), f".{key}")

    def first(self) -> Reader:
        """Return a list's first item: missing where there is none."""
        items = self._value if isinstance(self._value, list) else []
        return self._member(items[0] if items else _MISSING, "[0]")

    def text(self) -> str:
        """Return the text, which is neither blank nor longer than 512 characters."""
        value = self._present()
        if not isinstance(value, str):
            raise self._fault("is not text")
        if not value.strip():
            raise self._fault("is blank")
        if len(value) > _TEXT_LENGTH:
            raise self._fault(f"is longer than {_TEXT_LENGTH} characters")
        return value

    def text_or_none(self) -> str | None:
        """Return the text, or None where there is none, or it is blank.

        A whole number counts as its digits: account numbers arrive as either.
        """
        if isinstance(self._value, int) and not isinstance(self._value, bool):
            return str(self._value)
        try:
            return self.text()
        except BadPayload:
            return None

    def name(self) -> str:
        """Return an event's name: at most 100 of letters, digits, `.`, `_` and `-`."""
        name = self.text()
        if not _NAME.fullmatch(name):
            raise self._fault("is not an event name")
        return name

    def timestamp(self) -> datetime:
        """Return the time, in UTC."""
        text = self.text()
        try:
            return utc_time(text)
        except ValueError as problem:
            raise self._fault(f"is no time: {problem}") from None

    def timestamp_or_none(self) -> datetime | None:
        """Return the time in UTC, or None where there is none."""
        try:
            return self.timestamp()
        except BadPayload:
            return None

    def object(self) -> dict[str, Any]:
        """Return the object."""
        value = self._present()
        if not isinstance(value, dict):
            raise self._fault("is not an object")
        return value

    def object_or_none(self) -> dict[str, Any] | None:
        """Return the object, or None where there is none."""
        return self._value if isinstance(self._value, dict) else None

    def _member(self, value: Any, step: str) -> Reader:
        return Reader(value, self.path + step)

    def _present(self) -> Any:
        if self._value is _MISSING:
            raise self._fault("missing")
        if self._value is None:
            raise self._fault("is null")
        return self._value

    def _fault(self, problem: str) -> BadPayload:
        return BadPayload(self.path, problem)


def _check_depth(text: str, max_depth: int) -> None:
    """Refuse deep nesting before the parser, which recurses, meets it."""
    if text.count("[") + text.count("{") <= max_depth:
        return  # Most bodies: so many could not be deeper.
    depth = 0
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first in "[{":
            depth += 1
            if depth > max_depth:
                raise BadPayload("$", f"is nested deeper than {max_depth} levels")
        elif first in "]}":
            depth -= 1


def _check_texts(value: Any) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, str) and _UNSTORABLE.search(item):
            raise BadPayload("$", "has a NUL or half a surrogate pair in a text")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise BadPayload("$", "has an object with the same key twice")
    return members


def _whole(digits: str) -> int:
    if len(digits) > _NUMBER_LENGTH:
        raise BadPayload("$", "has a number out of all measure")
    return int(digits)


def _real(digits: str) -> float:
    number = float(digits) if len(digits) <= _NUMBER_LENGTH else math.inf
    if not math.isfinite(number):
        raise BadPayload("$", "has a number out of all measure")
    return number


def _no_number(word: str) -> float:
    raise BadPayload("$", f"has {word}, which is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_whole,
    parse_float=_real,
    parse_constant=_no_number,
)
