"""One field that takes what each of several would take. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_WIDER = (
    ("boolean", "picklist", "multipicklist", "string", "textarea"),
    ("date", "string", "textarea"),
    ("datetime", "string", "textarea"),
    ("phone", "string", "textarea"),
    ("int", "double", "currency"),
    ("double", "string", "textarea"),
)
_TEXT_LENGTH = 255


def joined(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a describe entry that takes what all of them take; there is one at least.

    Types that have nothing in common make a text.
    """
    result = dict(entries[0])
    for entry in entries[1:]:
        result = _both(result, entry)
    return result


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    kind = _type(one["type"], other["type"])
    both: dict[str, Any] = {**other, **one, "type": kind}
    for size in ("length", "precision", "scale"):
        if size in one or size in other:
            both[size] = max(one.get(size, 0), other.get(size, 0))
    if kind == "string" and {one["type"], other["type"]} != {"string"}:
        both["length"] = max(both.get("length", 0), _TEXT_LENGTH)
    if kind not in ("picklist", "multipicklist"):
        both.pop("picklistValues", None)
        both.pop("restrictedPicklist", None)
    elif "picklistValues" in both:
        values = [*one.get("picklistValues", ()), *other.get("picklistValues", ())]
        both["picklistValues"] = list({v["value"]: v for v in values}.values())
    return both


def _type(one: str, other: str) -> str:
    if one == other:
        return one
    for widening in _WIDER:
        if one in widening and other in widening:
            return max(one, other, key=widening.index)
    return "string"
