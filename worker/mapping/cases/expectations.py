"""What a case expects: its nodes into data, and what cannot be meant. Floor 1, pure."""

from __future__ import annotations

from worker.mapping import nodes
from worker.mapping.cases.case import KIND, Expectation, ExpectedWrite
from worker.mapping.cases.data import data
from worker.mapping.cases.records import records_in, values_that_no_field_has
from worker.mapping.findings import Finding
from worker.mapping.strict_yaml import Node, Place, Table
from worker.model import State

_LOOKED_AT = ("urgent", "party", "skip", "writes", "not_written", "after")
"""The keys that expect something; `exact` alone says nothing."""


def read_expectation(node: Node | None, findings: list[Finding]) -> Expectation:
    """Return what a case expects, and note what of it cannot be meant."""
    given = nodes.entries(node)
    is_exact = _is_true(given.get("exact"))
    if isinstance(node, Table):
        findings.extend(_faults(node, is_exact))
    for listed in nodes.entries(given.get("after")).values():
        for record in nodes.items(listed):
            findings.extend(values_that_no_field_has(record))
    urgent = given.get("urgent")
    return Expectation(
        urgent=_is_true(urgent) if urgent is not None else None,
        party=nodes.text(given.get("party")) or None,
        skip=nodes.text(given.get("skip")) or None,
        writes=tuple(
            _write(item, findings) for item in nodes.items(given.get("writes"))
        ),
        is_exact=is_exact,
        not_written=tuple(map(nodes.text, nodes.items(given.get("not_written")))),
        after=records_in(given["after"]) if "after" in given else {},
    )


def _faults(node: Table, is_exact: bool) -> list[Finding]:
    given = node.entries
    found = []
    if not any(key in given for key in _LOOKED_AT):
        listed = ", ".join(_LOOKED_AT)
        found.append(node.place.finding(f"expect at least one of: {listed}", KIND))
    if "writes" in given and not nodes.items(given["writes"]) and not is_exact:
        message = "an empty list expects nothing: with 'exact: true' it is no record"
        found.append(given["writes"].place.finding(message, KIND))
    if "exact" in given and "writes" not in given:
        found.append(
            node.key_places["exact"].finding("'exact' goes with 'writes'", KIND)
        )
    if "skip" in given:
        for key in ("writes", "not_written"):
            if key in given:
                message = f"a skipped event writes nothing: leave {key!r} out"
                found.append(node.key_places[key].finding(message, KIND))
    return found


def _write(node: Node, findings: list[Finding]) -> ExpectedWrite:
    given = nodes.entries(node)
    fields, links = given.get("fields"), nodes.entries(given.get("links"))
    findings.extend(values_that_no_field_has(fields))
    findings.extend(_contradictions(node))
    state, reason = State.SYNCED, None
    for key, other in (("parked", State.PARKED), ("skipped", State.SKIPPED)):
        if key in given:
            state, reason = other, nodes.text(given[key])
    return ExpectedWrite(
        object=nodes.text(given.get("object")),
        place=node.place,
        key=_pair(given.get("key")),
        state=state,
        reason=reason,
        fields={name: data(value) for name, value in nodes.entries(fields).items()},
        not_sent=tuple(map(nodes.text, nodes.items(given.get("not_sent")))),
        links={name: pair for name, value in links.items() if (pair := _pair(value))},
        is_exact=_is_true(given.get("exact")),
        places=_places(node),
    )


def _contradictions(node: Node) -> list[Finding]:
    if not isinstance(node, Table):
        return []
    given = node.entries
    found = []
    if "parked" in given and "skipped" in given:
        message = "a record is parked or skipped, not both"
        found.append(node.key_places["skipped"].finding(message, KIND))
    sent = nodes.entries(given.get("fields")) | nodes.entries(given.get("links"))
    for item in nodes.items(given.get("not_sent")):
        if nodes.text(item) in sent:
            message = f"{nodes.text(item)} cannot be both sent and not sent"
            found.append(item.place.finding(message, KIND))
    return found


def _places(node: Node) -> dict[str, Place]:
    """Return the place of the object and of each field's and link's name."""
    given = nodes.entries(node)
    places = {"object": given["object"].place} if "object" in given else {}
    for key in ("key", "fields", "links"):
        table = given.get(key)
        if isinstance(table, Table):
            places |= table.key_places
    for item in nodes.items(given.get("not_sent")):
        places[nodes.text(item)] = item.place
    return places


def _pair(node: Node | None) -> tuple[str, str] | None:
    for name, value in nodes.entries(node).items():
        return name, nodes.text(value)
    return None


def _is_true(node: Node | None) -> bool:
    return nodes.text(node) == "true"
