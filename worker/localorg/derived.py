"""Fields that an org fills in by itself: compound names, auto-numbers, the owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.localorg.oauth import RUNNING_USER_ID
from worker.localorg.schema import SObject

_USER_FIELDS = ("OwnerId", "CreatedById", "LastModifiedById")


def derived_values(
    sobject: SObject, values: Mapping[str, Any], *, new_number: int | None
) -> dict[str, Any]:
    """What follows from the values to be stored; `new_number` None means an update."""
    derived: dict[str, Any] = {}
    is_business = sobject.has_persons and not values.get("LastName")
    if sobject.has_persons and not is_business:
        derived["IsPersonAccount"] = True
    if sobject.name_parts and not is_business:
        parts = (values.get("FirstName"), values.get("LastName"))
        derived["Name"] = " ".join(part for part in parts if part) or None
    if new_number is None:
        return derived
    for field in sobject.fields:
        if field.described["autoNumber"]:
            derived[field.name] = f"{new_number:06d}"
        elif field.name in _USER_FIELDS and values.get(field.name) is None:
            derived[field.name] = RUNNING_USER_ID
    return derived
