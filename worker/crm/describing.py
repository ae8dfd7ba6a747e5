"""What a live org says of its objects, one API request an object. Floor 2.

Salesforce answers with what the logged-in user may see: a field without read access is
absent, and an object without it is not found (object reference, read 2026-08).
"""

from __future__ import annotations

import re
from typing import Any, Protocol

from worker.errors import CrmRefused, CrmUnavailable

# The longest has a namespace (15), two underscores, a name (40) and a suffix.
_API_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_ABSENT = frozenset({"NOT_FOUND", "INVALID_TYPE"})


class Describer(Protocol):
    """What can ask an org: a `SalesforceCrm`."""

    def describe(self, object_name: str) -> dict[str, Any]:
        """Return an object and its fields, as far as the user may see them."""


def is_api_name(name: str) -> bool:
    """Return whether the name may stand in a URL and name a file."""
    return _API_NAME.fullmatch(name) is not None


def describe(crm: Describer, name: str) -> dict[str, Any] | None:
    """Return an object's describe, or None where the org has none or hides it.

    Raises `CrmRefused`, also for what is no API name, and `CrmUnavailable`.
    """
    if not is_api_name(name):
        raise CrmRefused("INVALID_NAME", f"{name!r} is no API name of an object")
    try:
        described = crm.describe(name)
    except CrmRefused as error:
        if error.code in _ABSENT:
            return None
        raise
    if not _is_describe(described):
        raise CrmUnavailable("answer that is no describe")
    return described


def _is_describe(answer: Any) -> bool:
    if not isinstance(answer, dict) or not is_api_name(str(answer.get("name"))):
        return False
    fields = answer.get("fields")
    return isinstance(fields, list) and all(
        isinstance(field, dict) and isinstance(field.get("name"), str)
        for field in fields
    )
