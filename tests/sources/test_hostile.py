from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker import sources
from worker.errors import BadPayload, BadSignature
from worker.sources._reader import parse_json

from .fixture_files import CONNECTIONS, SIGNED_AT, body_of, delivery, signed

SIGNATURES = {
    "altur": "X-Altur-Signature",
    "cora": "X-Webhook-Signature",
    "freeclimb": "FreeClimb-Signature",
    "vocobase": "X-Webhook-Signature",
}
MAIN = {
    "altur": "on_call_end__newest",
    "cora": "call.completed__every_outcome",
    "freeclimb": "callStatus__outbound_api",
    "vocobase": "session.completed__full",
}
MALFORMED = [
    "",
    " ",
    "é",
    "\u2603" * 9,
    "\ud800",
    "a\x00b",
    "a\r\nb",
    "=" * 100_000,
    ",",
    "=",
    "t=1777889730",
    "v1=",
    "sha256=",
    "sha256",
    "00" * 32,
    "A" * 43 + "=",
    "t=1777889730,v1=",
    "t=١٧٧٧٨٨٩٧٣٠,v1=00",
]

quick = settings(derandomize=True, max_examples=60, deadline=None, database=None)
names = st.sampled_from(sources.names())
jsons: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
PIECES = (
    *'[]{}",:\\ \n',
    *("\\u0000", "\\ud800", "\ufeff", "\x00", "NaN", "1e999", "-0", "true"),
    *('"a"', '"event"', '"timestamp"', "é"),
)
fragments = st.lists(st.sampled_from(PIECES), max_size=20).map(
    lambda parts: "".join(parts).encode()
)
bodies = (
    st.binary(max_size=60) | fragments | jsons.map(lambda v: json.dumps(v).encode())
)


@quick
@given(bodies)
def test_any_bytes_are_json_or_refused(body: bytes) -> None:
    with contextlib.suppress(BadPayload):
        json.dumps(parse_json(body), allow_nan=False, ensure_ascii=False).encode()


@quick
@given(names, bodies, st.text(max_size=40), st.text(max_size=40))
def test_any_delivery_is_refused_where_nobody_signed_it(
    name: str, body: bytes, header: str, sent_at: str
) -> None:
    headers = {SIGNATURES[name]: header, "X-Webhook-Timestamp": sent_at}

    with pytest.raises(BadSignature, match=r"is missing|is malformed|does not match"):
        sources.load(name).verify(
            delivery(headers, body), CONNECTIONS[name], now=SIGNED_AT
        )


@quick
@given(names, bodies)
def test_any_signed_bytes_are_read_or_refused(name: str, body: bytes) -> None:
    with contextlib.suppress(BadPayload):
        sources.load(name).read(signed(name, body))


@quick
@given(names, st.data())
def test_any_member_may_hold_anything(name: str, data: st.DataObject) -> None:
    body = body_of(name, MAIN[name])
    node = body
    key = data.draw(st.sampled_from(sorted(node)))
    while isinstance(node[key], dict) and node[key] and data.draw(st.booleans()):
        node = node[key]
        key = data.draw(st.sampled_from(sorted(node)))
    node[key] = data.draw(jsons)

    with contextlib.suppress(BadPayload):
        sources.load(name).read(signed(name, body))


@pytest.mark.parametrize("name", sources.names())
@pytest.mark.parametrize("header", MALFORMED, ids=lambda header: ascii(header[:20]))
def test_a_malformed_signature_header_is_refused(name: str, header: str) -> None:
    sent = signed(name, body_of(name, MAIN[name]))
    headers = {**sent.headers, SIGNATURES[name].lower(): header}

    with pytest.raises(BadSignature, match=r"is missing|is malformed|does not match"):
        sources.load(name).verify(
            delivery(headers, sent.body), CONNECTIONS[name], now=SIGNED_AT
        )


@pytest.mark.parametrize("name", sources.names())
def test_a_missing_signature_header_is_refused(name: str) -> None:
    sent = signed(name, body_of(name, MAIN[name]))
    headers = {k: v for k, v in sent.headers.items() if k != SIGNATURES[name].lower()}

    with pytest.raises(BadSignature, match=f"{SIGNATURES[name]} is missing"):
        sources.load(name).verify(
            delivery(headers, sent.body), CONNECTIONS[name], now=SIGNED_AT
        )


@pytest.mark.parametrize("header", MALFORMED, ids=lambda header: ascii(header[:20]))
def test_a_malformed_vocobase_timestamp_is_refused(header: str) -> None:
    sent = signed("vocobase", body_of("vocobase", MAIN["vocobase"]))
    headers = {**sent.headers, "x-webhook-timestamp": header}

    with pytest.raises(BadSignature, match=r"is missing|is malformed|does not match"):
        sources.load("vocobase").verify(
            delivery(headers, sent.body), CONNECTIONS["vocobase"], now=SIGNED_AT
        )


@pytest.mark.parametrize("name", sources.names())
def test_no_refusal_shows_what_was_sent(name: str) -> None:
    module, connection = sources.load(name), CONNECTIONS[name]
    headers = {SIGNATURES[name]: "t=1,v1=hunter2", "X-Webhook-Timestamp": "hunter2"}
    with pytest.raises(BadSignature, match=r"is malformed|does not match") as caught:
        module.verify(delivery(headers, b'"hunter2"'), connection, now=SIGNED_AT)

    assert "hunter2" not in str(caught.value)
    for key in ("event", "event_type", "requestType"):
        with pytest.raises(BadPayload, match=r"\$") as refused:
            module.read(delivery({}, json.dumps({key: "hunter2 !"}).encode()))

        assert "hunter2" not in str(refused.value)
