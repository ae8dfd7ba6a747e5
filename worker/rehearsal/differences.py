"""One expected record against one that was made. Floor 4."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from worker.mapping.cases.case import ExpectedWrite
from worker.mapping.paths import ABSENT
from worker.model import State
from worker.rehearsal.made import Made

NO_SUCH_RECORD = "no such record"
NOT_SENT = "not sent"

# Object and field, to the mapping's line and, of a field that is not sent, why.
Explain = Callable[[str, str], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as expected. `name` is a field's, or empty for a record's.

    `place` is the line of the mapping that gives the field.
    """

    record: str
    name: str
    expected: str
    got: str
    place: str = ""


def of_record(
    expected: ExpectedWrite, made: Made, explain: Explain
) -> Iterator[Difference]:
    """Yield the differences of a record."""
    is_as_expected = (made.state, made.reason) == (expected.state, expected.reason)
    if not is_as_expected:
        wanted = state_words(expected.state, expected.reason)
        got = state_words(made.state, made.reason, made.hint)
        yield Difference(made.words, "", wanted, got)
    key, target = expected.key, made.target
    if key is not None and (target is None or not target.is_named(*key)):
        found = "no key" if target is None else target.words
        yield Difference(made.words, "key", "=".join(key), found)
    if is_as_expected or made.fields or made.links:
        for name, wanted, got in _unlike(expected, made):
            place, why = explain(made.object, name)
            got = why if got == NOT_SENT and why else got
            yield Difference(made.words, name, wanted, got, place)


def _unlike(expected: ExpectedWrite, made: Made) -> Iterator[tuple[str, str, str]]:
    """Yield name, expected and got of each field and link that is not as expected."""
    sent = {name: shown(value) for name, value in made.fields.items()}
    sent |= {name: target.words for name, target in made.links.items()}
    for name, value in expected.fields.items():
        got = made.fields.get(name, ABSENT)
        if not is_same(value, got):
            yield name, shown(value), shown(got)
    for name, (field_name, value) in expected.links.items():
        target = made.links.get(name)
        if target is None or not target.is_named(field_name, value):
            found = NOT_SENT if target is None else target.words
            yield name, f"{field_name}={value}", found
    unwanted = expected.not_sent
    if expected.is_exact:
        listed = {*expected.fields, *expected.links}
        unwanted = tuple(name for name in sent if name not in listed)
    for name in unwanted:
        if name in sent:
            yield name, NOT_SENT, sent[name]


def of_fields(
    words: str, expected: Mapping[str, Any], record: Mapping[str, Any]
) -> Iterator[Difference]:
    """Yield the differences of an org's record; a field it lacks is null."""
    for name, value in expected.items():
        got = record.get(name)
        if not is_same(value, got):
            yield Difference(words, name, shown(value), shown(got))


def is_same(expected: Any, got: Any) -> bool:
    """Return whether it is the same to Salesforce: 1 is 1.0, but no true and no "1"."""
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, str) or isinstance(got, str):
        return isinstance(got, str) and expected == got
    return bool(expected == got)


def shown(value: Any) -> str:
    """Return a value in words, as JSON writes it."""
    if value is ABSENT:
        return NOT_SENT
    return json.dumps(value, ensure_ascii=False, default=str)


def state_words(state: State, reason: str | None, hint: str = "") -> str:
    """Return what became of a record, in words."""
    if state is State.SYNCED:
        return "sent"
    return f"{state}: {reason}{f' ({hint})' if hint else ''}"
