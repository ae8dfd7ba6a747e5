"""Which errors pass with fewer records, and which with patience. Floor 3."""

from __future__ import annotations

from worker.crm import RowResult

# Of a whole request that Salesforce gave up: with fewer records it may pass.
TOO_MUCH = frozenset(
    {
        "timeout",
        "ReadTimeout",
        "REQUEST_RUNNING_TOO_LONG",
        "QUERY_TIMEOUT",
        "HTTP 413",
    }
)
# Of a whole request that is refused: a row in it is at fault, or its size.
OF_SOME_ROWS = frozenset(
    {
        "JSON_PARSER_ERROR",
        "INVALID_JSON",
        "REQUEST_TOO_LARGE",
        "EXCEEDED_ID_LIMIT",
        "LIMIT_EXCEEDED",
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "CANNOT_EXECUTE_FLOW_TRIGGER",
    }
)
LOCKED = "UNABLE_TO_LOCK_ROW"
_TRIGGERED = ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER")
# The same for one record at any time; the time that it takes is not.
_COUNTED = "Too many SOQL queries"
_GOVERNORS = (_COUNTED, "CPU time limit")


def is_governed(result: RowResult) -> bool:
    """Return whether triggers or flows met a limit that all rows of a request share."""
    if result.code in ("QUERY_TIMEOUT", "REQUEST_RUNNING_TOO_LONG"):
        return True
    triggered = result.code in _TRIGGERED
    return triggered and any(text in result.message for text in _GOVERNORS)


def is_hopeless(result: RowResult) -> bool:
    """Return whether a row that met such a limit alone would meet it again."""
    return result.code in _TRIGGERED and _COUNTED in result.message


def is_locked(result: RowResult) -> bool:
    """Return whether another transaction held the record, or its parent."""
    if result.code == LOCKED:
        return True
    return result.code in _TRIGGERED and LOCKED in result.message
