"""What arrives in a case: a fixture or the smallest delivery, changed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest

from worker.mapping.cases.reading import read_cases
from worker.mapping.findings import BadMapping
from worker.mapping.paths import Context
from worker.mapping.reading import read_mapping
from worker.model import Connection
from worker.payloads import events, minimal_body
from worker.rehearsal.deliveries import arrival

from .projects import FIXTURES, stage

FIXTURE = "fixture: call.completed__compliance.http"


def arrived(
    given: str,
    *,
    source: str = "cora",
    event: str = "call.completed",
    connections: dict[str, Connection] | None = None,
    folder: Path | None = None,
) -> Context:
    """Return what a mapping sees in a case with these keys."""
    keys = indent(dedent(given).strip(), "    ")
    text = f"cases:\n  - name: a\n    expect: {{urgent: false}}\n{keys}"
    (case,) = read_cases(text, "a.test.yaml").cases
    mapping = f"source: {source}\nevent: {event}\nwrites: []"
    there = stage()
    return arrival(
        case,
        folder or FIXTURES / source,
        read_mapping(mapping, f"{source}/{event}.yaml"),
        there.connections if connections is None else connections,
        there.read_request,
    ).context


def body_of(fixture: str) -> dict[str, Any]:
    whole = (FIXTURES / "cora" / fixture).read_bytes()
    body: dict[str, Any] = json.loads(whole.partition(b"\r\n\r\n")[2])
    return body


@pytest.mark.parametrize(("source", "event"), events())
def test_a_case_that_says_nothing_is_the_smallest_delivery(
    source: str, event: str
) -> None:
    context = arrived("", source=source, event=event)

    assert context["body"] == minimal_body(source, event)
    assert (context["event"]["source"], context["event"]["type"]) == (source, event)
    assert context["event"]["received_at"] == "2026-05-04T10:15:30Z"


def test_a_fixture_arrives_as_it_is() -> None:
    context = arrived(FIXTURE)

    assert context["body"] == body_of("call.completed__compliance.http")
    assert context["event"]["connection"] == "cora"


def test_a_payload_goes_over_what_is_there_object_by_object() -> None:
    context = arrived("""
    fixture: call.completed__compliance.http
    payload: {summary: new, outcomes: {doNotCall: false, fraud: null}}
    body: {agent: {name: Evening}}
    """)
    expected = body_of("call.completed__compliance.http")
    expected["agent"] = {"name": "Evening"}
    expected["payload"]["summary"] = "new"
    expected["payload"]["outcomes"] |= {"doNotCall": False, "fraud": None}

    assert context["body"] == expected
    assert context["payload"] == expected["payload"]


def test_a_list_and_what_was_no_object_are_replaced_whole() -> None:
    context = arrived(
        "payload: {payments: [{amount: '1.00'}], title: {de: Plan}}",
        event="payment.plan_created",
    )

    assert context["payload"]["payments"] == [{"amount": "1.00"}]
    assert context["payload"]["title"] == {"de": "Plan"}


def test_keys_are_taken_out_last() -> None:
    context = arrived("""
    payload: {fileNumber: ACC-1, outcomes: {fraud: true}}
    without: [payload.fileNumber, payload.outcomes.fraud, body.organization.name]
    """)

    assert "file_number" not in context["event"]
    assert context["payload"]["outcomes"] == {}
    assert list(context["body"]["organization"]) == ["id"]


@pytest.mark.parametrize(
    ("source", "event", "given", "phone"),
    [
        ("vocobase", "session.completed", "{call: {to_number: '+1'}}", "+1"),
        ("freeclimb", "callStatus", "{to: '+1'}", "+1"),
        ("altur", "on_call_end", "{campaign_user: {contact: '+1'}}", "+1"),
    ],
)
def test_the_payload_is_where_each_vendor_has_it(
    source: str, event: str, given: str, phone: str
) -> None:
    context = arrived(f"payload: {given}", source=source, event=event)

    assert context["event"]["phone"] == phone


def test_a_call_happens_when_the_case_says_it_came_in_at_the_latest() -> None:
    context = arrived("received_at: 2026-05-01T00:00:00Z")

    assert context["event"]["received_at"] == "2026-05-01T00:00:00Z"
    assert context["event"]["occurred_at"] == "2026-05-01T00:00:00Z"


TEXAS = Connection("cora-texas", "cora", (), timezone="America/Chicago")
CORA = Connection("cora", "cora", (), timezone="UTC")


@pytest.mark.parametrize(
    ("given", "connections", "name"),
    [
        ("", [TEXAS, CORA], "cora"),
        ("connection: cora-texas", [CORA, TEXAS], "cora-texas"),
        # The only one of the source, and none at all.
        ("", [Connection("altur", "altur", ()), TEXAS], "cora-texas"),
        ("", [], "cora"),
        # The request line of the fixture says /webhooks/cora.
        (FIXTURE, [TEXAS, CORA], "cora"),
        (FIXTURE, [TEXAS], "cora-texas"),
    ],
)
def test_a_delivery_comes_by_the_connection_that_is_named_or_the_usual_one(
    given: str, connections: list[Connection], name: str
) -> None:
    known = {connection.name: connection for connection in connections}

    assert arrived(given, connections=known)["event"]["connection"] == name


@pytest.mark.parametrize(
    ("given", "finding"),
    [
        ("fixture: nothing.http", r"4:14: .+nothing\.http cannot be read"),
        ("fixture: ../org/Debt_Account__c.json", r"4:14: .+ is no delivery"),
        (
            "fixture: payment.failed__declined.http",
            r"4:14: the delivery is a cora payment\.failed, and the mapping is of"
            r" call\.completed",
        ),
        (
            "connection: coral",
            r"4:17: no connection 'coral' in connections\.yaml"
            r" \(did you mean 'cora'\?\)",
        ),
        ("connection: altur", r"4:17: 'altur' is a connection of altur, not of cora"),
        (
            "without: [payload.status, payload.fileNumber]",
            r"4:31: there is no payload\.fileNumber to take out",
        ),
        (
            "without: [payload.status.inner]",
            r"4:15: there is no payload\.status\.inner to take out",
        ),
        (
            "payload: {callId: 12.5}",
            r"2:5: the delivery would be refused: \$\.payload\.callId: is not text",
        ),
        (
            "body: {payload: null}",
            r"2:5: the delivery would be refused: \$\.payload.callId: missing",
        ),
    ],
)
def test_what_can_never_arrive_is_a_finding(given: str, finding: str) -> None:
    with pytest.raises(BadMapping, match=re.escape("a.test.yaml:") + finding):
        arrived(given)
