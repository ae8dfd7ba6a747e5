"""What each Salesforce error means: try again or not, and who must do what. Floor 2.

The meanings are in `error_table`; this looks them up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from worker.crm.error_kinds import Act, Where, Who
from worker.crm.error_table import UNKNOWN, find_row

__all__ = [
    "Act",
    "Verdict",
    "Who",
    "fill",
    "login_verdict",
    "request_verdict",
    "row_verdict",
]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The meaning of an error. `hint` says who must do what; `fill` completes it.

    `splits` says that a record which stands for several calls may pass without one of
    them; the others speak of the record itself. `said` is which of the table's texts
    the message has: it tells apart what a code means, and is no payload.
    """

    act: Act
    hint: str
    splits: bool = True
    who: Who = Who.ADMIN
    wait_seconds: float | None = None
    said: str = ""


def row_verdict(code: str, message: str = "") -> Verdict:
    """Return the meaning of a failed record's error."""
    return _verdict(code, message, Where.ROW) or _UNKNOWN


def request_verdict(status: int | None, code: str, message: str = "") -> Verdict:
    """Return the meaning of a request that failed as a whole, or got no answer.

    The code decides, then the status. Without a code there is no word on the data, so
    nothing is parked.
    """
    found = _verdict(code, message, Where.REQUEST)
    found = found or _verdict(f"HTTP {status}", message, Where.REQUEST)
    return found or (_UNKNOWN if code else _NOTHING_SAID)


def login_verdict(status: int | None, code: str, message: str = "") -> Verdict:
    """Return the meaning of a failed login: it is never for good."""
    found = _verdict(code, message, Where.LOGIN)
    found = found or _verdict(f"HTTP {status}", message, Where.LOGIN)
    return found or _NOTHING_SAID


def fill(
    hint: str,
    *,
    object_name: str = "the object",
    fields: Sequence[str] = (),
    place: str = "the mapping",
    matches: Sequence[str] = (),
) -> str:
    """Return a hint with the names that it asks for. `matches` are Salesforce ids."""
    names = [f"{object_name}.{name}" for name in fields]
    return hint.format(
        object=object_name,
        field=", ".join(names) or f"a field of {object_name}",
        place=place,
        matches=f" ({', '.join(matches)})" if matches else "",
    )


def _verdict(code: str, message: str, where: Where) -> Verdict | None:
    row = find_row(code, message, where)
    if row is None:
        return None
    said = row.found_in(message) or ""
    return Verdict(row.act, row.hint, row.splits, row.who, row.wait.value, said)


_UNKNOWN = Verdict(UNKNOWN.act, UNKNOWN.hint, who=UNKNOWN.who)
_NOTHING_SAID = Verdict(
    Act.RETRY, "see that the URL is the org's, and what stands before it", who=Who.ADMIN
)
