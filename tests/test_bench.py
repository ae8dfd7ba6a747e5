"""What is measured against each other does the same work: results, never times."""

from __future__ import annotations

import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from bench.bare import new_event
from bench.mapping import COMPARED, OTHERS
from bench.plain_jmespath import PlainMapping
from bench.posting import BODY_BYTES, Posts
from bench.segment import FOLDER, differences
from bench.segment_mapping import segment_mapping
from tests.e2e.deliveries import SECRETS
from tests.mapping.building import compiled, context
from tests.mapping.defaults import ROOT, context_in, event_in, mappings
from tests.sources.fixture_files import PATHS
from worker.mapping.paths import Context
from worker.model import Link, Match, Plan, State, Unwritten, Write

MAPPED = [path for path in PATHS if not path.stem.startswith("record__")]
HEAD = "source: cora\nevent: call.completed\nwrites:\n"


def mapping_text(source: str, event: str) -> str:
    return (ROOT / "mappings" / source / f"{event}.yaml").read_text(encoding="utf-8")


def told(plan: Plan) -> tuple[str | None, list[dict[str, Any]]]:
    """Return a plan in the plain data that plain JMESPath gives."""
    return plan.skip_reason, [_member(member) for member in plan.writes]


def _member(member: Write | Unwritten) -> dict[str, Any]:
    if isinstance(member, Unwritten):
        return {"object": member.object, "unwritten": member.reason}
    named = {
        policy: sorted(getattr(member, policy))
        for policy in ("insert_only", "if_empty", "sticky")
        if getattr(member, policy)
    }
    return named | {
        "object": member.object,
        "mode": member.mode,
        "key": _match(member.key),
        "fields": dict(member.fields),
        "links": [_link(link) for link in member.links],
        "faults": len(member.faults),
    }


def _link(link: Link) -> tuple[str, str, tuple[str, ...] | None]:
    return link.field, link.object, _match(link.match)


def _match(match: Match | None) -> tuple[str, ...] | None:
    return (match.field, match.value, *match.others) if match else None


def planned(text: str, given: Context) -> tuple[str | None, list[dict[str, Any]]]:
    """Return what plain JMESPath makes of it, the names of each policy in order."""
    reason, writes = PlainMapping(text).plan(given)
    for write in writes:
        for policy in {"insert_only", "if_empty", "sticky"} & set(write):
            write[policy].sort()
    return reason, writes


def test_the_measured_fixtures_are_there() -> None:
    names = {f"{path.parent.name}/{path.stem}" for path in MAPPED}

    assert names >= {*COMPARED, *OTHERS}


@pytest.mark.parametrize("path", MAPPED, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_plain_jmespath_makes_of_a_fixture_what_we_make_of_it(path: Path) -> None:
    event, connection = event_in(path)
    mapping = mappings().find(event.source, event.type)
    assert mapping is not None
    given = context_in(event, connection)

    expected = told(mapping.plan(given))
    actual = planned(mapping_text(event.source, event.type), given)

    assert expected == actual
    # 1, 1.0 and True are equal in Python, but not to Salesforce.
    assert json.dumps(expected, sort_keys=True) == json.dumps(actual, sort_keys=True)


def test_both_redact_a_card_number_that_a_caller_said() -> None:
    event, connection = event_in(ROOT / "tests" / "fixtures" / f"{COMPARED[0]}.http")
    mapping = mappings().find(event.source, event.type)
    assert mapping is not None
    given = dict(context_in(event, connection))
    given["payload"] = given["payload"] | {"summary": "Paid by 4111 1111 1111 1111."}

    plan = mapping.plan(given)

    assert "[card ending 1111]" in json.dumps(told(plan))
    assert told(plan) == planned(mapping_text(event.source, event.type), given)


@pytest.mark.parametrize(
    "field",
    [
        "{from: payload.a, as: lower}",
        "{from: [payload.gone, payload.a], as: [upper, {truncate: 4}]}",
        "{from: payload.a, choose: {Yes: Y}, otherwise: N}",
        "{from: payload.yes, choose: {'true': Y}}",
        "{from: payload.gone, default: nothing}",
        "{text: 'A {payload.gone|default:b} {payload.a|lower}'}",
        "{text: '{payload.gone} {payload.blank}'}",
        "{from: payload.a, when: payload.yes}",
        "{from: payload.a, when: payload.gone}",
        "{from: payload.a, as: to_integer}",
        "{from: payload.blank, as: lower}",
        "{from: payload.blank, write: if_empty}",
        "{from: payload.no, write: sticky}",
        "{from: payload.null}",
    ],
)
def test_plain_jmespath_makes_of_a_field_what_we_make_of_it(field: str) -> None:
    body = f"- object: Task\n  key: {{K__c: event.call_id}}\n  fields: {{A: {field}}}\n"
    payload = {"a": "Yes it is", "yes": True, "no": False, "blank": " ", "null": None}
    given = context(payload)

    expected = told(compiled(body).plan(given))

    assert expected == planned(HEAD + body, given)


def test_what_plain_jmespath_does_not_do_is_refused() -> None:
    body = "- {object: Task, key: {K: event.call_id}, fields: {A: {append: x}}}"

    with pytest.raises(ValueError, match="not done in plain JMESPath: append"):
        PlainMapping(HEAD + body)


def segment_fields(fields: str) -> Any:
    body = f"- {{object: Task, key: {{K: event.call_id}}, fields: {{{fields}}}}}"
    made = segment_mapping(HEAD + body)
    return made.mapping["0"]["fields"]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("payload.a.b", {"@path": "$.payload.a.b"}),
        ("'payload.\"a b\"'", {"@path": "$.payload.a b"}),
        ("{value: Completed}", "Completed"),
        ("{text: 'A {payload.a|lower}'}", {"@template": "A {{payload.a}}"}),
        ("{from: payload.a, as: lower}", {"@path": "$.payload.a"}),
        (
            "{from: payload.a, default: b}",
            {
                "@if": {
                    "blank": {"@path": "$.payload.a"},
                    "then": {"@path": "$.payload.a"},
                    "else": "b",
                }
            },
        ),
    ],
)
def test_a_field_is_said_in_segments_words(field: str, expected: Any) -> None:
    assert {"A": expected} == segment_fields(f"A: {field}")


@pytest.mark.parametrize(
    "field",
    ["'payload.a[0]'", "{from: payload.a, as: pairs}", "{text: '{payload.a[0]}'}"],
)
def test_what_segment_has_no_words_for_is_left_out(field: str) -> None:
    assert segment_fields(f"A: {field}") == {}


def test_the_fields_that_segment_only_copies_are_compared() -> None:
    body = """
- object: Task
  key: {K: event.call_id}
  fields: {A: payload.a, B: {value: b}, C: {from: payload.c, as: lower}}
"""
    plan = compiled(body).plan(context({"a": 1, "c": "C"}))
    made = segment_mapping(HEAD + body)

    same = {"0": {"fields": {"A": 1, "B": "b", "C": "C"}}}
    other = {"0": {"fields": {"A": True, "B": "x"}}}

    assert differences(made, same, plan) == []
    assert differences(made, other, plan) == ["Task.A", "Task.B"]


def test_the_lock_of_segments_package_is_pinned_and_names_no_registry() -> None:
    package = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((FOLDER / "package-lock.json").read_text(encoding="utf-8"))
    locked = lock["packages"]

    for name, version in package["dependencies"].items():
        assert locked[f"node_modules/{name}"]["version"] == version
    assert all("resolved" not in entry for entry in locked.values())
    assert all("integrity" in entry for name, entry in locked.items() if name)


def test_what_is_posted_is_a_signed_call_of_2_kb_that_waits_for_a_worker() -> None:
    secret = SECRETS["CORA_WEBHOOK_SECRET"]
    posts = Posts(0, secret.encode(), until=0.0)

    first, second = posts.request(), posts.request()

    head, _, body = first.partition(b"\r\n\r\n")
    signature = hmac.digest(secret.encode(), body, "sha256").hex()
    assert f"X-Webhook-Signature: {signature}\r\n".encode() in head
    assert len(body) == BODY_BYTES
    assert (
        json.loads(body)["idempotencyKey"]
        != json.loads(second.partition(b"\r\n\r\n")[2])["idempotencyKey"]
    )
    assert (new_event().state, len(new_event().body)) == (State.PENDING, BODY_BYTES)
