"""What each Salesforce error means: try again or not, and who must do what. Floor 2.

Facts: the REST API's error reference and recordings of real orgs, read 2026-08. Decide
by the code first: one status holds both what a retry cures and what it does not.
Messages are only looked into where one code means two things. Unknown codes are parked
under their own name and never loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Act(Enum):
    """What to do about a failed record."""

    RETRY = auto()
    PARK = auto()
    SEND_WITHOUT_INSERT_ONLY = auto()
    SEND_AGAIN = auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The meaning of an error. `hint` says who must do what.

    `splits` says that a record which stands for several calls may pass without one of
    them; the others speak of the record itself.
    """

    act: Act
    hint: str
    splits: bool = True


_RETRY = Verdict(Act.RETRY, "nothing to do: it is tried again")
_LOCKED = Verdict(Act.RETRY, "nothing to do: it is tried again", splits=False)
_RIGHTS = Verdict(
    Act.PARK,
    "give the integration user the right to write this object and its fields",
    splits=False,
)
_FIELD = Verdict(
    Act.PARK,
    "create the field, or give the integration user access, or change the mapping",
)
_GONE = Verdict(
    Act.PARK,
    "the record that is referred to is gone: correct the reference and replay",
    splits=False,
)
_VALUE = Verdict(Act.PARK, "the field does not take this value: change the mapping")

_ROW_VERDICTS = {
    "UNABLE_TO_LOCK_ROW": _LOCKED,
    "UNKNOWN_EXCEPTION": _RETRY,
    "QUERY_TIMEOUT": _RETRY,
    "REQUEST_RUNNING_TOO_LONG": _RETRY,
    "SERVER_UNAVAILABLE": _RETRY,
    "DUPLICATE_EXTERNAL_ID": _RETRY,
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": _RETRY,
    "PROCESSING_HALTED": _RETRY,
    "STORAGE_LIMIT_EXCEEDED": _RETRY,
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": _RETRY,
    "INVALID_FIELD_FOR_INSERT_UPDATE": Verdict(
        Act.SEND_WITHOUT_INSERT_ONLY,
        "the field cannot be written: mark it insert_only, or give access to it",
    ),
    "DUPLICATE_VALUE": Verdict(
        Act.SEND_AGAIN,
        "another record has this unique value: merge the two and replay",
    ),
    "DUPLICATES_DETECTED": Verdict(
        Act.PARK,
        "a duplicate rule stops the record: merge, or relax the rule",
        splits=False,
    ),
    "MORE_THAN_ONE_RECORD": Verdict(
        Act.PARK, "several records have this external id: merge them and replay"
    ),
    "REQUIRED_FIELD_MISSING": Verdict(
        Act.PARK, "the object requires the field: give it a value in the mapping"
    ),
    "STRING_TOO_LONG": Verdict(
        Act.PARK, "the text is too long: use `as: {truncate: N}` or a longer field"
    ),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Verdict(
        Act.PARK, "the picklist lacks the value: add it in Setup, or map it"
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Verdict(
        Act.PARK, "a validation rule of the org refuses the record: see its rules"
    ),
    "INVALID_FIELD": _FIELD,
    "INVALID_CROSS_REFERENCE_KEY": _GONE,
    "ENTITY_IS_DELETED": _GONE,
    "MALFORMED_ID": _GONE,
    "ENTITY_IS_LOCKED": Verdict(
        Act.PARK,
        "the record is locked, as in an approval: unlock it and replay",
        splits=False,
    ),
    "INSUFFICIENT_ACCESS": _RIGHTS,
    "INSUFFICIENT_ACCESS_OR_READONLY": _RIGHTS,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": _RIGHTS,
    "FIELD_INTEGRITY_EXCEPTION": _VALUE,
    "NUMBER_OUTSIDE_VALID_RANGE": _VALUE,
    "INVALID_EMAIL_ADDRESS": _VALUE,
    "JSON_PARSER_ERROR": _VALUE,
    "INVALID_TYPE": Verdict(
        Act.PARK, "the org has no such object, or hides it: create it or give access"
    ),
    "NOT_FOUND": Verdict(
        Act.PARK, "the external id field does not exist, or is hidden: see the mapping"
    ),
}

_UNKNOWN = Verdict(Act.PARK, "look the code up in Salesforce's documentation")

# A trigger or a flow failed: only these of its reasons pass by themselves.
_CUSTOM_CODE = ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER")
_PASSING = ("UNABLE_TO_LOCK_ROW", "Too many SOQL queries", "CPU time limit")

_FOREIGN_KEY = Verdict(
    Act.PARK, "the record that is referred to does not exist yet: create it and replay"
)

# Of a whole request: the org or the network cannot now, whatever the status.
RETRY_CODES = frozenset(
    {
        "API_DISABLED_FOR_ORG",
        "API_CURRENTLY_DISABLED",
        "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
        "LOGIN_RATE_EXCEEDED",
        "ORG_IN_MAINTENANCE",
        "QUERY_TIMEOUT",
        "REQUEST_LIMIT_EXCEEDED",
        "REQUEST_RUNNING_TOO_LONG",
        "SERVER_UNAVAILABLE",
        "STORAGE_LIMIT_EXCEEDED",
        "TXN_SECURITY_METERING_ERROR",
        "UNABLE_TO_LOCK_ROW",
        "UNKNOWN_EXCEPTION",
        "UNSUPPORTED_API_VERSION",
    }
)
RETRY_STATUSES = frozenset({408, 410, 420, 429, 500, 502, 503, 504})


def row_verdict(code: str, message: str = "") -> Verdict:
    """Return the meaning of a failed record's error."""
    if code in _CUSTOM_CODE:
        passing = any(reason in message for reason in _PASSING)
        return _RETRY if passing else _UNKNOWN_CUSTOM
    if code == "INVALID_FIELD" and message.startswith("Foreign key external ID"):
        return _FOREIGN_KEY
    if code == "DUPLICATE_EXTERNAL_ID" and "more than one record" in message.lower():
        return _ROW_VERDICTS["MORE_THAN_ONE_RECORD"]
    return _ROW_VERDICTS.get(code, _UNKNOWN)


def retry_after_seconds(code: str, message: str) -> float | None:
    """Return how long to leave the org alone; None where the usual backoff does."""
    if code == "LOGIN_RATE_EXCEEDED":
        return 3600.0
    if code == "REQUEST_LIMIT_EXCEEDED" and message.startswith("TotalRequests"):
        return 600.0
    return None


_UNKNOWN_CUSTOM = Verdict(
    Act.PARK, "a trigger or flow of the org failed on the record: ask its developer"
)
