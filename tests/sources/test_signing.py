from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from worker.errors import BadSignature
from worker.model import Delivery
from worker.sources import _signing

NOW = datetime(2026, 5, 4, 10, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [-300, -1, 0, 1, 300])
def test_a_signed_time_within_five_minutes_is_fresh(seconds: int) -> None:
    _signing.check_fresh(NOW + timedelta(seconds=seconds), NOW)


@pytest.mark.parametrize("seconds", [-301, -300.001, 300.001, 301])
def test_a_signed_time_beyond_five_minutes_is_refused(seconds: float) -> None:
    with pytest.raises(BadSignature, match="the signed time is over 300 s from now"):
        _signing.check_fresh(NOW + timedelta(seconds=seconds), NOW)


def test_no_tolerance_means_none() -> None:
    with pytest.raises(BadSignature, match="is over 0 s from now"):
        _signing.check_fresh(NOW + timedelta(seconds=1), NOW, tolerance_seconds=0)


def test_all_signatures_are_compared_after_a_match(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []
    real = hmac.compare_digest

    def counted(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", counted)

    assert _signing.matches([b"a", b"b"], [b"a", b"c", b"d"])
    assert len(compared) == 6  # 2 secrets * 3 signatures


def test_a_blank_secret_is_no_key() -> None:
    assert _signing.keys(("", "  ", "x")) == [b"x"]


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    one, other = {"a": 1, "b": {"c": "ú", "d": None}}, {"b": {"d": None, "c": "ú"}}

    assert _signing.canonical_hash(one) == _signing.canonical_hash(other | {"a": 1})


@pytest.mark.parametrize("other", [{"a": 2}, {"a": "1"}, {"a": True}, {"a": [1]}, {}])
def test_the_hash_depends_on_the_content(other: Any) -> None:
    assert _signing.canonical_hash({"a": 1}) != _signing.canonical_hash(other)


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("secret\n", "has white space around it"),
        ("geheimnißvoll", "has characters that are not printable ASCII"),
        ("one\ttwo", "has characters that are not printable ASCII"),
        ("whsec_1", None),
    ],
)
def test_what_is_wrong_with_a_secret_is_said(secret: str, problem: str | None) -> None:
    assert problem == _signing.text_secret_problem(secret)


def test_a_header_of_1024_characters_is_read_and_a_longer_one_is_refused() -> None:
    fits = Delivery({"x-some-signature": " " + "a" * 1024}, b"", NOW)
    assert _signing.header(fits, "X-Some-Signature") == "a" * 1024

    longer = Delivery({"x-some-signature": "a" * 1025}, b"", NOW)
    with pytest.raises(BadSignature, match="X-Some-Signature is malformed"):
        _signing.header(longer, "X-Some-Signature")
