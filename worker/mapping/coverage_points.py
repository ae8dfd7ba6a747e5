"""The points of a mapping that its test cases have to touch. Floor 1, pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from worker.mapping.branches import Branch, condition, first_of, value_branches
from worker.mapping.coverage import EVENT, Point, Seen
from worker.mapping.paths import ABSENT, Context, is_true
from worker.mapping.spec import FieldSpec, LinkSpec, MappingSpec, MatchSpec, WriteSpec
from worker.mapping.write_plans import find_match
from worker.model import Write

NOBODY = "nobody"
SEVERAL = "several"
KEPT = "kept"

Test = Callable[[Seen], bool]


@dataclass(frozen=True, slots=True)
class _Record:
    """A record that a mapping may write: its object, its place, and when it is asked.

    `is_on` says whether a case came so far that the record's values are made.
    """

    object: str
    place: str
    is_on: Test


def points_of(mapping: MappingSpec) -> Iterator[Point]:
    """Yield every point of a mapping, in the order of the file."""
    for skip in mapping.skip:
        is_so, is_not = condition(skip.when, f"skip {skip.reason}")
        yield from _points("condition", [is_so], "", _always, (EVENT, "skip"))
        yield from _points("condition", [is_not], "", _always)
    if mapping.urgent is not None:
        branches = condition(mapping.urgent, "urgent")
        yield from _points("condition", branches, "", _always, (EVENT, "urgent"))
    if mapping.wrong_party is not None:
        branches = condition(mapping.wrong_party, "wrong_when")
        yield from _points("condition", branches, "", _is_mapped)
    branches = first_of(mapping.party)
    yield from _points("match", branches, "party", _always, (EVENT, "party"))
    for write in mapping.writes:
        yield from _of_write(write)


def _of_write(write: WriteSpec) -> Iterator[Point]:
    looked_at = (write.object, "")
    is_asked = _is_mapped if write.writes_wrong_party else _is_for_the_right_party
    if write.when is not None:
        branches = condition(write.when, "when")
        yield from _points("condition", branches, write.object, is_asked, looked_at)
    record = _Record(write.object, str(write.place), _is_on(write, is_asked))
    yield from _of_matches(write.key, write.object, record.is_on, looked_at)
    if write.mode == "update":
        yield from _of_org(write.key[0].place, record, "", write.object)
    for field in write.fields:
        yield from _of_field(field, record)
    for link in write.links:
        yield from _of_link(link, record)


def _of_field(field: FieldSpec, record: _Record) -> Iterator[Point]:
    owner = f"{record.object}.{field.name}"
    looked_at = (record.object, field.name)

    def point(kind: str, what: str, done: str, test: Test) -> Point:
        return Point(kind, field.place, owner, what, done, test, looked_at)

    yield point("field", "", "sent", partial(_is_sent, record, field.name))
    for branch in value_branches(field.value):
        kind = "condition" if branch.done in ("true", "false") else "branch"
        yield from _points(kind, [branch], owner, record.is_on, looked_at)
    if field.policy == "sticky":
        is_unset = _gives(field, record, lambda value: value is False or value == "")
        yield point("policy", "a false that leaves the flag", "given", is_unset)
    if field.policy == "clear_on_null":
        is_null = _gives(field, record, lambda value: value is None)
        yield point("policy", "a null that clears", "given", is_null)
    if field.policy in ("if_empty", "insert_only"):
        is_kept = partial(_is_met, (record.place, field.name, KEPT))
        yield point("policy", "the value of a record that is there", "kept", is_kept)


def _of_link(link: LinkSpec, record: _Record) -> Iterator[Point]:
    owner = f"{record.object}.{link.field}"

    def is_on(seen: Seen) -> bool:
        is_kept = link.keeps_wrong_party or not seen.is_wrong_party
        return is_kept and record.is_on(seen)

    yield from _of_matches(link.matches, owner, is_on, (record.object, link.field))
    yield from _of_org(link.place, record, link.field, owner)
    if link.create is not None:
        created = _Record(link.object, str(link.place), is_on)
        for field in link.create:
            yield from _of_field(field, created)


def _of_matches(
    matches: tuple[MatchSpec, ...],
    owner: str,
    is_on: Test,
    looked_at: tuple[str, str],
) -> Iterator[Point]:
    for match in matches:
        if len(matches) > 1:
            is_first = partial(_is_first, match, matches)
            branch = Branch(match.place, f"match {match.field}", "used", is_first)
            yield from _points("match", [branch], owner, is_on, looked_at)
        branches = value_branches(match.value)
        by = f"{owner} by {match.field}"
        yield from _points("branch", branches, by, is_on, looked_at)


def _of_org(place: Any, record: _Record, name: str, owner: str) -> Iterator[Point]:
    for what, words in ((NOBODY, "a missing record"), (SEVERAL, "an ambiguous match")):
        is_met = partial(_is_met, (record.place, name, what))
        looked_at = (record.object, "")
        yield Point("match", place, owner, words, "met", is_met, looked_at)


def _points(
    kind: str,
    branches: Iterable[Branch],
    owner: str,
    is_on: Test,
    looked_at: tuple[str, str] | None = None,
) -> Iterator[Point]:
    for branch in branches:
        test = partial(_is_on_and, is_on, branch.is_taken)
        yield Point(
            kind, branch.place, owner, branch.what, branch.done, test, looked_at
        )


def _is_on_and(is_on: Test, is_taken: Callable[[Context], bool], seen: Seen) -> bool:
    return is_on(seen) and is_taken(seen.context)


def _is_first(
    match: MatchSpec, matches: tuple[MatchSpec, ...], context: Context
) -> bool:
    try:
        found = (m for m in matches if find_match((m,), context) is not None)
        return next(found, None) is match
    except ValueError:
        return False


def _always(_seen: Seen) -> bool:
    return True


def _is_mapped(seen: Seen) -> bool:
    return seen.plan.skip_reason is None


def _is_for_the_right_party(seen: Seen) -> bool:
    return _is_mapped(seen) and not seen.is_wrong_party


def _is_on(write: WriteSpec, is_asked: Test) -> Test:
    def is_on(seen: Seen) -> bool:
        when = write.when
        return is_asked(seen) and (when is None or is_true(when.get(seen.context)))

    return is_on


def _is_sent(record: _Record, name: str, seen: Seen) -> bool:
    return any(
        isinstance(write, Write)
        and (write.object, write.place) == (record.object, record.place)
        and name in write.fields
        for write in seen.plan.writes
    )


def _is_met(what: tuple[str, str, str], seen: Seen) -> bool:
    return what in seen.met


def _gives(field: FieldSpec, record: _Record, is_it: Callable[[Any], bool]) -> Test:
    def gives(seen: Seen) -> bool:
        if not record.is_on(seen):
            return False
        try:
            value = field.value.evaluate(seen.context)
        except ValueError:
            return False
        return value is not ABSENT and is_it(value)

    return gives
