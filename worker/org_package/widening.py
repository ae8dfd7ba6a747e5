"""Where an org's field falls short of what is needed, and what would do. Pure.

Fields are only ever widened: longer, more values, more digits, unique, external id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from worker.org_package.needed import Entry
from worker.org_package.types import (
    active_values,
    digits,
    is_custom,
    metadata_type,
    problem,
)

_NUMBERS = ("double", "currency", "percent", "int")
_SIZED = ("string", "textarea", "phone", "email", "url")
_OF_ANY_LENGTH = ("Text", "LongTextArea", "Html")


def shortfalls(entry: Entry, found: Entry) -> Iterator[tuple[str, str]]:
    """Yield kind and message of each shortfall; `found` is of a fitting type."""
    wanted, has = _length(entry), _length(found)
    if 0 < has < wanted:
        yield "length", f"takes {has} characters, and {wanted} are needed"
    if found["type"] in _NUMBERS:
        yield from _digits(entry, found)
    is_key = found.get("externalId") or found.get("idLookup")
    if entry.get("externalId") and not is_key:
        yield "external_id", "is no external id"
    if entry.get("unique") and not found.get("unique") and is_custom(entry["name"]):
        yield "unique", "is not unique"
    if found.get("restrictedPicklist"):
        lacking = [value["value"] for value in _missing_values(entry, found)]
        if lacking:
            yield "picklist", f"lacks the values {', '.join(map(repr, lacking))}"


def _length(entry: Entry) -> int:
    """Return how long a text may be, or 0 where that is no question."""
    return (entry.get("length") or 0) if entry["type"] in _SIZED else 0


def _digits(entry: Entry, found: Entry) -> Iterator[tuple[str, str]]:
    precision, scale = digits(entry)
    has_precision, has_scale = digits(found)
    if has_scale < scale:
        yield "digits", f"has {has_scale} decimals, and {scale} are needed"
    wanted, has = precision - scale, has_precision - has_scale
    if entry.get("precision") and has < wanted:
        yield "digits", f"has {has} digits before the point, and {wanted} are needed"


def _missing_values(entry: Entry, found: Entry) -> list[Entry]:
    known = {value["value"] for value in active_values(found)}
    return [value for value in active_values(entry) if value["value"] not in known]


def widened(entry: Entry, found: Entry) -> dict[str, Any]:
    """Return the org's field as it has to be, with all that it has already."""
    wider = {
        **found,
        "externalId": bool(found.get("externalId") or entry.get("externalId")),
        "unique": bool(found.get("unique") or entry.get("unique")),
    }
    if _length(found):
        wider["length"] = max(_length(found), _length(entry))
    if found.get("restrictedPicklist"):
        added = [{**v, "defaultValue": False} for v in _missing_values(entry, found)]
        wider["picklistValues"] = [*active_values(found), *added]
    if found["type"] in _NUMBERS:
        (precision, scale), (has_precision, has_scale) = digits(entry), digits(found)
        decimals = max(scale, has_scale)
        before = max(precision - scale, has_precision - has_scale)
        if not entry.get("precision"):
            before = has_precision - has_scale
        wider |= {"precision": before + decimals, "scale": decimals}
    return wider


def widening_problem(object_name: str, entry: Entry, found: Entry) -> str | None:
    """Return why the package cannot widen the org's field, or None where it can."""
    if found.get("calculated") or found.get("autoNumber"):
        return "Salesforce fills it itself"
    if found.get("dependentPicklist") or found.get("controllerName"):
        return "its values depend on another field's, which a describe does not tell"
    wider = widened(entry, found)
    kind = metadata_type(found)
    is_longer = _length(wider) != _length(found)
    if metadata_type(wider) != kind or (is_longer and kind not in _OF_ANY_LENGTH):
        return f"a {kind} takes no more"
    return problem(object_name, wider)
