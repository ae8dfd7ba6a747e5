"""Small mappings, contexts and values for the tests beside."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import Any

from worker.mapping.compiled import CompiledMapping
from worker.mapping.paths import Context
from worker.mapping.reading import read_mapping
from worker.model import Plan, Unwritten, Write

PATH = "cora/call.completed.yaml"


def context(payload: Any = None, **event: Any) -> Context:
    """Return a context with this payload; an event has an id and a day by itself."""
    facts = {"call_id": "call-1", "occurred_on": "2026-05-04", **event}
    return {"payload": {} if payload is None else payload, "event": facts, "body": {}}


def compiled(text: str, *, head: str = "") -> CompiledMapping:
    """Return the mapping with these writes, a list in YAML, and this head."""
    start = ["source: cora", "event: call.completed", *dedent(head).splitlines()]
    writes = indent(dedent(text).strip("\n"), "  ")
    lines = "\n".join([*start, "writes:", writes])
    return CompiledMapping(read_mapping(lines, PATH))


def plan(text: str, payload: Any = None, *, head: str = "", **event: Any) -> Plan:
    """Return what the mapping with these writes makes of this payload."""
    return compiled(text, head=head).plan(context(payload, **event))


def one(text: str, payload: Any = None, **event: Any) -> Write | Unwritten:
    """Return the only member of the plan."""
    (member,) = plan(text, payload, **event).writes
    return member


def one_write(text: str, payload: Any = None, **event: Any) -> Write:
    """Return the only member of the plan, which has to be a write."""
    member = one(text, payload, **event)
    assert isinstance(member, Write), member
    return member


def value(field: str, payload: Any = None, **event: Any) -> Any:
    """Return the value that a field's node, in YAML, makes of this payload."""
    text = f"- {{object: Task, key: {{K__c: event.call_id}}, fields: {{A: {field}}}}}"
    (write,) = compiled(text).spec.writes
    return write.fields[0].value.evaluate(context(payload, **event))
