from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from worker.errors import BadPayload
from worker.sources._reader import Reader, parse_json


def test_every_kind_of_value_is_parsed() -> None:
    text = '{"a": [1, -2.5, 1e3, true, false, null, "\\u00fa\\ud83d\\ude00 ú😀"]}'

    assert parse_json(text.encode()) == {
        "a": [1, -2.5, 1000.0, True, False, None, "ú😀 ú😀"]
    }


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "is not JSON from character 0 on"),
        (b"{} {}", "is not JSON from character 3 on"),
        (b"{'a': 1}", "is not JSON"),
        (b'{"a": 01}', "is not JSON"),
        (b'{"a": "\n"}', "is not JSON"),
        (b'"open', "is not JSON"),
        (b'"\\', "is not JSON"),
        (b'"\\x"', "is not JSON"),
        (b"\x00", "is not JSON"),
        (b"\xff", "is not UTF-8"),
        (b'"\xed\xa0\x80"', "is not UTF-8"),
        ("{}".encode("utf-16"), "is not UTF-8"),
        (b"\xef\xbb\xbf{}", "begins with a byte order mark"),
        (b'{"a": 1, "a": 2}', "the same key twice"),
        (b'[{"b": {"a": 1, "\\u0061": 2}}]', "the same key twice"),
        (b"NaN", "has NaN, which is not JSON"),
        (b"[-Infinity]", "has -Infinity, which is not JSON"),
        (b"1e999", "a number out of all measure"),
        (b"-1e999", "a number out of all measure"),
        (b"1" * 33, "a number out of all measure"),
        (b"1" * 5000, "a number out of all measure"),
        (b"0." + b"1" * 5000, "a number out of all measure"),
        (b'["\\u0000"]', "a NUL or half a surrogate pair"),
        (b'["\\\\\\u0000"]', "a NUL or half a surrogate pair"),
        (b'{"\\u0000": 1}', "a NUL or half a surrogate pair"),
        (b'["\\ud800"]', "a NUL or half a surrogate pair"),
        (b'{"a": {"\\udfff": 1}}', "a NUL or half a surrogate pair"),
        (b'["\\ude00\\ud83d"]', "a NUL or half a surrogate pair"),
    ],
)
def test_what_is_not_strict_json_is_refused(body: bytes, problem: str) -> None:
    with pytest.raises(BadPayload, match=problem) as caught:
        parse_json(body)

    assert caught.value.path == "$"


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    assert parse_json(b'"\\\\u0000 \\\\ud800"') == "\\u0000 \\ud800"


def test_64_levels_are_read_and_65_are_refused() -> None:
    assert parse_json(b"[" * 64 + b"]" * 64)

    with pytest.raises(BadPayload, match="is nested deeper than 64 levels"):
        parse_json(b'{"a":' * 65 + b"1" + b"}" * 65)


def test_brackets_inside_texts_are_no_levels() -> None:
    text = "[{" * 100 + '\\"' + "[" * 100

    assert parse_json(json.dumps([text]).encode()) == [text]


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 500_000,
        b"[]" * 250_000,
        b'"' * 500_000,
        b'"' + b'\\"' * 250_000,
        b"\\" * 500_000,
        b'{"a":"' * 80_000,
        b"9" * 500_000,
        b"]" * 500_000,
    ],
    ids=lambda body: body[:6].decode(),
)
def test_half_a_megabyte_of_malice_is_refused_at_once(body: bytes) -> None:
    begin = time.perf_counter()

    with pytest.raises(BadPayload, match=r"is not JSON|nested|out of all measure"):
        parse_json(body)

    # Quadratic work on half a megabyte would take minutes.
    assert time.perf_counter() - begin < 2


def test_a_refusal_shows_the_path_and_no_value() -> None:
    with pytest.raises(BadPayload) as caught:
        Reader({"payload": {"callId": ["secret"]}})["payload"]["callId"].text()

    assert str(caught.value) == "$.payload.callId: is not text"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({}, r"\$\.a: missing"),
        ({"a": None}, r"\$\.a: is null"),
        ({"a": 5}, r"\$\.a: is not text"),
        ({"a": " \t"}, r"\$\.a: is blank"),
        ({"a": "x" * 513}, r"\$\.a: is longer than 512 characters"),
        ([], r"\$\.a: missing"),
    ],
)
def test_a_text_that_must_be_there_is_demanded(value: Any, problem: str) -> None:
    with pytest.raises(BadPayload, match=problem):
        Reader(value)["a"].text()


@pytest.mark.parametrize("value", [{}, {"a": None}, {"a": ""}, {"a": "  "}])
def test_an_optional_text_is_none_where_it_says_nothing(value: Any) -> None:
    assert Reader(value)["a"].text_or_none() is None


def test_a_whole_number_is_an_optional_texts_digits() -> None:
    assert Reader({"a": 10042})["a"].text_or_none() == "10042"


def test_below_what_is_missing_everything_is_missing() -> None:
    with pytest.raises(BadPayload, match=r"\$\.call\.id: missing"):
        Reader({"call": None})["call"]["id"].text()


def test_the_first_item_carries_its_path() -> None:
    assert Reader({"a": ["x", "y"]})["a"].first().text() == "x"

    with pytest.raises(BadPayload, match=r"\$\.a\[0\]: missing"):
        Reader({"a": []})["a"].first().text()


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-04T10:15:30Z",
        "2026-05-04T10:15:30.000Z",
        "2026-05-04T12:15:30+02:00",
        "2026-05-04T04:15:30-0600",
        "2026-05-04 10:15:30.000000+00:00",
    ],
)
def test_a_time_is_in_utc_whatever_its_offset(text: str) -> None:
    moment = Reader(text).timestamp()

    assert moment == datetime(2026, 5, 4, 10, 15, 30, tzinfo=UTC)
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-04",
        "2026-05-04T10:15:30",
        "2026-02-30T10:15:30Z",
        "2026-05-04T25:15:30Z",
        "2026-05-04T10:15:30+99:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59Z",
        "٢٠٢٦-05-04T10:15:30Z",
        "1777889730",
        "soon",
    ],
)
def test_a_time_without_zone_or_sense_is_refused(text: str) -> None:
    with pytest.raises(BadPayload, match=r"\$: is no time"):
        Reader(text).timestamp()
    assert Reader(text).timestamp_or_none() is None


@pytest.mark.parametrize("value", [{}, {"a": None}, {"a": ""}])
def test_an_optional_time_is_none_where_it_says_nothing(value: Any) -> None:
    assert Reader(value)["a"].timestamp_or_none() is None


@pytest.mark.parametrize(
    "value", ["call.completed", "on_call_end", "callStatus", "a-1"]
)
def test_a_well_formed_event_name_is_read(value: str) -> None:
    assert Reader(value).name() == value


@pytest.mark.parametrize("value", ["../x", "a b", "-a", ".a", "é", "a\n", "a" * 101])
def test_a_name_that_could_be_mistaken_for_something_else_is_refused(
    value: str,
) -> None:
    with pytest.raises(BadPayload, match=r"\$: is not an event name"):
        Reader(value).name()


@pytest.mark.parametrize("value", [None, 1.5, "x", [], {}, {"a": 1.5}, {"a": [1]}])
def test_what_may_be_lacking_never_refuses_a_delivery(value: Any) -> None:
    reader = Reader(value)

    assert reader["a"].text_or_none() is None
    assert reader["a"].timestamp_or_none() is None
    assert reader["a"].object_or_none() is None
    assert reader["a"]["b"].first()["c"].text_or_none() is None


@pytest.mark.parametrize("text", ["2026-02-30T10:15:30Z", "2026-05-04T10:15:30+99:00"])
def test_a_refused_time_is_not_quoted(text: str) -> None:
    with pytest.raises(BadPayload, match=r"^\$: is no time: no time of the calendar$"):
        Reader(text).timestamp()
