"""Person accounts, where the describe of Account has `IsPersonAccount`.

Record types decide in Salesforce; here a new Account with a LastName and no Name is a
person. Left out: the contact that Salesforce makes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.localorg.messages import Problem, Refused
from worker.localorg.schema import Field, SObject

_OF_PERSONS = ("FirstName", "MiddleName", "LastName", "Salutation", "Suffix")


def check_kind(
    sobject: SObject, given: list[tuple[Field, Any]], stored: Mapping[str, Any] | None
) -> tuple[Field, ...]:
    """Refuse fields of the other kind of account, and give those that this one needs.

    `stored` None means a create.
    """
    filled = [field.name for field, value in given if value not in (None, "")]
    if stored is None:
        is_person = "LastName" in filled and "Name" not in filled
        names = filled
    else:
        is_person = bool(stored["IsPersonAccount"])
        names = [field.name for field, _ in given]
    bad = [name for name in names if _is_bad(name, is_person=is_person)]
    if bad:
        text = f"bad field names on insert/update call: {', '.join(bad)}"
        code = "INVALID_FIELD_FOR_INSERT_UPDATE"
        raise Refused(Problem(code, f"{sobject.name}: {text}", tuple(bad)))
    if not is_person:
        return sobject.required
    rest = [field for field in sobject.required if field.name != "Name"]
    return (*rest, sobject.fields_by_name["lastname"])


def _is_bad(name: str, *, is_person: bool) -> bool:
    if is_person:
        return name == "Name"
    return name in _OF_PERSONS or name.startswith("Person") or name.endswith("__pc")
