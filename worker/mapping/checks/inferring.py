"""What a field would have to be for what a mapping gives it. Floor 1, pure."""

from __future__ import annotations

from typing import Any

from worker.mapping.checks.notes import Notes
from worker.mapping.checks.values import ValueType, value_type
from worker.mapping.payload_types.types import TEXTS
from worker.mapping.spec import FieldSpec

LONGEST_TEXT = 255
LONG_TEXT = 32_768
_MONEY = "to_money"
_PHONES = ("to_e164", "to_national", "phone_digits")


def infer_field(field: FieldSpec, notes: Notes) -> dict[str, Any]:
    """Return type and size, as describe gives them, of a field that would fit.

    What the value can be is as `notes` knows it; its findings are of no account here.
    """
    found = value_type(field.value, notes)
    last = field.value.steps[-1].transform.name if field.value.steps else ""
    if field.policy == "sticky" or found.kinds == {"boolean"}:
        return {"type": "boolean"}
    if field.policy == "append":
        return {"type": "textarea", "length": LONG_TEXT}
    if last == _MONEY:
        return {"type": "currency", "precision": 18, "scale": 2}
    if last in _PHONES:
        return {"type": "phone", "length": 40}
    return _of_type(found)


def _of_type(found: ValueType) -> dict[str, Any]:
    if found.labels is not None and found.kinds <= TEXTS:
        return _picklist(found)
    if found.kinds in ({"date"}, {"datetime"}):
        (kind,) = found.kinds
        return {"type": kind}
    if found.kinds == {"integer"}:
        return {"type": "double", "precision": 18, "scale": 0}
    if found.kinds <= {"integer", "number"} and found.kinds:
        return {"type": "double", "precision": 18, "scale": 2}
    length = found.max_length
    if length is not None and length <= LONGEST_TEXT:
        return {"type": "string", "length": max(length, 1)}
    return {"type": "textarea", "length": max(length or 0, LONG_TEXT)}


def _picklist(found: ValueType) -> dict[str, Any]:
    values = [
        {"active": True, "defaultValue": False, "label": label, "value": label}
        for label in sorted(found.labels or ())
        if label
    ]
    return {
        "type": "multipicklist" if found.is_several else "picklist",
        "restrictedPicklist": True,
        "picklistValues": values,
    }
