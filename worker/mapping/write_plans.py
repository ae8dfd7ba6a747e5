"""One write of a mapping, compiled: from context to the record to write. Floor 1."""

from __future__ import annotations

from typing import Any

from worker.mapping.field_plans import FreeText, field_plan, field_values
from worker.mapping.link_plans import dropped_link, made_by_link
from worker.mapping.paths import Context, Getter, has_value, is_true
from worker.mapping.spec import LinkSpec, MatchSpec, WriteSpec
from worker.model import Link, Match, State, Unwritten, Write

TRANSFORM_REFUSED = "transform_refused"
Prepared = tuple[tuple[str, Getter], ...]


def find_match(specs: tuple[MatchSpec, ...], context: Context) -> Match | None:
    """Return the first match that has a value.

    A weaker one is never tried because a stronger one found nobody: that two debtors
    share a phone is no rarity, and a debtor's data must not reach another's record.
    """
    return _first_match(_prepared(specs), context)


def _prepared(specs: tuple[MatchSpec, ...]) -> Prepared:
    return tuple((spec.field, spec.value.evaluate) for spec in specs)


def _first_match(matches: Prepared, context: Context) -> Match | None:
    for name, evaluate in matches:
        value = evaluate(context)
        if isinstance(value, str):
            text = value.strip()
            if text:
                return Match(name, text)
        elif isinstance(value, list):
            forms = tuple(str(form).strip() for form in value if has_value(form))
            if forms:
                return Match(name, forms[0], forms[1:])
        elif has_value(value):
            return Match(name, str(value))
    return None


class PlanInMaking:
    """What the writes of a mapping have come to so far, and the free texts in it."""

    __slots__ = ("members", "texts")

    def __init__(self) -> None:
        self.members: list[Write | Unwritten] = []
        self.texts: list[FreeText] = []


class WritePlan:
    """A write of a mapping, with all prepared that does not depend on the event."""

    __slots__ = (
        "_fields",
        "_key",
        "_links",
        "_makers",
        "_named",
        "_places",
        "place",
        "spec",
    )

    def __init__(self, spec: WriteSpec) -> None:
        self.spec = spec
        self.place = str(spec.place)
        self._places = _places(spec)
        self._fields = tuple(field_plan(field) for field in spec.fields)
        self._key = _prepared(spec.key)
        self._links = tuple((link, _prepared(link.matches)) for link in spec.links)
        self._named = tuple(
            frozenset(f.name for f in spec.fields if f.policy == policy)
            for policy in ("insert_only", "if_empty", "sticky", "append")
        )
        self._makers = {
            link.field: WritePlan(made_by_link(link))
            for link in spec.links
            if link.create is not None
        }

    def applies(self, context: Context) -> bool:
        """Return whether the write's condition is met."""
        when = self.spec.when
        return when is None or is_true(when.get(context))

    def add_to(
        self, plan: PlanInMaking, context: Context, is_wrong_party: bool = False
    ) -> None:
        """Add the record to write, or why it cannot be; before it what it links to.

        Nothing comes of a write with nothing to do.
        """
        if not self.applies(context):
            return
        spec = self.spec
        try:
            key = self._match(context)
            links = self._links_of(context, is_wrong_party)
        except ValueError as error:
            plan.members.append(self._refused((f"{self.place}: {error}",)))
            return
        fields, refused = field_values(self._fields, context, plan.texts)
        faults: tuple[str, ...] = ()
        if refused:
            faults = tuple(f"{f.place}: {f.name}: {error}" for f, error in refused)
        if spec.mode == "update" and not fields and not links:
            if faults:
                plan.members.append(self._refused(faults))
            return
        if key is None:
            plan.members.append(self._without_key(fields))
            return
        if self._makers:
            self._make_linked(plan, context, is_wrong_party)
        plan.members.append(self._write(key, fields, links, faults))

    def _links_of(self, context: Context, is_wrong_party: bool) -> tuple[Link, ...]:
        if not self._links:
            return ()
        return tuple(
            [
                dropped_link(link)
                if is_wrong_party and not link.keeps_wrong_party
                else _link(link, _first_match(matches, context))
                for link, matches in self._links
            ]
        )

    def _match(self, context: Context) -> Match | None:
        """Return what identifies the record; an upsert writes it as it is."""
        key = _first_match(self._key, context)
        if key is not None and key.others and self.spec.mode == "upsert":
            return Match(key.field, key.value)
        return key

    def _make_linked(
        self, plan: PlanInMaking, context: Context, is_wrong_party: bool
    ) -> None:
        """Add the records that links make, where their strongest match has a value.

        A weaker match, such as a phone number, is no key to make a record by.
        """
        for link, matches in self._links:
            maker = self._makers.get(link.field)
            if maker is None or (is_wrong_party and not link.keeps_wrong_party):
                continue
            if _first_match(matches[:1], context) is not None:
                maker.add_to(plan, context)

    def _refused(self, faults: tuple[str, ...]) -> Unwritten:
        hint = "; ".join(faults)
        return Unwritten(
            self.spec.object, State.PARKED, TRANSFORM_REFUSED, hint, self.place
        )

    def _without_key(self, sent: dict[str, Any]) -> Unwritten:
        """With nothing to find a record by there is none to update.

        But a record that should be made would be lost, and so would a flag that the
        law cares about: those wait for a person.
        """
        _insert_only, _if_empty, sticky, _append = self._named_in(sent)
        is_lost = self.spec.mode != "update" or bool(sticky)
        state = State.PARKED if is_lost else State.SKIPPED
        hint = f"{self.place}: the payload has no value for the key"
        return Unwritten(self.spec.object, state, "no_key", hint, self.place)

    def _named_in(self, sent: dict[str, Any]) -> list[frozenset[str]]:
        """Return which of the fields sent have each policy."""
        # Most have no field at all, or every one: neither costs a new set.
        return [
            names if not names or names <= sent.keys() else names.intersection(sent)
            for names in self._named
        ]

    def _write(
        self,
        key: Match,
        sent: dict[str, Any],
        links: tuple[Link, ...],
        faults: tuple[str, ...],
    ) -> Write:
        spec = self.spec
        insert_only, if_empty, sticky, append = self._named_in(sent)
        # By position: so many names would cost as much as a field.
        return Write(
            spec.object,
            spec.mode,
            key,
            sent,
            links,
            spec.missing,
            spec.ambiguous,
            insert_only,
            if_empty,
            sticky,
            append,
            self.place,
            faults,
            self._places,
            spec.allows_duplicates,
        )


def _places(spec: WriteSpec) -> dict[str, str]:
    """Return where the mapping names each field of the record."""
    places = {match.field: str(match.place) for match in spec.key}
    places |= {link.field: str(link.place) for link in spec.links}
    return places | {field.name: str(field.place) for field in spec.fields}


def _link(spec: LinkSpec, match: Match | None) -> Link:
    missing = "park" if spec.missing == "create" else spec.missing
    return Link(spec.field, spec.object, match, missing, spec.ambiguous)
