"""One write of a mapping, compiled: from context to the record to write. Floor 1."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from worker.mapping.link_plans import dropped_link, made_by_link
from worker.mapping.paths import ABSENT, Context, Getter, has_value, is_true
from worker.mapping.spec import FieldSpec, LinkSpec, MatchSpec, ValueSpec, WriteSpec
from worker.mapping.transforms.free_text import redact_text
from worker.mapping.transforms.registry import text_of
from worker.model import Link, Match, State, Unwritten, Write

TRANSFORM_REFUSED = "transform_refused"
NOBODY: frozenset[str] = frozenset()
# What would end a line, or the mark at its end.
_NO_MARK = re.compile(r"[\s\[\]]+")
# What these give holds no words of a call.
_TYPED = frozenset({"boolean", "integer", "number", "date", "datetime"})


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """One field, with what is known of it before any event comes."""

    name: str
    evaluate: Getter
    policy: str
    redacts: bool
    place: str


def reads_free_text(value: ValueSpec) -> bool:
    """Return whether the value may hold words of a call, and not just facts of it."""
    if value.choices is not None or value.literal is not None:
        return False
    if value.steps and value.steps[-1].transform.gives in _TYPED:
        return False
    return any(not path.startswith("event.") for path in value.inputs)


def field_value(field: FieldPlan, context: Context) -> Any:
    """Return what the field's policy lets through: a value to send, or `ABSENT`.

    Raises `ValueError` where a transform refuses.
    """
    value = field.evaluate(context)
    if value is ABSENT:
        return ABSENT
    policy = field.policy
    if value is None:
        return None if policy == "clear_on_null" else ABSENT
    if policy == "sticky":
        return ABSENT if value is False or value == "" else value
    if policy == "append":
        value = text_of(value)
    if field.redacts and isinstance(value, str):
        value = redact_text(value)
    if policy in ("if_empty", "append") and not has_value(value):
        return ABSENT
    return _line(value, context) if policy == "append" else value


def _line(words: str, context: Context) -> str:
    """Return a dated line; its end names the call, so that it is never there twice."""
    event = context["event"]
    call = _NO_MARK.sub("_", event.get("call_id") or event["dedupe_key"])
    return f"{event['occurred_on']} {' '.join(words.split())} [{call}]"


def find_match(specs: tuple[MatchSpec, ...], context: Context) -> Match | None:
    """Return the first match that has a value.

    A weaker one is never tried because a stronger one found nobody: that two debtors
    share a phone is no rarity, and a debtor's data must not reach another's record.
    """
    for spec in specs:
        value = spec.value.evaluate(context)
        if isinstance(value, list):
            forms = tuple(str(form).strip() for form in value if has_value(form))
            if forms:
                return Match(spec.field, forms[0], forms[1:])
        elif has_value(value):
            return Match(spec.field, str(value).strip())
    return None


class WritePlan:
    """A write of a mapping, with all prepared that does not depend on the event."""

    __slots__ = ("_fields", "_makers", "_named", "place", "spec")

    def __init__(self, spec: WriteSpec) -> None:
        self.spec = spec
        self.place = str(spec.place)
        self._fields = tuple(field_plan(field) for field in spec.fields)
        self._named = {
            policy: frozenset(f.name for f in spec.fields if f.policy == policy)
            for policy in ("insert_only", "if_empty", "sticky", "append")
        }
        self._makers = {
            link.field: WritePlan(made_by_link(link))
            for link in spec.links
            if link.create is not None
        }

    def applies(self, context: Context) -> bool:
        """Return whether the write's condition is met."""
        when = self.spec.when
        return when is None or is_true(when.get(context))

    def writes(
        self, context: Context, is_wrong_party: bool = False
    ) -> Iterator[Write | Unwritten]:
        """Yield the record to write, or why it cannot be; before it what it links to.

        Nothing comes of a write with nothing to do.
        """
        if not self.applies(context):
            return
        spec = self.spec
        kept = [k for k in spec.links if k.keeps_wrong_party or not is_wrong_party]
        try:
            key = self._key(context)
            links = tuple(
                _link(link, context) if link in kept else dropped_link(link)
                for link in spec.links
            )
        except ValueError as error:
            yield self._refused((f"{self.place}: {error}",))
            return
        fields, faults = self._values(context)
        if spec.mode == "update" and not fields and not links:
            if faults:
                yield self._refused(faults)
            return
        if key is None:
            yield self._without_key(fields)
            return
        for link in kept:
            yield from self._made(link, context)
        yield self._write(key, fields, links, faults)

    def _key(self, context: Context) -> Match | None:
        """Return what identifies the record; an upsert writes it as it is."""
        key = find_match(self.spec.key, context)
        if key is not None and key.others and self.spec.mode == "upsert":
            return Match(key.field, key.value)
        return key

    def _made(self, link: LinkSpec, context: Context) -> Iterator[Write | Unwritten]:
        """Yield the record that a link makes, where its strongest match has a value.

        A weaker match, such as a phone number, is no key to make a record by.
        """
        maker = self._makers.get(link.field)
        if maker is not None and find_match(link.matches[:1], context) is not None:
            yield from maker.writes(context)

    def _values(self, context: Context) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return the fields to send, and the faults of those that a transform refused.

        One field that cannot be read keeps no other from the record.
        """
        fields: dict[str, Any] = {}
        faults: tuple[str, ...] = ()
        for field in self._fields:
            try:
                value = field_value(field, context)
            except ValueError as error:
                faults += (f"{field.place}: {field.name}: {error}",)
                continue
            if value is not ABSENT:
                fields[field.name] = value
        return fields, faults

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
        is_lost = self.spec.mode != "update" or bool(self._sent("sticky", sent))
        state = State.PARKED if is_lost else State.SKIPPED
        hint = f"{self.place}: the payload has no value for the key"
        return Unwritten(self.spec.object, state, "no_key", hint, self.place)

    def _sent(self, policy: str, sent: dict[str, Any]) -> frozenset[str]:
        named = self._named[policy]
        return named & sent.keys() if named else NOBODY

    def _write(
        self,
        key: Match,
        sent: dict[str, Any],
        links: tuple[Link, ...],
        faults: tuple[str, ...],
    ) -> Write:
        spec = self.spec
        return Write(
            object=spec.object,
            mode=spec.mode,
            key=key,
            fields=sent,
            links=links,
            missing=spec.missing,
            ambiguous=spec.ambiguous,
            insert_only=self._sent("insert_only", sent),
            if_empty=self._sent("if_empty", sent),
            sticky=self._sent("sticky", sent),
            append=self._sent("append", sent),
            place=self.place,
            faults=faults,
        )


def field_plan(field: FieldSpec) -> FieldPlan:
    """Return a field with what is known of it before any event comes."""
    value = field.value
    redacts = field.redacts and reads_free_text(value)
    place = str(field.place)
    return FieldPlan(field.name, value.evaluate, field.policy, redacts, place)


def _link(spec: LinkSpec, context: Context) -> Link:
    match = find_match(spec.matches, context)
    missing = "park" if spec.missing == "create" else spec.missing
    return Link(spec.field, spec.object, match, missing, spec.ambiguous)
