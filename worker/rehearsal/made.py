"""What was made of each record: planned by a mapping, or done in an org. Floor 4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.mapping.transforms.registry import text_of
from worker.mapping.write_plans import TRANSFORM_REFUSED
from worker.model import Match, Plan, State, Unwritten, Write


@dataclass(frozen=True, slots=True)
class Target:
    """A record that a key or a link leads to: the values by which it may be named."""

    words: str
    names: Mapping[str, tuple[str, ...]]

    @property
    def known(self) -> str:
        """What tells it from others: its id, where an org has it."""
        return "".join(self.names.get("Id", ())) or self.words

    def is_named(self, field_name: str, value: str) -> bool:
        """Return whether this is the record with that value."""
        return value in self.names.get(field_name, ())


@dataclass(frozen=True, slots=True)
class Made:
    """One record: sent, where `state` is SYNCED, or parked or skipped for a reason.

    `is_written` says that something of it is sent, also where it is parked afterwards.
    `target` is None where the payload names no record. `links` have those alone that
    lead to a record.
    """

    object: str
    state: State
    reason: str | None = None
    hint: str = ""
    target: Target | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    links: Mapping[str, Target] = field(default_factory=dict)
    is_written: bool = False

    @property
    def words(self) -> str:
        """The record in words: its object and key."""
        return f"{self.object} {self.target.words}" if self.target else self.object

    @property
    def identity(self) -> tuple[str, State, str | None, str | None]:
        """What makes two of them one record in one state."""
        known = self.target.known if self.target else None
        return self.object, self.state, self.reason, known


def named_by(match: Match) -> Target:
    """Return the record that a match looks for."""
    return Target(str(match), {match.field: (match.value, *match.others)})


def found_as(match: Match, record: Mapping[str, Any]) -> Target:
    """Return a record of an org, which is named by whatever it has."""
    names = {name: (text_of(value),) for name, value in record.items()}
    names[match.field] = (*names.get(match.field, ()), match.value, *match.others)
    return Target(str(match), names)


def planned(plan: Plan) -> list[Made]:
    """Return what a plan would send, park or skip, without asking any org."""
    return merged(_planned(member) for member in plan.writes)


def _planned(member: Write | Unwritten) -> Made:
    if isinstance(member, Unwritten):
        return unwritten(member)
    is_refused = bool(member.faults)
    return Made(
        object=member.object,
        state=State.PARKED if is_refused else State.SYNCED,
        reason=TRANSFORM_REFUSED if is_refused else None,
        hint="; ".join(member.faults),
        target=named_by(member.key),
        fields=member.fields,
        links={link.field: named_by(link.match) for link in member.links if link.match},
        is_written=True,
    )


def unwritten(member: Unwritten) -> Made:
    """Return a record that the mapping itself parks or skips."""
    return Made(member.object, member.state, member.reason, member.hint)


def merged(records: Iterable[Made]) -> list[Made]:
    """Return each record once: several writes of one are sent as one."""
    found: dict[object, Made] = {}
    for made in records:
        was = found.get(made.identity)
        if was is not None:
            made = Made(
                *made.identity[:3],
                hint="; ".join(dict.fromkeys(filter(None, (was.hint, made.hint)))),
                target=was.target,
                fields={**was.fields, **made.fields},
                links={**was.links, **made.links},
                is_written=was.is_written or made.is_written,
            )
        found[made.identity] = made
    return list(found.values())
