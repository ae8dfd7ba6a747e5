"""What a row of the error table is made of. Floor 2."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from fnmatch import fnmatchcase


class Act(Enum):
    """What to do about an error."""

    RETRY = auto()
    ASK_AGAIN = auto()
    LOG_IN = auto()
    STOP = auto()
    PARK = auto()
    SEND_WITHOUT_INSERT_ONLY = auto()
    SEND_AGAIN = auto()
    AWAIT_PARENT = auto()


ACTS = {
    Act.RETRY: "the events wait and are tried again",
    Act.ASK_AGAIN: "the same request at once, three times in all; then as `RETRY`",
    Act.LOG_IN: "one new login, then the same request; then as `RETRY`",
    Act.STOP: "as `RETRY`, without a new login, and an error in the log: no event is"
    " at fault, and none passes before somebody acts",
    Act.PARK: "the record waits for a person; the others of its request are written",
    Act.SEND_WITHOUT_INSERT_ONLY: "once more without its `insert_only` fields; then"
    " as `PARK`",
    Act.SEND_AGAIN: "once more as it is; then as `PARK`",
    Act.AWAIT_PARENT: "where we linked by an external id, again every half hour for"
    " four hours; then as `PARK`",
}


class Where(StrEnum):
    """What it is that failed. `BOTH` are a row and a request as a whole."""

    ROW = "row"
    REQUEST = "request"
    BOTH = "row, request"
    LOGIN = "login"


class Who(StrEnum):
    """Who must act."""

    NOBODY = "nobody"
    ADMIN = "admin"
    DEVELOPER = "developer"
    OPERATOR = "operator"
    PERSON = "person"


WHO = {
    Who.NOBODY: "it passes by itself",
    Who.ADMIN: "who sets Salesforce up",
    Who.DEVELOPER: "who writes the mapping, or the org's triggers and flows",
    Who.OPERATOR: "who runs this worker, and has its settings",
    Who.PERSON: "who knows the debtor, and may merge or correct records",
}


class Wait(Enum):
    """How long the org is left alone; the value is in seconds.

    `BACKOFF` grows with each attempt, from seconds on, with jitter.
    """

    BACKOFF = None
    MINUTES = 600.0
    HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One meaning. The first row that fits an error counts.

    `says` are texts of which the message has to have one, in any case; none fit all
    messages. `*` in a code is any text. `splits` says that a record which stands for
    several calls may pass without one of them. `hint` may name `{object}`, `{field}`,
    `{place}` (the mapping's file and line) and `{matches}`.
    """

    codes: tuple[str, ...]
    where: Where
    act: Act
    who: Who
    hint: str
    says: tuple[str, ...] = ()
    wait: Wait = Wait.BACKOFF
    splits: bool = True

    def fits(self, code: str, message: str, where: Where) -> bool:
        """Return whether an error means this."""
        if self.where is not where and not (
            self.where is Where.BOTH and where in (Where.ROW, Where.REQUEST)
        ):
            return False
        return self.has(code) and self.found_in(message) is not None

    def found_in(self, message: str) -> str | None:
        """Return which text of the row the message has, "" if it needs none."""
        if not self.says:
            return ""
        folded = message.lower()
        return next((text for text in self.says if text.lower() in folded), None)

    def has(self, code: str) -> bool:
        """Return whether the row speaks of a code."""
        return any(fnmatchcase(code, own) for own in self.codes)


PASSES = "nothing to do: it is tried again"


def passes(
    where: Where,
    *codes: str,
    act: Act = Act.RETRY,
    says: tuple[str, ...] = (),
    wait: Wait = Wait.BACKOFF,
    splits: bool = True,
) -> ErrorRow:
    """Return a row of what passes by itself."""
    return ErrorRow(codes, where, act, Who.NOBODY, PASSES, says, wait, splits)


def parks(
    who: Who,
    *codes: str,
    hint: str,
    where: Where = Where.BOTH,
    says: tuple[str, ...] = (),
    act: Act = Act.PARK,
    splits: bool = True,
) -> ErrorRow:
    """Return a row of what would be refused again."""
    return ErrorRow(codes, where, act, who, hint, says, splits=splits)


def stops(
    where: Where,
    who: Who,
    *codes: str,
    hint: str,
    says: tuple[str, ...] = (),
    wait: Wait = Wait.BACKOFF,
) -> ErrorRow:
    """Return a row of what holds everything up until somebody acts."""
    return ErrorRow(codes, where, Act.STOP, who, hint, says, wait)
