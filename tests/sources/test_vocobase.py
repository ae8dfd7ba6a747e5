from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from worker.errors import BadPayload, BadSignature
from worker.sources import vocobase

from .fixture_files import CONNECTIONS, SIGNED_AT, body_of, delivery, event_of, fixture

BODY = (
    b'{"event":"session.completed","timestamp":"2026-05-04T10:15:30.000Z","data":'
    b'{"session_id":"0b7e4f5a-2222-4c1b-9d3e-000000000001","duration_seconds":61,'
    b'"processing_complete":true}}'
)
SENT_AT = "2026-05-04T10:15:30.000Z"
SIGNATURE = "sha256=27f8c8fc6c754a8964792c41aa5ed289b942aa240545b736a625f3f3abc44bfb"
UNPREFIXED = "sha256=d8780d25b4947c8a9bf5e3d727d135267f13a0114897c4485143ba6b02f683de"
CONNECTION = CONNECTIONS["vocobase"]
FULL = "session.completed__full"


def verify(
    signature: str = SIGNATURE,
    sent_at: str = SENT_AT,
    *,
    late_by_seconds: float = 0,
    secrets: tuple[str, ...] = CONNECTION.secrets,
) -> None:
    headers = {"X-Webhook-Signature": signature, "X-Webhook-Timestamp": sent_at}
    vocobase.verify(
        delivery(headers, BODY),
        replace(CONNECTION, secrets=secrets),
        now=SIGNED_AT + timedelta(seconds=late_by_seconds),
    )


def test_the_reference_vector_verifies() -> None:
    assert len(BODY) == 178

    verify()


def test_the_vector_with_the_secrets_prefix_taken_off_is_refused() -> None:
    with pytest.raises(BadSignature, match="does not match the body"):
        verify(UNPREFIXED)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_are_tolerated_both_ways(seconds: int) -> None:
    verify(late_by_seconds=seconds)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_more_than_five_minutes_are_refused_both_ways(seconds: int) -> None:
    with pytest.raises(BadSignature, match="the signed time is over 300 s from now"):
        verify(late_by_seconds=seconds)


def test_the_timestamp_is_signed_as_it_is_written() -> None:
    with pytest.raises(BadSignature, match="does not match the body"):
        verify(sent_at="2026-05-04T10:15:30Z")


def test_the_older_of_two_secrets_still_verifies() -> None:
    verify(secrets=("whsec_testvector0002", "whsec_testvector0001"))


@pytest.mark.parametrize(
    "signature", [SIGNATURE[7:], "sha1=" + SIGNATURE[7:], "sha256"]
)
def test_a_signature_of_another_scheme_is_refused(signature: str) -> None:
    with pytest.raises(BadSignature, match=r"X-Webhook-Signature (is malf|does not)"):
        verify(signature)


def test_a_signed_timestamp_that_is_no_time_is_refused() -> None:
    headers = vocobase.sign(BODY, CONNECTION, now=SIGNED_AT)
    key = CONNECTION.secrets[0].encode()
    digest = vocobase._signing.hex_digest(key, b"soon." + BODY)
    headers |= {
        "X-Webhook-Timestamp": "soon",
        "X-Webhook-Signature": f"sha256={digest}",
    }

    with pytest.raises(BadSignature, match="X-Webhook-Timestamp is malformed"):
        vocobase.verify(delivery(headers, BODY), CONNECTION, now=SIGNED_AT)


def test_the_headers_are_those_of_the_vector() -> None:
    assert vocobase.sign(BODY, CONNECTION, now=SIGNED_AT) == {
        "Content-Type": "application/json",
        "X-Webhook-Signature": SIGNATURE,
        "X-Webhook-Timestamp": SENT_AT,
    }


def test_a_session_is_its_key_and_its_call_is_the_call() -> None:
    event = vocobase.read(fixture("vocobase", FULL))

    assert event.dedupe_key == "session.completed:0b7e4f5a-2222-4c1b-9d3e-000000000011"
    assert event.call_id == "7d0c2f10-3333-4f2a-8a01-000000000011"
    assert event.phone == "+15125550111"
    assert event.payload == event.body["data"]


def test_a_browser_session_is_its_own_call() -> None:
    event = vocobase.read(fixture("vocobase", "session.completed__webrtc_without_call"))

    assert event.call_id == "0b7e4f5a-2222-4c1b-9d3e-000000000012"
    assert event.phone is None


def test_a_session_occurs_at_its_first_turn_as_far_as_that_is_known() -> None:
    body = body_of("vocobase", FULL)
    moments = [event_of("vocobase", body).occurred_at]
    del body["data"]["transcript"][0]["timestamp"]
    moments.append(event_of("vocobase", body).occurred_at)
    body["data"] |= {"transcript": [], "pipeline_completed_at": None}
    moments.append(event_of("vocobase", body).occurred_at)

    assert moments == [
        datetime(2026, 5, 4, 10, 14, 22, tzinfo=UTC),
        datetime(2026, 5, 4, 10, 15, 29, 400_000, tzinfo=UTC),
        datetime(2026, 5, 4, 10, 15, 30, tzinfo=UTC),
    ]


def test_a_redelivery_with_a_new_link_and_time_has_the_same_hash() -> None:
    body = body_of("vocobase", FULL)
    first = event_of("vocobase", body)
    body["timestamp"] = "2026-05-04T10:15:37.000Z"
    body["data"]["recording_url"] = (
        body["data"]["recording_url"].partition("?")[0] + "?X-Signature=another"
    )

    assert event_of("vocobase", body).content_hash == first.content_hash


def test_a_changed_extraction_changes_the_hash_and_not_the_key() -> None:
    body = body_of("vocobase", FULL)
    first = event_of("vocobase", body)
    body["data"]["extraction"]["values"]["interested"] = False
    second = event_of("vocobase", body)

    assert second.content_hash != first.content_hash
    assert second.dedupe_key == first.dedupe_key


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"data": {"session_id": "1"}}, r"\$\.event: missing"),
        ({"event": "session.completed"}, r"\$\.data\.session_id: missing"),
        ({"event": "session.completed", "data": []}, r"\$\.data\.session_id: missing"),
    ],
)
def test_a_body_without_event_or_session_is_refused(body: Any, problem: str) -> None:
    with pytest.raises(BadPayload, match=problem):
        event_of("vocobase", body)


def test_an_unknown_event_is_known_by_its_content() -> None:
    event = event_of("vocobase", {"event": "session.started", "data": {"call": 5}})

    assert event.dedupe_key == f"session.started:{event.content_hash}"
    assert (event.call_id, event.phone) == (None, None)
    assert event.payload == {"call": 5}
