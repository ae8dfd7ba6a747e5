"""Whether two values are the same to Salesforce. Floor 4.

It answers with other texts than it was sent: moments with `.000+0000`, numbers rounded
to the field's scale, texts without blanks around them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

ID_CHARACTERS = 15


def is_same(one: Any, other: Any, described: Mapping[str, Any] | None) -> bool:
    """Return whether a field, as described, would not change between the two."""
    return bool(plain(one, described) == plain(other, described))


def is_empty(value: Any) -> bool:
    """Return whether it is null, false, or a text without anything in it."""
    return (
        value is None
        or value is False
        or (isinstance(value, str) and not value.strip())
    )


def plain(value: Any, described: Mapping[str, Any] | None) -> Any:
    """Return a value as all those are that Salesforce does not tell apart."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    kind = str(described["type"]) if described else ""
    read = _KINDS.get(kind)
    if read is None or described is None:
        return _text(value, {})
    try:
        return read(value, described)
    except (ValueError, InvalidOperation):
        return _text(value, {})


def _text(value: Any, _described: Mapping[str, Any]) -> Any:
    """Return a text with line feeds for line ends; what is no text as it is."""
    if not isinstance(value, str):
        return value
    return value.replace("\r\n", "\n").replace("\r", "\n").strip()


def _moment(value: Any, _described: Mapping[str, Any]) -> int:
    # Salesforce keeps whole seconds.
    return int(datetime.fromisoformat(str(value)).timestamp())


def _number(value: Any, described: Mapping[str, Any]) -> Decimal:
    number = Decimal(str(value))
    if described.get("precision"):
        scale = Decimal(1).scaleb(-int(described["scale"]))
        return number.quantize(scale, ROUND_HALF_UP).normalize()
    return number.normalize()


def _values(value: Any, _described: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(part.strip() for part in str(value).split(";"))


def _id(value: Any, _described: Mapping[str, Any]) -> str:
    text = str(value)
    return text[:ID_CHARACTERS] if len(text) == ID_CHARACTERS + 3 else text


_KINDS: Mapping[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "datetime": _moment,
    "int": _number,
    "long": _number,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "multipicklist": _values,
    "reference": _id,
    "id": _id,
}
