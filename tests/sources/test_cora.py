from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from worker.errors import BadPayload, BadSignature
from worker.model import Delivery
from worker.sources import cora

from .fixture_files import (
    CONNECTIONS,
    SIGNED_AT,
    body_of,
    delivery,
    event_of,
    fixture,
    signed,
)

BODY = (
    '{"event":"call.completed","eventCategory":"calls","idempotencyKey":"call.completed:'
    '65f0c0ffee00000000000001:65f0c0ffee00000000000abc","organization":{"id":'
    '"65f0c0ffee00000000000001","name":"Núñez Recovery"},"timestamp":'
    '"2026-05-04T10:15:30.000Z","payload":{"callId":"65f0c0ffee00000000000abc","status":'
    '"Completed","duration":61500,"isTestCall":false,"outcomes":{"confirmedName":true},'
    '"summary":"","createdAt":"2026-05-04T10:14:20.000Z","endedAt":'
    '"2026-05-04T10:15:30.000Z"}}'
)
SIGNATURE = "3732cbc37de98330f5610737514d66321cf26782af89fadf76f2406677060be1"
ESCAPED_SIGNATURE = "8727346a5ef2ffadb076ecdcb4c866465ea2c5bd661a35d7c1f64cabf7dc145f"
CALL, CARD, PLAN = (
    "call.completed__compliance",
    "payment.success__card",
    "payment.plan_created__settlement",
)


def verify(signature: str, body: bytes = BODY.encode(), *secrets: str) -> None:
    connection = CONNECTIONS["cora"]
    if secrets:
        connection = type(connection)("cora", "cora", secrets)
    sent = delivery({"X-Webhook-Signature": signature}, body)
    cora.verify(sent, connection, now=SIGNED_AT)


def test_the_reference_vector_verifies() -> None:
    assert len(BODY.encode()) == 476

    verify(SIGNATURE)


def test_the_vector_over_the_escaped_body_is_refused() -> None:
    with pytest.raises(BadSignature, match="does not match the body"):
        verify(ESCAPED_SIGNATURE)


def test_the_older_of_two_secrets_still_verifies() -> None:
    verify(SIGNATURE, BODY.encode(), "cora-test-secret-0002", "cora-test-secret-0001")


def test_without_a_secret_nothing_verifies() -> None:
    with pytest.raises(BadSignature, match="does not match the body"):
        verify(SIGNATURE, BODY.encode(), "", " ")


def test_an_old_delivery_verifies_since_a_retry_keeps_its_time() -> None:
    later = SIGNED_AT + timedelta(days=1)
    sent = delivery({"X-Webhook-Signature": SIGNATURE}, BODY.encode())

    cora.verify(sent, CONNECTIONS["cora"], now=later)


def test_the_headers_are_those_of_the_vector() -> None:
    headers = cora.sign(BODY.encode(), CONNECTIONS["cora"], now=SIGNED_AT)
    delivery_id = headers.pop("X-Webhook-Delivery-Id")

    assert headers == {
        "Content-Type": "application/json",
        "User-Agent": "Cora-Webhooks/1.0",
        "X-Webhook-Event": "call.completed",
        "X-Webhook-Timestamp": "2026-05-04T10:15:30.000Z",
        "X-Webhook-Idempotency-Key": (
            "call.completed:65f0c0ffee00000000000001:65f0c0ffee00000000000abc"
        ),
        "X-Webhook-Signature": SIGNATURE,
    }
    assert len(delivery_id) == 24


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"event":"a\\r\\nX-Evil: 1"}', '{"event":"é"}'.encode()],
)
def test_a_body_without_usable_texts_is_signed_without_their_headers(
    body: bytes,
) -> None:
    headers = cora.sign(body, CONNECTIONS["cora"], now=SIGNED_AT)

    assert set(headers) == {
        "Content-Type",
        "User-Agent",
        "X-Webhook-Signature",
        "X-Webhook-Delivery-Id",
    }


def test_a_timestamp_header_that_differs_from_the_body_is_refused() -> None:
    body = body_of("cora", CALL)
    sent = signed("cora", body, **{"x-webhook-timestamp": "2026-05-04T10:15:31.000Z"})

    with pytest.raises(
        BadPayload, match=r"\$\.timestamp: is not that of the X-Webhook"
    ):
        cora.read(sent)


def test_a_timestamp_header_may_be_absent() -> None:
    sent = signed("cora", body_of("cora", CALL))
    headers = {k: v for k, v in sent.headers.items() if k != "x-webhook-timestamp"}

    event = cora.read(delivery(headers, sent.body))

    assert event.call_id == "65f0c0ffee00000000000a03"


@pytest.mark.parametrize("name", ["minimal", "compliance", "bankruptcy", "wrong_party"])
def test_both_versions_of_a_call_get_the_same_key(name: str) -> None:
    newer = cora.read(fixture("cora", f"call.completed__{name}"))
    older = cora.read(fixture("cora", f"call.completed__{name}_older"))

    assert newer.dedupe_key == older.dedupe_key
    assert (newer.call_id, newer.phone) == (older.call_id, older.phone)


def without_key(body: dict[str, Any]) -> Delivery:
    raw = json.dumps({k: v for k, v in body.items() if k != "idempotencyKey"}).encode()
    return signed("cora", raw)


@pytest.mark.parametrize("header", ["given:1", "", "é", "a\x00b", "x" * 513])
def test_a_key_in_the_header_which_nobody_signs_counts_for_nothing(
    header: str,
) -> None:
    sent = without_key(body_of("cora", CALL))
    headers = {**sent.headers, "x-webhook-idempotency-key": header}

    assert cora.read(delivery(headers, sent.body)).dedupe_key == (
        "call.completed:65f0c0ffee00000000000001:65f0c0ffee00000000000a03"
    )


@pytest.mark.parametrize(
    ("name", "key"),
    [
        (CARD, "call_harbor0000000b01:150.00:2026-05-04"),
        ("payment.failed__declined", "call_harbor0000000b04:310.00:2026-05-04"),
        (PLAN, "call_harbor0000000b05:600.00:2026-05-04"),
    ],
)
def test_a_payments_built_key_tells_two_payments_of_a_call_apart(
    name: str, key: str
) -> None:
    event = cora.read(without_key(body_of("cora", name)))

    assert event.dedupe_key == f"{event.type}:65f0c0ffee00000000000001:{key}"


@pytest.mark.parametrize("absent", ["callId", "amount", "paymentDate"])
def test_a_payment_whose_key_cannot_be_built_is_known_by_its_content(
    absent: str,
) -> None:
    body = body_of("cora", CARD)
    del body["payload"][absent]

    event = cora.read(without_key(body))

    assert event.dedupe_key == f"payment.success:{event.content_hash}"


def test_the_number_of_no_file_is_no_file_number() -> None:
    for number in ("NA", "na", " ", "", None):
        body = body_of("cora", CARD)
        body["payload"]["fileNumber"] = number

        assert event_of("cora", body).file_number is None


def test_a_consumer_id_is_no_file_number() -> None:
    event = cora.read(fixture("cora", "payment.success__file_number_na"))

    assert event.payload["consumerId"] == "778812"
    assert event.file_number is None


def test_the_processors_token_does_not_leave() -> None:
    raw = fixture("cora", PLAN)
    event = cora.read(raw)

    assert b"tok_invented" in raw.body
    assert "tok" not in repr((dict(event.payload), dict(event.body)))
    assert "tok_invented" not in repr(event)


def test_the_token_does_not_leave_by_another_way() -> None:
    body = body_of("cora", PLAN)
    body["payload"]["payments"][0]["tokenized"] = "tok_invented"
    body["tokenized"] = "tok_invented"

    for event_type in ("payment.plan_created", "payment.plan_changed"):
        event = event_of("cora", body | {"event": event_type})

        assert "tok_" not in repr((event.payload, event.body))


def test_a_redelivery_built_at_another_time_has_the_same_hash() -> None:
    body = body_of("cora", CALL)
    first = event_of("cora", body)
    body["timestamp"] = "2026-05-04T11:00:00.000Z"
    body["payload"]["endedAt"] = "2026-05-04T11:00:00.000Z"

    assert event_of("cora", body).content_hash == first.content_hash


def test_a_changed_outcome_changes_the_hash_and_not_the_key() -> None:
    body = body_of("cora", CALL)
    first = event_of("cora", body)
    body["payload"]["outcomes"]["doNotCall"] = False
    second = event_of("cora", body)

    assert second.content_hash != first.content_hash
    assert second.dedupe_key == first.dedupe_key


def test_a_call_occurs_when_it_was_created_and_a_payment_when_it_was_sent() -> None:
    call = cora.read(fixture("cora", CALL))
    card = cora.read(fixture("cora", CARD))

    assert call.occurred_at == datetime(2026, 5, 4, 9, 20, tzinfo=UTC)
    assert card.occurred_at == datetime(2026, 5, 4, 10, 30, 5, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (("event",), r"\$\.event: missing"),
        (("payload",), r"\$\.payload\.callId: missing"),
        (("payload", "callId"), r"\$\.payload\.callId: missing"),
    ],
)
def test_a_call_without_what_every_call_has_is_refused(
    path: tuple[str, ...], problem: str
) -> None:
    body = body_of("cora", CALL)
    inner = body
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]

    with pytest.raises(BadPayload, match=problem):
        event_of("cora", body)


@pytest.mark.parametrize(
    "body",
    [
        {"event": "call.transferred"},
        {"event": "call.transferred", "payload": 5, "timestamp": 7, "organization": []},
        {"event": "call.transferred", "payload": {"callId": {}, "phoneNumber": []}},
    ],
)
def test_an_unknown_event_is_read_whatever_its_shape(body: dict[str, Any]) -> None:
    event = cora.read(delivery({}, json.dumps(body).encode()))

    assert event.type == "call.transferred"
    assert event.dedupe_key == f"call.transferred:{event.content_hash}"
    assert (event.call_id, event.file_number, event.phone) == (None, None, None)
    assert event.occurred_at == SIGNED_AT


def test_an_unknown_event_keeps_the_key_that_cora_gives_it() -> None:
    event = event_of("cora", {"event": "call.transferred", "idempotencyKey": "k:1"})

    assert event.dedupe_key == "k:1"


def test_one_payment_sent_under_two_keys_has_one_hash() -> None:
    body = body_of("cora", CARD)
    first = event_of("cora", body)
    second = event_of("cora", body | {"idempotencyKey": "payment.success:another"})

    assert second.dedupe_key != first.dedupe_key
    assert second.content_hash == first.content_hash
