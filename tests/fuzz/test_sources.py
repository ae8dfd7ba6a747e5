"""Whatever comes, a source reads or refuses it, and believes nobody who cannot sign."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.delivery.harness import default_mappings
from tests.sources.fixture_files import CONNECTIONS, SIGNED_AT, delivery, signed
from worker import sources
from worker.errors import BadPayload, BadSignature
from worker.mapping.context import context_of
from worker.sources._reader import parse_json

from .inputs import bodies, fragments, header_texts, jsons, names
from .running import fuzz

SIGNATURES = ("X-Altur-Signature", "X-Webhook-Signature", "FreeClimb-Signature")
CARRYING = (*SIGNATURES, "X-Webhook-Timestamp", "X-Webhook-Idempotency-Key")
pairs = names.flatmap(lambda name: st.tuples(st.just(name), bodies(name)))
headers = st.dictionaries(st.sampled_from(CARRYING), header_texts)


@fuzz("source.verify, unsigned", 0.1, pairs, headers)
def test_what_nobody_signed_is_refused(
    pair: tuple[str, bytes], sent: dict[str, str]
) -> None:
    name, body = pair
    with pytest.raises(BadSignature):
        sources.load(name).verify(
            delivery(sent, body), CONNECTIONS[name], now=SIGNED_AT
        )


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[str, bytes, bytes]:
    """A source, a body, and the same with something put in."""
    name, body = draw(pairs)
    cut = draw(st.integers(0, len(body)))
    return name, body, body[:cut] + b"\x01" + draw(st.binary(max_size=4)) + body[cut:]


@fuzz("source.verify, spoiled", 0.1, spoiled())
def test_what_was_changed_after_it_was_signed_is_refused(
    changed: tuple[str, bytes, bytes],
) -> None:
    name, body, other = changed
    sent = signed(name, body)

    sources.load(name).verify(sent, CONNECTIONS[name], now=SIGNED_AT)
    with pytest.raises(BadSignature):
        sources.load(name).verify(
            delivery(sent.headers, other), CONNECTIONS[name], now=SIGNED_AT
        )


def readable(name: str) -> Any:
    """Fuzz what a source reads of signed bytes, and what the mappings make of it."""

    @fuzz(f"source.read, {name}", 0.1, bodies(name), headers)
    def reads(body: bytes, sent: dict[str, str]) -> None:
        signed_now = signed(name, body)
        arrived = delivery({**signed_now.headers, **sent}, body)
        with contextlib.suppress(BadPayload):
            event = sources.read(name, arrived)
            assert event.occurred_at <= arrived.received_at
            texts = (event.type, event.dedupe_key, event.call_id, event.phone)
            for text in filter(None, (*texts, event.file_number, event.foreign_id)):
                assert "\x00" not in text
                assert text.encode()
            json.dumps([event.payload, event.body], allow_nan=False)
            mapping = default_mappings().find(name, event.type)
            if mapping is not None:
                context = context_of(event, CONNECTIONS[name], arrived.received_at)
                mapping.party(context)
                mapping.plan(context)

    return reads


test_cora_is_read_or_refused = readable("cora")
test_altur_is_read_or_refused = readable("altur")
test_vocobase_is_read_or_refused = readable("vocobase")
test_freeclimb_is_read_or_refused = readable("freeclimb")


@fuzz(
    "payload reader",
    0.1,
    st.binary(max_size=80)
    | fragments
    | jsons.map(lambda value: json.dumps(value).encode())
    | names.flatmap(bodies),
)
def test_any_bytes_are_strict_json_or_refused(body: bytes) -> None:
    with contextlib.suppress(BadPayload):
        value = parse_json(body)
        again = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        assert b"\x00" not in again
        assert json.loads(body) == value
