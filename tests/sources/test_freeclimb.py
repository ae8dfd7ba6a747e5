from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from worker.errors import BadPayload, BadSignature
from worker.sources import freeclimb

from .fixture_files import CONNECTIONS, SIGNED_AT, body_of, delivery, event_of, signed

BODY = (
    b'{"accountId":"AC0000000000000000000000000000000000000001","callDuration":"61",'
    b'"callId":"CA0000000000000000000000000000000000000002","callStatus":"completed",'
    b'"conferenceId":null,"direction":"inbound","from":"+15005550001","parentCallId":'
    b'null,"queueId":null,"requestType":"callStatus","to":"+15005550002"}'
)
OURS = "v1=212ae08f1c9336f7f8aec4b40fd0c1971f0cf86420ebd51e43ccda8ad6daf8f1"
OTHERS = "v1=28ae7a5152202c4f9cdc6276754cbff28098b836044e53a8672a81a97a9949ce"
T = "t=1777889730"
CONNECTION = CONNECTIONS["freeclimb"]
OTHER_SECRET = "sigsec_00000000000000000000000000000000000000bb"
RECORDING = ("recordingId", "recordingUrl", "recordingDurationSec")


def verify(
    header: str,
    *,
    late_by_seconds: float = 0,
    secrets: tuple[str, ...] = CONNECTION.secrets,
) -> None:
    freeclimb.verify(
        delivery({"FreeClimb-Signature": header}, BODY),
        replace(CONNECTION, secrets=secrets),
        now=SIGNED_AT + timedelta(seconds=late_by_seconds),
    )


def test_the_single_vector_verifies() -> None:
    assert len(BODY) == 303

    verify(f"{T},{OURS}")


def test_the_rotation_vector_verifies_with_either_secret() -> None:
    verify(f"{T},{OTHERS},{OURS}")
    verify(f"{T},{OTHERS},{OURS}", secrets=(OTHER_SECRET,))
    verify(f"{T},{OURS}", secrets=(OTHER_SECRET, *CONNECTION.secrets))


def test_the_other_secrets_signature_alone_is_refused() -> None:
    with pytest.raises(BadSignature, match="does not match the body"):
        verify(f"{T},{OTHERS}")


@pytest.mark.parametrize(
    "header",
    [
        f" {T} , {OURS} ",
        f"{OURS},{T}",
        f"{T},v0=abc,{OURS},v2=",
        f"t = 1777889730, v1 = {OURS[3:]}",
    ],
)
def test_space_order_and_unknown_schemes_do_not_matter(header: str) -> None:
    verify(header)


@pytest.mark.parametrize(
    "header",
    [
        T,
        OURS,
        f"{T}{OURS}",
        f"{T},{T},{OURS}",
        f"t=,{OURS}",
        f"t=-1777889730,{OURS}",
        f"t=1777889730.0,{OURS}",
        f"t=+1777889730,{OURS}",
        f"t=1_777_889_730,{OURS}",
        f"t=soon,{OURS}",
        f"t=177788973000000000000,{OURS}",
        f"{T},v2={OURS[3:]}",
        ",,,",
    ],
)
def test_a_header_without_one_time_and_a_signature_is_refused(header: str) -> None:
    with pytest.raises(BadSignature, match="FreeClimb-Signature is malformed"):
        verify(header)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_are_tolerated_both_ways(seconds: int) -> None:
    verify(f"{T},{OURS}", late_by_seconds=seconds)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_more_than_five_minutes_are_refused_both_ways(seconds: int) -> None:
    with pytest.raises(BadSignature, match="the signed time is over 300 s from now"):
        verify(f"{T},{OURS}", late_by_seconds=seconds)


def test_an_earlier_request_leaves_no_signature_behind() -> None:
    verify(f"{T},{OURS}")

    with pytest.raises(BadSignature, match="does not match the body"):
        verify(f"{T},{OTHERS}")


def test_the_header_is_that_of_the_vector() -> None:
    assert freeclimb.sign(BODY, CONNECTION, now=SIGNED_AT) == {
        "Content-Type": "application/json",
        "FreeClimb-Signature": f"{T},{OURS}",
    }


@pytest.mark.parametrize(
    ("direction", "phone"),
    [
        ("inbound", "+15125550121"),
        ("outbound", "+15125550180"),
        ("outboundAPI", "+15125550180"),
        ("outboundDial", "+15125550180"),
        ("sideways", "+15125550180"),
        (None, "+15125550180"),
    ],
)
def test_the_debtor_is_on_the_far_side(direction: str | None, phone: str) -> None:
    body = body_of("freeclimb", "callStatus__completed_with_recording")

    assert event_of("freeclimb", body | {"direction": direction}).phone == phone


def test_a_recording_is_handed_on() -> None:
    body = body_of("freeclimb", "callStatus__completed_with_recording")

    assert event_of("freeclimb", body).payload == body


@pytest.mark.parametrize("key", RECORDING)
@pytest.mark.parametrize("nothing", ["", " ", "0", 0, None])
def test_a_recording_of_no_length_is_no_recording(key: str, nothing: Any) -> None:
    body = body_of("freeclimb", "callStatus__completed_with_recording")
    event = event_of("freeclimb", body | {key: nothing})

    assert not event.payload.keys() & set(RECORDING)
    assert event.body == body | {key: nothing}


def test_the_time_is_that_of_the_signature() -> None:
    body = body_of("freeclimb", "callStatus__busy")
    later = SIGNED_AT + timedelta(hours=1)
    sent = signed("freeclimb", body)

    assert freeclimb.read(replace(sent, received_at=later)).occurred_at == SIGNED_AT
    assert freeclimb.read(delivery({}, sent.body)).occurred_at == SIGNED_AT


def test_a_resend_with_a_new_time_has_the_same_hash() -> None:
    raw = signed("freeclimb", body_of("freeclimb", "callStatus__busy")).body
    later = SIGNED_AT + timedelta(seconds=90)
    first, second = (
        freeclimb.read(
            delivery(freeclimb.sign(raw, CONNECTION, now=moment), raw),
        )
        for moment in (SIGNED_AT, later)
    )

    assert first.content_hash == second.content_hash
    assert first.dedupe_key == second.dedupe_key
    assert second.occurred_at == later


def test_a_changed_outcome_changes_the_hash_and_not_the_key() -> None:
    body = body_of("freeclimb", "callStatus__busy")
    first = event_of("freeclimb", body)
    second = event_of("freeclimb", body | {"callStatus": "failed"})

    assert first.content_hash != second.content_hash
    assert first.dedupe_key == second.dedupe_key
    assert first.dedupe_key == (
        f"callStatus:{body['accountId']}:CA00000000000000000000000000000000000000f3"
    )


@pytest.mark.parametrize("kind", ["record", "transcribe", "conferenceRecordingStatus"])
def test_events_of_a_recording_have_a_key_of_their_own(kind: str) -> None:
    body = body_of("freeclimb", "record__utterance") | {"requestType": kind}
    prefix = f"{kind}:{body['accountId']}"
    by_recording = event_of("freeclimb", body)
    by_call = event_of("freeclimb", body | {"recordingId": None})

    assert by_recording.dedupe_key == f"{prefix}:{body['recordingId']}"
    assert by_call.dedupe_key == f"{prefix}:{body['callId']}"


@pytest.mark.parametrize("kind", ["getDigits", "record"])
def test_an_unknown_event_without_ids_is_known_by_its_content(kind: str) -> None:
    event = event_of("freeclimb", {"requestType": kind, "callId": []})

    assert event.dedupe_key == f"{kind}:{event.content_hash}"
    assert (event.call_id, event.phone) == (None, None)


@pytest.mark.parametrize("absent", ["requestType", "callId"])
def test_a_call_without_what_every_call_has_is_refused(absent: str) -> None:
    body = body_of("freeclimb", "callStatus__busy")
    del body[absent]

    with pytest.raises(BadPayload, match=rf"\$\.{absent}: missing"):
        event_of("freeclimb", body)
