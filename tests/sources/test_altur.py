from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from worker.errors import BadPayload, BadSignature
from worker.model import Connection
from worker.sources import altur

from .fixture_files import CONNECTIONS, SIGNED_AT, body_of, delivery, event_of, fixture

PAYLOAD = {
    "event_type": "on_call_end",
    "id": "cll_TESTVECTOR0000000001",
    "type": "outbound",
    "status": "ended",
    "duration": 45,
    "transcript": [
        {
            "sent_by": "assistant",
            "sent_at": "2026-05-04T10:14:25Z",
            "content": "¿Hablo con Sofía?",
        }
    ],
}
COMPACT = (",", ":")
BODIES = {
    "A": json.dumps(PAYLOAD, separators=COMPACT).encode(),
    "B": json.dumps(PAYLOAD, separators=COMPACT, ensure_ascii=False).encode(),
    "C": json.dumps(PAYLOAD).encode(),
    "D": json.dumps(PAYLOAD, ensure_ascii=False).encode(),
}
V1 = {
    "A": "31e21a067b08e37f8936cb96cb25b8772902d04694d43a186283258cf0d37413",
    "B": "4f5614416acfb3e3bb74d363c0774e42a402ada0212fd740c205b19a29e53170",
    "C": "fb6dcfb8a170d5c56d91de8771df4228779a23f6e74300f2ea1ea9e7107ab3d1",
    "D": "c657a8de16a2f88acb2ddc607344dca460072aabbd21c87ad4c9a46f192253f2",
}
V2 = {
    "A": "Bhfkjho0PePDEE/PfEhTkk/jQJxVMPFySt5eIGN7f1Q=",
    "B": "+CVEvcpj33hF90BaGc0XTCdtkSvgZlwCtUyHeqqRrII=",
    "C": "dAQcDUMaVdaemasfIkPiViHYE/R8vuf24VI2F4N+Ylw=",
    "D": "e/FWkd/ix1TIjt3RI9Mig5VaPXVgqxncs1WhpbgDtUg=",
}
UNDECODED_V2 = "1Mn7u8HcpF0xhX5PV0dEEkP1vPdut3qwv/YM7yIKgv8="
OLD = Connection(
    "altur-old", "altur", ("altur-plain-secret-0001",), {"signature": "v1"}
)
NEW = CONNECTIONS["altur"]


def verify(body: bytes, signature: str, connection: Connection = NEW) -> None:
    sent = delivery({"X-Altur-Signature": signature}, body)
    altur.verify(sent, connection, now=SIGNED_AT)


def test_the_vectors_bodies_have_the_vectors_lengths() -> None:
    assert {k: len(v) for k, v in BODIES.items()} == {
        "A": 221,
        "B": 213,
        "C": 237,
        "D": 229,
    }


@pytest.mark.parametrize("form", "ABCD")
def test_v1_verifies_over_the_body_as_sent(form: str) -> None:
    verify(BODIES[form], V1[form], OLD)


@pytest.mark.parametrize("form", "BCD")
def test_v1_does_not_verify_over_another_form(form: str) -> None:
    with pytest.raises(BadSignature, match="does not match the body"):
        verify(BODIES[form], V1["A"], OLD)


@pytest.mark.parametrize("form", "ABCD")
def test_v2_verifies_over_the_body_as_sent(form: str) -> None:
    verify(BODIES[form], V2[form])


@pytest.mark.parametrize("form", "ABCD")
@pytest.mark.parametrize("compact", "AB")
def test_v2_verifies_over_a_compact_form(form: str, compact: str) -> None:
    verify(BODIES[form], V2[compact])


@pytest.mark.parametrize(("form", "spaced"), ["AC", "AD", "BC", "BD", "CD", "DC"])
def test_v2_does_not_verify_over_a_form_with_other_spaces(
    form: str, spaced: str
) -> None:
    with pytest.raises(BadSignature, match="does not match the body"):
        verify(BODIES[form], V2[spaced])


def test_v2_with_the_secret_undecoded_is_refused() -> None:
    with pytest.raises(BadSignature, match="does not match the body"):
        verify(BODIES["A"], UNDECODED_V2)


def test_the_two_schemes_are_not_mixed() -> None:
    with pytest.raises(BadSignature, match="does not match the body"):
        verify(BODIES["A"], V1["A"], replace(OLD, options={"signature": "v2"}))
    with pytest.raises(BadSignature, match="does not match the body"):
        verify(BODIES["A"], V2["A"], replace(NEW, options={"signature": "v1"}))


def test_the_older_of_two_secrets_still_verifies() -> None:
    verify(BODIES["C"], V2["A"], replace(NEW, secrets=("bmV3ZXI=", *NEW.secrets)))


@pytest.mark.parametrize("secret", ["", "no base64!", "abc", "gehei\u00dfm", "\ud800"])
def test_a_v2_secret_that_is_no_base64_never_matches(secret: str) -> None:
    with pytest.raises(BadSignature, match="does not match the body"):
        verify(BODIES["A"], V2["A"], replace(NEW, secrets=(secret,)))


def test_white_space_around_the_signature_is_no_part_of_it() -> None:
    verify(BODIES["C"], f"  {V2['A']} ")


def test_numbers_and_the_order_of_keys_stay_as_they_were_written() -> None:
    spaced = rb'{ "b" : 1.10 , "a" : 1E+2 ,"2":-0.0,"s":"\/ \u00FA\ud83d\ude00\u007f"}'
    compact = rb'{"b":1.10,"a":1E+2,"2":-0.0,"s":"/ \u00fa\ud83d\ude00\u007f"}'
    headers = altur.sign(compact, NEW, now=SIGNED_AT)

    verify(spaced, headers["X-Altur-Signature"])


def test_a_long_body_verifies_over_its_compact_form() -> None:
    lines = [f"L\u00ednea {number}" for number in range(30_000)]
    spaced, compact = (
        json.dumps({"a": lines, "b": 1.5}, ensure_ascii=False, separators=by).encode()
        for by in ((", ", ": "), (",", ":"))
    )
    headers = altur.sign(compact, NEW, now=SIGNED_AT)

    verify(spaced, headers["X-Altur-Signature"])


def test_white_space_inside_a_text_counts() -> None:
    headers = altur.sign(b'{"a":"x y"}', NEW, now=SIGNED_AT)

    verify(b'{ "a": "x y" }', headers["X-Altur-Signature"])
    with pytest.raises(BadSignature, match="does not match the body"):
        verify(b'{ "a": "xy" }', headers["X-Altur-Signature"])


@pytest.mark.parametrize(
    "body",
    [b"\xff", b'"\\', b'["\\x"]', b'["\\ud800"]', b'"\n"', b'"open', b"[" * 9999, b""],
)
def test_a_body_that_is_no_json_gives_no_other_error(body: bytes) -> None:
    with pytest.raises(BadSignature, match="does not match the body"):
        verify(body, V2["A"])


def test_a_secret_of_the_wrong_kind_is_told() -> None:
    assert altur.secret_problem(NEW.secrets[0], {}) is None
    assert altur.secret_problem(OLD.secrets[0], OLD.options) is None
    assert altur.secret_problem(OLD.secrets[0], {}) == (
        "is not base64, which signature scheme v2 needs"
    )
    assert altur.secret_problem(" ", {}) == "is empty"


def test_v1_is_signed_as_it_is_verified() -> None:
    assert altur.sign(BODIES["A"], OLD, now=SIGNED_AT) == {
        "Content-Type": "application/json",
        "X-Altur-Signature": V1["A"],
    }


def test_a_campaigns_contact_is_handed_on_as_it_is() -> None:
    event = altur.read(fixture("altur", "on_call_end__newest"))

    assert event.payload["contact"] == event.body["campaign_user"]
    assert "contact" not in event.body
    assert event.foreign_id == "user_12345"
    assert event.phone == "+525555500142"


def test_without_a_campaign_the_end_user_is_the_contact() -> None:
    event = altur.read(fixture("altur", "on_call_end__middle"))

    assert event.payload["contact"] == {
        "name": "Teófilo Barragán",
        "contact": "+525555500143",
        "context": "Saldo 800",
        "status": "converted",
        "extracted_data": {"Payment Amount": "800", "Payment Date": "2026-05-09"},
        "tags": ["payment_promise"],
    }
    assert event.foreign_id is None
    assert event.phone == "+525555500143"


def test_nothing_is_invented_for_the_end_user() -> None:
    event = altur.read(fixture("altur", "on_call_end__oldest"))

    assert set(event.payload["contact"]) == {
        "name",
        "contact",
        "context",
        "status",
        "extracted_data",
    }
    assert event.type == "on_call_end"
    assert event.occurred_at == SIGNED_AT  # the oldest version has no times


@pytest.mark.parametrize(
    ("kind", "phone"), [("inbound", "+52100"), ("outbound", "+52200"), (None, "+52200")]
)
def test_without_a_contact_the_other_partys_number_is_the_phone(
    kind: str | None, phone: str
) -> None:
    body = {
        "event_type": "on_call_end",
        "id": "cll_1",
        "type": kind,
        "phone_number_from": "+52100",
        "phone_number_to": "+52200",
        "campaign_user": None,
    }
    event = event_of("altur", body)

    assert event.phone == phone
    assert "contact" not in event.payload


def test_a_call_occurs_when_it_ends_as_far_as_that_is_known() -> None:
    body = body_of("altur", "on_call_end__inbound")
    moments = []
    for absent in ("", "ended_at", "started_at", "created_at"):
        body[absent] = None
        moments.append(event_of("altur", body).occurred_at)

    assert moments == [
        datetime(2026, 5, 4, 16, 1, 40, tzinfo=UTC),
        datetime(2026, 5, 4, 16, 0, 3, tzinfo=UTC),
        datetime(2026, 5, 4, 16, 0, 2, tzinfo=UTC),
        SIGNED_AT,
    ]


def test_a_redelivery_has_the_same_hash_and_a_changed_outcome_another() -> None:
    body = body_of("altur", "on_call_end__newest")
    first = event_of("altur", body)
    again = event_of("altur", dict(reversed(body.items())))
    body["campaign_user"]["status"] = "failed"
    changed = event_of("altur", body)

    assert again.content_hash == first.content_hash != changed.content_hash
    assert first.dedupe_key == again.dedupe_key == changed.dedupe_key
    assert first.dedupe_key == "on_call_end:cll_HbrNewest00000000001"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"type": "outbound", "id": "cll_1"}, r"\$\.event_type: missing"),
        ({"event_type": None, "id": "cll_1"}, r"\$\.event_type: is null"),
        ({"event_type": "on call", "id": "cll_1"}, r"\$\.event_type: is not an event"),
        ({"event_type": "on_call_end"}, r"\$\.id: missing"),
        ([], r"\$: is not an object"),
    ],
)
def test_a_body_without_event_or_call_is_refused(body: Any, problem: str) -> None:
    with pytest.raises(BadPayload, match=problem):
        altur.read(delivery({}, json.dumps(body).encode()))


def test_an_unknown_event_is_known_by_its_content() -> None:
    event = event_of("altur", {"event_type": "on_transfer", "campaign_user": "x"})

    assert event.dedupe_key == f"on_transfer:{event.content_hash}"
    assert (event.call_id, event.foreign_id, event.phone) == (None, None, None)


def test_an_empty_secret_is_no_key() -> None:
    signature = altur.sign(BODIES["A"], replace(NEW, secrets=("",)), now=SIGNED_AT)

    with pytest.raises(BadSignature, match="does not match the body"):
        verify(BODIES["A"], signature["X-Altur-Signature"], replace(NEW, secrets=("",)))


def test_a_delete_character_is_escaped_as_python_does() -> None:
    headers = altur.sign(b'{"s":"\\u007f"}', NEW, now=SIGNED_AT)

    verify(b'{"s": "\x7f"}', headers["X-Altur-Signature"])
