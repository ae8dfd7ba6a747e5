"""What was expected against what came of it: every difference, in words. Floor 4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from worker.mapping.case_grammar import NOBODY
from worker.mapping.cases.case import Expectation, ExpectedWrite
from worker.rehearsal.differences import (
    NO_SUCH_RECORD,
    Difference,
    Explain,
    of_fields,
    of_record,
    state_words,
)
from worker.rehearsal.made import Made

OrgRecords = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a delivery. `after` has the org's records, where one was asked."""

    is_urgent: bool
    party: str | None
    skip: str | None
    records: Sequence[Made] = ()
    after: OrgRecords = field(default_factory=dict)


def compare(
    expect: Expectation, outcome: Outcome, explain: Explain
) -> list[Difference]:
    """Return every difference between what was expected and what came of it."""
    return [
        *_of_event(expect, outcome),
        *_of_records(expect, outcome.records, explain),
        *_of_org(expect.after, outcome.after),
    ]


def _of_event(expect: Expectation, outcome: Outcome) -> Iterator[Difference]:
    if expect.urgent is not None and expect.urgent is not outcome.is_urgent:
        words = {True: "urgent", False: "not urgent"}
        yield Difference("event", "", words[expect.urgent], words[outcome.is_urgent])
    party = outcome.party or NOBODY
    if expect.party is not None and expect.party != party:
        yield Difference("event", "party", expect.party, party)
    looks_at_records = expect.writes or expect.is_exact or expect.not_written
    if expect.skip != outcome.skip and (expect.skip or looks_at_records):
        yield Difference("event", "", _skip(expect.skip), _skip(outcome.skip))


def _skip(reason: str | None) -> str:
    return "not skipped" if reason is None else f"skipped: {reason}"


def _of_records(
    expect: Expectation, records: Sequence[Made], explain: Explain
) -> Iterator[Difference]:
    pairs, rest = _paired(expect.writes, records, explain)
    for expected, made in pairs:
        if made is None:
            wanted = state_words(expected.state, expected.reason)
            yield Difference(_words(expected), "", wanted, NO_SUCH_RECORD)
        else:
            yield from of_record(expected, made, explain)
    for made in rest if expect.is_exact else ():
        got = state_words(made.state, made.reason, made.hint)
        yield Difference(made.words, "", NO_SUCH_RECORD, got)
    for made in records:
        if made.is_written and made.object in expect.not_written:
            yield Difference(made.words, "", "not written", "written")


def _words(expected: ExpectedWrite) -> str:
    if expected.key is None:
        return expected.object
    return f"{expected.object} {'='.join(expected.key)}"


def _paired(
    expected: Sequence[ExpectedWrite], records: Sequence[Made], explain: Explain
) -> tuple[list[tuple[ExpectedWrite, Made | None]], list[Made]]:
    """Return each expected record with the one most like it, and what is left over.

    Those that are just as expected find each other first.
    """
    rest = list(records)
    found: dict[int, Made] = {}
    for has_to_fit in (True, False):
        for index, wanted in enumerate(expected):
            if index in found:
                continue
            alike = [
                (len(list(of_record(wanted, made, explain))), place)
                for place, made in enumerate(rest)
                if made.object == wanted.object
            ]
            if alike and not (has_to_fit and min(alike)[0]):
                found[index] = rest.pop(min(alike)[1])
    return [(wanted, found.get(i)) for i, wanted in enumerate(expected)], rest


def _of_org(expected: OrgRecords, records: OrgRecords) -> Iterator[Difference]:
    for object_name, listed in expected.items():
        rest = list(records.get(object_name, ()))
        for wanted in listed:
            name, value = next(iter(wanted.items()), ("", ""))
            words = f"org's {object_name} {name}={value}"
            alike = [
                (len(list(of_fields(words, wanted, record))), place)
                for place, record in enumerate(rest)
            ]
            if alike:
                yield from of_fields(words, wanted, rest.pop(min(alike)[1]))
            else:
                yield Difference(words, "", "there", NO_SUCH_RECORD)
