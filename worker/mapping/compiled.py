"""A mapping ready to run. Floor 1, pure."""

from __future__ import annotations

from worker.mapping.field_plans import redact
from worker.mapping.paths import Context, has_value, is_true
from worker.mapping.spec import MappingSpec
from worker.mapping.write_plans import PlanInMaking, WritePlan
from worker.model import Plan, State, Unwritten

WRONG_PARTY = "wrong_party"


class CompiledMapping:
    """One mapping file, compiled. Its methods are pure and take a context."""

    __slots__ = ("_write_plans", "spec")

    def __init__(self, spec: MappingSpec) -> None:
        self.spec = spec
        self._write_plans = tuple(WritePlan(write) for write in spec.writes)

    def plan(self, context: Context) -> Plan:
        """Return the writes that the event asks for, or the reason to skip it.

        A field that a transform refuses is left out and noted; the others stand.
        """
        spec = self.spec
        reason = self.skip_reason(context)
        made = PlanInMaking()
        if reason is None:
            is_wrong_party = self.is_wrong_party(context)
            for plan in self._write_plans:
                if is_wrong_party and not plan.spec.writes_wrong_party:
                    if plan.applies(context):
                        made.members.append(_held_back(plan))
                    continue
                plan.add_to(made, context, is_wrong_party)
            redact(made.texts)
        members = tuple(made.members)
        return Plan(reason, members, spec.path, spec.version, spec.content_hash)

    def is_urgent(self, context: Context) -> bool:
        """Return whether the event overtakes everything."""
        urgent = self.spec.urgent
        return urgent is not None and is_true(urgent.get(context))

    def is_wrong_party(self, context: Context) -> bool:
        """Return whether the call reached another person than the debtor."""
        wrong = self.spec.wrong_party
        return wrong is not None and is_true(wrong.get(context))

    def party(self, context: Context) -> str | None:
        """Return the first party key that has a value, or None."""
        for path in self.spec.party:
            value = path.get(context)
            if has_value(value):
                return str(value)
        return None

    def skip_reason(self, context: Context) -> str | None:
        """Return why nothing is written at all, or None."""
        for skip in self.spec.skip:
            if is_true(skip.when.get(context)):
                return skip.reason
        return None


def _held_back(plan: WritePlan) -> Unwritten:
    hint = f"{plan.place}: the call reached another person, so nothing is written"
    return Unwritten(plan.spec.object, State.SKIPPED, WRONG_PARTY, hint, plan.place)
