from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import jmespath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions
from jmespath.visitor import TreeInterpreter

from tests.sources.fixture_files import PATHS
from worker.mapping.compiled import CompiledMapping
from worker.mapping.path_types import (
    ANYTHING,
    NOTHING,
    PathTypes,
    Type,
    UnknownPath,
    known_leaves,
    touched_leaves,
)
from worker.mapping.paths import compile_path
from worker.mapping.payload_types.functions import _RESULTS
from worker.mapping.spec import PathSpec
from worker.payloads import events, load_payload_schema

from .defaults import context_in, event_in, mappings

quick = settings(derandomize=True, max_examples=60, deadline=None, database=None)

CALL, PLAN = "cora call.completed", "cora payment.plan_created"
ALTUR, VOCOBASE = "altur on_call_end", "vocobase session.completed"
FREECLIMB = "freeclimb callStatus"
PAYMENTS = "payload.payments"


@cache
def types(name: str) -> PathTypes:
    source, event = name.split()
    return PathTypes(load_payload_schema(source, event))


def kinds(found: Type) -> str:
    """Return the kinds in order; those of a list's items in brackets after them."""
    if found.is_open:
        return "anything"
    items = f" [{kinds(found.items)}]" if found.items else ""
    return " ".join(sorted(found.kinds)) + items


# What is known


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        (CALL, "payload", "object"),
        (CALL, "payload.callId", "text"),
        (CALL, "payload.duration", "integer"),
        (CALL, "payload.isTestCall", "boolean"),
        (CALL, "payload.createdAt", "datetime"),
        (CALL, "payload.recordingUrl", "uri"),
        (CALL, "payload.outcomes", "object"),
        (CALL, "payload.outcomes.promiseToPayDays", "number"),
        (CALL, "body.payload.outcomes.doNotCall", "boolean"),
        (CALL, "body.agent.name", "text"),
        (CALL, "event.occurred_on", "date"),
        (CALL, "event.occurred_at", "datetime"),
        (CALL, "event.file_number", "text"),
        (PLAN, "payload.paymentDate", "date"),
        (PLAN, PAYMENTS, "list [object]"),
        (PLAN, "payload.currency", "anything"),
        (ALTUR, "payload.started_at", "datetime null"),
        (ALTUR, "payload.campaign_user", "null object"),
        (ALTUR, "payload.contact.tags", "list [text]"),
        (ALTUR, 'payload.contact.extracted_data."Payment Date"', "null text"),
        (VOCOBASE, "payload.call.disposition", "null text"),
        (VOCOBASE, "payload.extraction.values.promised_amount", "anything"),
        (VOCOBASE, "payload.variables.a.b.c", "anything"),
        (FREECLIMB, "payload.callDuration", "text"),
        (FREECLIMB, "payload.queueId", "null"),
    ],
)
def test_a_chain_has_the_type_of_what_the_vendor_sends(
    name: str, path: str, expected: str
) -> None:
    assert kinds(types(name).type_of(path)) == expected


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        # index, slice, flatten, projections
        (PLAN, f"{PAYMENTS}[0]", "object"),
        (PLAN, f"{PAYMENTS}[-1].processed", "boolean"),
        (PLAN, f"{PAYMENTS}[1:].amount", "list [text]"),
        (PLAN, f"{PAYMENTS}[].amount", "list [text]"),
        (PLAN, f"{PAYMENTS}[*].paymentDate", "list [date]"),
        (PLAN, f"{PAYMENTS}[].[amount, paymentDate]", "list [list [date null text]]"),
        (PLAN, f"{PAYMENTS}[].[amount, paymentDate][]", "list [date text]"),
        (PLAN, f"{PAYMENTS}[?processed].amount", "list [text]"),
        (PLAN, f"{PAYMENTS}[?processed != `true`].paymentDate | [0]", "date"),
        (CALL, "body.organization.*", "list [text]"),
        (CALL, "payload.outcomes.*", "list [anything]"),
        (VOCOBASE, "payload.latency.*", "list [number]"),
        (VOCOBASE, "payload.variables.*.x[].y", "list [anything]"),
        (VOCOBASE, "payload.variables.x[][0]", "list [anything]"),
        # null is dropped where JMESPath drops it
        (ALTUR, "[payload][].started_at", "list [datetime]"),
        (ALTUR, "payload.started_at | @", "datetime"),
        # what a path puts together
        (CALL, "@", "object"),
        (CALL, "payload | duration", "integer"),
        (CALL, "payload.[callId, duration]", "list [integer null text]"),
        (CALL, "payload.[callId][0]", "text"),
        (CALL, "payload.{a: callId, b: duration}", "object"),
        (CALL, "payload.{a: callId, b: duration}.b", "integer"),
        (CALL, "payload.{a: callId, b: duration}.*", "list [integer text]"),
        # literals
        (CALL, "'x'", "text"),
        (CALL, "`1`", "integer"),
        (CALL, "`1.5`", "number"),
        (CALL, "`true`", "boolean"),
        (CALL, "`null`", ""),
        (CALL, "`[1, null]`", "list [integer null]"),
        (CALL, '`{"a": 1}`.a', "integer"),
        # comparisons and conditions
        (CALL, "payload.duration > `1000`", "boolean"),
        (CALL, "payload.direction == 'INBOUND'", "boolean"),
        (CALL, "!(payload.isTestCall)", "boolean"),
        (CALL, "payload.direction || payload.duration", "integer text"),
        (FREECLIMB, "payload.queueId || payload.to", "text"),
        (CALL, "payload.isTestCall && payload.summary", "boolean text"),
        (CALL, "payload.isTestCall && 'Test' || 'Live'", "text"),
        (CALL, "payload.outcomes && payload.duration", "integer object"),
        (CALL, "payload.fileNumber && payload.duration", "integer"),
        (VOCOBASE, "payload.variables.x && payload.agent_name", "text"),
        (VOCOBASE, "payload.variables.x || payload.agent_name", "anything"),
        (ALTUR, "payload.[event_type && type][0]", "text"),
        (ALTUR, "[payload][?status != 'ended'].status | [0]", "text"),
    ],
)
def test_an_expression_has_the_type_of_what_it_can_find(
    name: str, path: str, expected: str
) -> None:
    assert kinds(types(name).type_of(path)) == expected


FUNCTIONS = [
    (CALL, "abs(payload.duration)", "integer"),
    (VOCOBASE, "abs(payload.credits_used)", "number"),
    (VOCOBASE, "avg(payload.transcript[].latency_ms)", "number"),
    (VOCOBASE, "ceil(payload.credits_used)", "integer"),
    (CALL, "payload.outcomes.[fraud, jail] | contains(@, `true`)", "boolean"),
    (CALL, "ends_with(payload.summary, '.')", "boolean"),
    (VOCOBASE, "floor(payload.credits_used)", "integer"),
    (ALTUR, "join(', ', payload.contact.tags)", "text"),
    (CALL, "keys(payload.outcomes)", "list [text]"),
    (CALL, "length(payload.summary)", "integer"),
    (PLAN, f"map(&amount, {PAYMENTS})", "list [null text]"),
    (PLAN, f"max({PAYMENTS}[].amount)", "text"),
    (PLAN, f"max_by({PAYMENTS}, &paymentDate).amount", "text"),
    (PLAN, 'merge(payload, `{"a": 1}`).a', "integer"),
    (PLAN, f"min({PAYMENTS}[].paymentDate)", "date"),
    (PLAN, f"min_by({PAYMENTS}, &paymentDate)", "object"),
    (ALTUR, "not_null(payload.started_at, payload.duration)", "datetime integer"),
    (PLAN, f"reverse({PAYMENTS})[0].amount", "text"),
    (ALTUR, "sort(payload.contact.tags)[0]", "text"),
    (PLAN, f"sort_by({PAYMENTS}, &paymentDate)[0].paymentDate", "date"),
    (CALL, "starts_with(payload.phoneNumber, '+1')", "boolean"),
    (VOCOBASE, "sum(payload.transcript[].latency_ms)", "integer"),
    (PLAN, f"sum({PAYMENTS}[].to_number(amount))", "number"),
    (ALTUR, "to_array(payload.contact.tags)", "list [text]"),
    (CALL, "to_array(payload.callId)", "list [text]"),
    (PLAN, "to_number(payload.totalAmount)", "number"),
    (CALL, "to_string(payload.duration)", "text"),
    (CALL, "type(payload.duration)", "text"),
    (CALL, "values(body.organization)", "list [text]"),
]


@pytest.mark.parametrize(("name", "path", "expected"), FUNCTIONS)
def test_a_function_has_the_type_of_what_it_returns(
    name: str, path: str, expected: str
) -> None:
    assert kinds(types(name).type_of(path)) == expected


def test_every_function_and_every_kind_of_node_of_jmespath_is_known() -> None:
    visits = {name for name in dir(TreeInterpreter) if name.startswith("visit_")}
    ours = {name[1:] for name in dir(PathTypes) if name.startswith("_visit_")}

    assert set(_RESULTS) == set(Functions.FUNCTION_TABLE)
    assert {path.split("(")[0].split()[-1] for _, path, _ in FUNCTIONS} == set(_RESULTS)
    assert visits <= ours


@pytest.mark.parametrize(
    ("name", "path", "values", "length"),
    [
        (CALL, "payload.status", ("Completed",), 9),
        (CALL, "payload.direction", ("INBOUND", "OUTBOUND", "UNKNOWN"), None),
        (CALL, "payload.summary", (), None),
        (CALL, "payload.phoneNumber", (), 16),
        (CALL, "event.type", ("call.completed",), 14),
        (VOCOBASE, "payload.session_id", (), 36),
        (VOCOBASE, "payload.extraction.status", ("success", "failed", "skipped"), 7),
        (CALL, "payload.isTestCall && 'Test' || 'Live'", ("Test", "Live"), 4),
        (CALL, "payload.direction || payload.status", None, None),
        (CALL, "payload.summary || 'none'", (), None),
        (CALL, "payload.phoneNumber || 'none'", (), 16),
        (CALL, "reverse(payload.status)", (), 9),
    ],
)
def test_a_text_has_its_documented_values_and_length(
    name: str, path: str, values: tuple[str, ...] | None, length: int | None
) -> None:
    found = types(name).type_of(path)

    if values is not None:
        assert found.known_values == values
    assert found.max_length == length


def test_a_vendor_may_send_other_values_than_the_documented_ones() -> None:
    assert types(CALL).type_of("payload.direction").has_other_values
    assert not types(CALL).type_of("payload.status").has_other_values
    assert types(CALL).type_of("payload.status || payload.direction").has_other_values
    assert not types(CALL).type_of("payload.duration && 'x' || 'y'").has_other_values


def test_what_may_be_anything_or_nothing_says_so() -> None:
    assert types(VOCOBASE).type_of("payload.variables.x") == ANYTHING
    assert types(CALL).type_of("`null`") == NOTHING
    assert str(types(ALTUR).type_of("payload.started_at")) == "a time"
    assert str(types(FREECLIMB).type_of("payload.queueId")) == "null"
    assert str(NOTHING) == "nothing"


# What is unknown


@pytest.mark.parametrize(
    ("name", "path", "message"),
    [
        (
            CALL,
            "payload.fileNumer",
            "no known version of cora call.completed has payload.fileNumer"
            " (did you mean 'fileNumber'?)",
        ),
        (
            CALL,
            "payload.outcomes.doNotcall",
            "no known version of cora call.completed has payload.outcomes.doNotcall"
            " (did you mean 'doNotCall'?)",
        ),
        (
            CALL,
            'payload."file number"',
            'no known version of cora call.completed has payload."file number"'
            " (did you mean 'fileNumber'?)",
        ),
        (
            CALL,
            "payload.xyz",
            "no known version of cora call.completed has payload.xyz",
        ),
        (CALL, "event.foreign_id", "cora call.completed never gives event.foreign_id"),
        (
            FREECLIMB,
            "event.file_number",
            "freeclimb callStatus never gives event.file_number",
        ),
        (
            PLAN,
            "payload.tokenized",
            "cora payment.plan_created never gives payload.tokenized: taken out of"
            " every body, as a secret of the payment processor",
        ),
        (
            PLAN,
            "body.payload.tokenised",
            "no known version of cora payment.plan_created has body.payload.tokenised",
        ),
        (
            ALTUR,
            "body.contact",
            "no known version of altur on_call_end has body.contact",
        ),
        (
            CALL,
            "payload.callId.x",
            "no known version of cora call.completed has payload.callId.x:"
            " payload.callId is text",
        ),
        (
            FREECLIMB,
            "payload.queueId.x",
            "no known version of freeclimb callStatus has payload.queueId.x:"
            " payload.queueId is null",
        ),
        (
            VOCOBASE,
            "payload.transcript.content",
            "no known version of vocobase session.completed has"
            " payload.transcript.content: payload.transcript is a list"
            " (did you mean payload.transcript[].content?)",
        ),
        (
            CALL,
            "payload.callId[0]",
            "no known version of cora call.completed has payload.callId[0]:"
            " payload.callId is text",
        ),
        (
            PLAN,
            "payload.payments[].amount[0]",
            "no known version of cora payment.plan_created has"
            " payload.payments[].amount[0]: payload.payments[].amount is text",
        ),
        (
            CALL,
            "payload.summary.*",
            "no known version of cora call.completed has payload.summary.*:"
            " payload.summary is text",
        ),
        (
            CALL,
            "!payload.isTestCall",
            "!payload alone is negated: put brackets round it all,"
            " as in !(payload.isTestCall)",
        ),
        (
            CALL,
            "payload.{call: callId} | cal",
            "what is selected has no 'cal' (did you mean 'call'?)",
        ),
        (
            PLAN,
            "sum(payload.payments[].amount)",
            "sum() takes a list of numbers, and payload.payments[].amount is text",
        ),
        (
            CALL,
            "length(payload.duration)",
            "length() takes a text or a list or an object,"
            " and payload.duration is a whole number",
        ),
        (
            CALL,
            "starts_with(`1`, 'x')",
            "starts_with() takes a text, and this is a whole",
        ),
        (CALL, "`[]`[0].x", "no known version of cora call.completed has this.x"),
        (CALL, "payload.", "'payload.' is not JMESPath"),
    ],
)
def test_an_unknown_path_is_refused_with_what_may_be_meant(
    name: str, path: str, message: str
) -> None:
    with pytest.raises(UnknownPath) as refused:
        types(name).type_of(path)

    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    "path",
    [
        "payload.paid",
        "payload | paid",
        "payload.paid[0]",
        "payload.[callId, paid]",
        "payload.{a: paid}",
        "payload.paid || payload.callId",
        "payload.callId || payload.paid",
        "payload.paid && payload.callId || 'x'",
        "payload.callId && payload.paid || 'x'",
        "payload.paid && payload.callId",
        "!(payload.paid)",
        "payload.callId == payload.paid",
        "payload.paid > `1`",
        "length(payload.paid)",
        "not_null(payload.callId, payload.paid)",
        "payload.payments[].paid",
        "payload.payments[*].paid",
        "payload.payments[0].paid",
        "payload.payments[1:].paid",
        "payload.payments[?paid].amount",
        "payload.payments[?processed].paid",
        "payload.payments[?processed && paid == 'x'].amount",
        "payload.payments[].[amount, paid]",
        "payload.payments[].{a: paid}",
        "payload.payments[].not_null(paid, amount)",
        "body.organization.*.paid",
        "payload.paid.*",
        "map(&paid, payload.payments)",
        "sort_by(payload.payments, &paid)",
        "max_by(payload.payments, &to_number(paid)).amount",
        "sort_by(payload.payments, &paymentDate)[].paid",
        "[payload][?paid]",
        "contains(payload.[callId, paid], `true`)",
    ],
)
def test_a_key_is_checked_wherever_it_is_read(path: str) -> None:
    with pytest.raises(UnknownPath, match=r"paid"):
        types(PLAN).type_of(path)


# Open parts


@pytest.mark.parametrize("key", ["attorneyRetained", "x", "visitBooked.at[0].place"])
def test_an_outcome_that_is_like_no_known_one_may_be_new(key: str) -> None:
    assert types(CALL).type_of(f"payload.outcomes.{key}").is_open


@pytest.mark.parametrize(
    "key", ["doNotcall", "donotcall", "DONOTCALL", "do_not_call", "doNotCal", "Fraud"]
)
def test_an_outcome_that_is_nearly_a_known_one_is_a_slip(key: str) -> None:
    with pytest.raises(UnknownPath, match=r"did you mean '(doNotCall|fraud)'"):
        types(CALL).type_of(f"payload.outcomes.{key}")


def extended(*extra: str) -> PathTypes:
    return PathTypes(load_payload_schema("altur", "on_call_end"), extra)


@pytest.mark.parametrize(
    ("extra", "path"),
    [
        ("payload.queue", "payload.queue"),
        ("payload.queue", "payload.queue.name[0].x"),
        ("payload.queue.name", "payload.queue.name"),
        ("payload.transcript[].mood", "payload.transcript[].mood"),
        ("payload.queues[].name", "payload.queues[0].name"),
        ('payload."queue name"', 'payload."queue name"'),
        ("payload.campaign_user.tier", "payload.campaign_user.tier"),
        ("body.queue", "body.queue"),
        ("payload.status", "payload.status.code"),
    ],
)
def test_what_an_account_sends_beyond_the_known_is_open(extra: str, path: str) -> None:
    plain, more = extended(), extended(extra)

    with pytest.raises(UnknownPath):
        plain.type_of(path)
    found = more.type_of(path)
    assert (found.items or found).is_open
    assert not more.type_of("payload.duration").is_open


def test_what_an_account_sends_beyond_the_known_opens_nothing_else() -> None:
    more = extended("payload.queue.name", "payload.queue.number")

    assert kinds(more.type_of("payload.queue")) == "object"
    with pytest.raises(UnknownPath, match=r"payload\.queue\.nam \(did you mean 'name'"):
        more.type_of("payload.queue.nam")


def test_an_outcome_that_the_account_sends_is_no_slip() -> None:
    schema = load_payload_schema("cora", "call.completed")
    path = "payload.outcomes.doNotCalls"

    with pytest.raises(UnknownPath):
        PathTypes(schema).type_of(path)
    assert PathTypes(schema, (path,)).type_of(path).is_open


@pytest.mark.parametrize("extra", ["", "payload.", "payload..x", "payload[0].x", "a b"])
def test_what_an_account_sends_is_named_by_plain_chains(extra: str) -> None:
    with pytest.raises(ValueError, match=r"is no plain chain"):
        extended(extra)


# Leaves


def test_the_leaves_are_the_documented_keys_that_have_a_value() -> None:
    leaves = types(VOCOBASE).known_leaves()

    assert leaves == known_leaves(load_payload_schema("vocobase", "session.completed"))
    assert "payload.transcript[].content" in leaves
    assert "payload.extraction.values" in leaves
    assert "payload.call.answered_by" in leaves
    assert not {"payload.transcript", "payload.call", "payload"} & set(leaves)
    assert len(set(leaves)) == len(leaves)


def test_what_is_never_given_is_no_leaf() -> None:
    assert "payload.tokenized" not in types(PLAN).known_leaves()
    assert "payload.payments[].processed" in types(PLAN).known_leaves()


@pytest.mark.parametrize(
    ("payload", "touched"),
    [
        ({}, set()),
        ({"status": "ended", "started_at": None}, {"status", "started_at"}),
        ({"unknown": 1, "assistant": {"unknown": 1}}, set()),
        ({"assistant": {"name": "x"}}, {"assistant.name"}),
        ({"transcript": []}, set()),
        (
            {"transcript": [{"content": "x"}, {"sent_by": "user"}]},
            {"transcript[].content", "transcript[].sent_by"},
        ),
        ({"contact": {"extracted_data": {"a": "b"}}}, {"contact.extracted_data"}),
        ({"contact": {"tags": []}}, {"contact.tags"}),
        ({"campaign_user": None, "contact": "x", "transcript": {}}, set()),
    ],
)
def test_a_leaf_is_touched_where_a_delivery_has_its_key(
    payload: Any, touched: set[str]
) -> None:
    schema = load_payload_schema("altur", "on_call_end")

    found = touched_leaves(schema, {"payload": payload})

    assert found == {f"payload.{leaf}" for leaf in touched}
    assert found <= set(known_leaves(schema))


@pytest.mark.parametrize(("source", "event"), events())
def test_a_leaf_is_a_path_and_the_fixtures_touch_most(source: str, event: str) -> None:
    schema = load_payload_schema(source, event)
    leaves = set(known_leaves(schema))
    for leaf in leaves:
        assert types(f"{source} {event}").type_of(leaf).kinds
        compile_path(leaf)

    touched: set[str] = set()
    for path in PATHS:
        read, connection = event_in(path)
        if (read.source, read.type) == (source, event):
            touched |= touched_leaves(schema, context_in(read, connection))

    assert touched <= leaves
    assert len(touched) > len(leaves) * 0.75


# The default mappings, and any path at all


def paths_of(part: Any) -> Iterator[str]:
    """Yield every path that a part of a mapping reads."""
    if isinstance(part, PathSpec):
        yield part.text
    elif isinstance(part, (tuple, list)):
        for item in part:
            yield from paths_of(item)
    elif dataclasses.is_dataclass(part):
        yield from getattr(part, "inputs", ())
        for field in dataclasses.fields(part):
            yield from paths_of(getattr(part, field.name))


@pytest.mark.parametrize(
    "mapping",
    mappings().mappings.values(),
    ids=lambda m: f"{m.spec.source} {m.spec.event}",
)
def test_every_path_of_a_default_mapping_has_a_type(mapping: CompiledMapping) -> None:
    paths = set(paths_of(mapping.spec))

    assert len(paths) > 5
    for path in paths:
        found = types(f"{mapping.spec.source} {mapping.spec.event}").type_of(path)
        assert found.kinds - {"null"}, path


def _places(known: Type) -> Iterator[str]:
    """Yield the path of everything that is known, as a root or under one."""
    for member in (known.items, *known.properties.values()):
        if member is not None and member.kinds:
            yield member.place
            yield from _places(member)


def _keys(known: Type) -> Iterator[str]:
    for member in (known.items, *known.properties.values()):
        yield from known.properties
        if member is not None:
            yield from _keys(member)


def paths_into(name: str) -> st.SearchStrategy[str]:
    """Return paths of known places and keys, put together at random."""
    root = types(name).type_of("@")
    key = st.sampled_from([*sorted(set(_keys(root))), "unknown", '"Payment Date"'])
    place = st.sampled_from([*_places(root), "@"])
    step = st.one_of(
        *[st.just("")] * 4,
        st.sampled_from(["[0]", "[-1]", "[1:]", "[]", "[*]", ".*", " | @", "[::2]"]),
        key.map(".{}".format),
        key.map("[?{} == 'x']".format),
        key.map(".[{}, `1`]".format),
        key.map(".{{a: {}}}".format),
    )
    chain = st.tuples(place, step).map("".join)
    return st.recursive(chain, lambda inner: _combined(inner, key), max_leaves=3)


def _combined(
    inner: st.SearchStrategy[str], key: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    both = ["({}) || ({})", "({}) && ({})", "({}) < ({})", "[{}, {}][]"]
    both += ["not_null({}, {})", "merge({}, {})"]
    keyed = ["sort_by({}, &{})", "map(&{1}, {0})", "max_by({}, &{})", "({}) | {}"]
    one = ["!({})", "({})[0]", "({}).*", "abs({})", "avg({})", "keys({})", "max({})"]
    one += ["length({})", "reverse({})", "sum({})", "to_array({})", "type({})"]
    one += ["values({})", "to_number({})", "to_string({})", "sort({})"]
    return st.one_of(
        st.builds(str.format, st.sampled_from(both), inner, inner),
        st.builds(str.format, st.sampled_from(keyed), inner, key),
        st.builds(str.format, st.sampled_from(one), inner),
    )


KIND_OF = {
    bool: {"boolean"},
    dict: {"object"},
    float: {"number"},
    int: {"integer", "number"},
    list: {"list"},
    str: {"text", "date", "datetime", "uri"},
}


@pytest.mark.parametrize(("source", "event"), events())
def test_any_path_is_refused_as_unknown_or_finds_what_its_type_says(
    source: str, event: str
) -> None:
    name = f"{source} {event}"
    read = [event_in(path) for path in PATHS]
    contexts = [
        context_in(of, connection)
        for of, connection in read
        if (of.source, of.type) == (source, event)
    ]
    ends = {"known": 0, "unknown": 0}

    @quick
    @given(path=paths_into(name))
    def check(path: str) -> None:
        try:
            found = types(name).type_of(path)
        except UnknownPath:
            ends["unknown"] += 1
            return
        ends["known"] += 1
        for context in contexts:
            value = _search(path, context)
            if value not in (None, ""):
                assert found.kinds & KIND_OF[type(value)], (path, value)

    check()
    assert min(ends.values()) > 0


def _search(path: str, context: Any) -> Any:
    """Find as JMESPath does; a wrong type inside a function finds nothing."""
    with suppress(JMESPathError, TypeError):  # merge() of null is a TypeError
        return jmespath.search(path, context)
    return None
