from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mapping.amounts import amount
from tests.mapping.building import one_write
from worker.mapping.transforms import redact_text
from worker.mapping.transforms.card_numbers import lengths_of, passes_luhn
from worker.mapping.transforms.texts import truncate

quick = settings(
    derandomize=True, max_examples=amount(400), deadline=None, database=None
)
VISA = "4111111111111111"
LONGEST_TRANSCRIPT = 131_072

# Numbers that the networks publish for tests.
CARDS = [
    VISA,
    "4222222222222",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "6011111111111117",
    "3530111333300000",
    "30569309025904",
    "36227206271667",
    "6200000000000005",
]


@pytest.mark.parametrize("card", CARDS)
def test_a_card_number_leaves_its_last_four_digits(card: str) -> None:
    redacted = redact_text(f"My card is {card}.")

    assert redacted == f"My card is [card ending {card[-4:]}]."


@pytest.mark.parametrize(
    "written",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111 - 1111 - 1111 - 1111",
        "4111\u20111111\u20111111\u20111111",
        "4111\u00a01111\u00a01111\u00a01111",
        "4111, 1111, 1111, 1111",
        "4111. 1111. 1111. 1111",
        "4111,1111,1111,1111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1",
        "41 11 11 11 11 11 11 11",
        "411 111 111 111 1111",
        "4111 11 1111111111",
        "4111  1111  1111  1111",
        "4111\t1111\t1111\t1111",
        "4111\u20091111\u202f1111\u20071111",
        "4111\u20141111\u20141111\u20141111",
        "4111\u22121111\u22121111\u22121111",
        "4111\u200b1111\u200b1111\u200b1111",
        "\uff14\uff11\uff11\uff11 1111 1111 1111",
        "\u0664\u0661\u0661\u0661\u0661\u0661\u0661\u0661" + "\u0661" * 8,
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "it's {}.", "({})", '"{}",', "No:{}\n", "#{}", "Card{}", "my cc{}"]
)
def test_a_card_number_is_found_however_it_is_grouped(
    written: str, around: str
) -> None:
    expected = around.format("[card ending 1111]")

    assert expected == redact_text(around.format(written))


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"{VISA} 12 27 123", "[card ending 1111] 12 27 123"),
        ("4111 1111 1111 1111 1227", "[card ending 1111] 1227"),
        ("4111 1111 1111 1111, 12/27, 123", "[card ending 1111], 12/27, 123"),
        ("202 555 0123 4111 1111 1111 1111", "202 555 0123 [card ending 1111]"),
        (f"{VISA} or {VISA}", "[card ending 1111] or [card ending 1111]"),
        (f"{VISA} 123-45-6789", "[card ending 1111] [SSN removed]"),
        (f"user: {VISA}\nbot: Thanks", "user: [card ending 1111]\nbot: Thanks"),
    ],
)
def test_only_the_card_number_goes_out_of_what_stands_around_it(
    text: str, redacted: str
) -> None:
    assert redacted == redact_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # fails the check
        "9111111111111110",  # of no network
        "411111111111",  # too short
        "41111111111111110000",  # too long
        f"call_{VISA}a",
        f"a{VISA}",
        f"discard{VISA}",
        "lessn123-45-6789",
        f"{VISA}4",
        f"\u00e9{VISA}",
        f"0.{VISA}",
        f"{VISA}.5",
        "+4111111111111111",  # as a phone number is written
        "4,111, 1,111, 1,111, 1,111",  # amounts
        "4500, 111, 111, 111, 111",
        "4111 or 1111, 1111 and 1111",
        f"https://example.com/recordings/{VISA}.mp3",
        f"see https://example.com/?a=1&b={VISA}#x now",
        f"s3://bucket/{VISA}/2 1",
        "1777888999000",  # a moment in milliseconds
        "550e8400-e29b-41d4-a716-446655440000",
        "2026-05-04T10:14:20.500123456Z",
        "2026-05-04 10:14, 2026-05-05 11:15",
        "$1,200.50, $1,300.50, $1,400.50",
    ],
)
def test_what_only_looks_like_a_card_number_stays(text: str) -> None:
    assert text is redact_text(text)


def test_a_card_of_fifteen_digits_is_found_in_its_own_groups() -> None:
    assert redact_text("3782, 822463, 10005") == "[card ending 0005]"


def test_a_removed_ssn_names_no_other_number() -> None:
    redacted = redact_text("SSN 123-45-6789 for account 412345678")

    assert redacted == "SSN [SSN removed] for account 412345678"
    assert redacted == redact_text(redacted)


def test_what_follows_a_url_is_text_again() -> None:
    text = f'{{"url": "https://example.com/{VISA}", "card":"{VISA}"}}'

    assert redact_text(text).count(VISA) == 1
    assert redact_text(text).endswith('"card":"[card ending 1111]"}')


@pytest.mark.parametrize(
    "name", ["card", "cc", "pan", "cardNumber", "credit_card", "ccnum"]
)
@pytest.mark.parametrize("written", [VISA, "4111-1111-1111-1111"])
def test_a_card_number_that_a_url_calls_so_is_found(name: str, written: str) -> None:
    url = f"https://example.com/recordings/{VISA}?id={VISA}&{name}="

    redacted = redact_text(f"see {url}{written}&b={VISA} now")

    assert redacted == f"see {url}[card ending 1111]&b={VISA} now"


def test_a_colon_and_two_slashes_alone_are_no_url() -> None:
    assert redact_text(f"card ://{VISA}") == "card ://[card ending 1111]"


@pytest.mark.parametrize(
    "text",
    [
        "SSN 123-45-6789",
        "123-45-6789",
        "It is 123 45 6789, yes",
        "123\u201345\u20136789",
        "123\u201445\u20146789",
        "123.45.6789",
        "It is 123.45.6789.",
        "\uff11\uff12\uff13-\uff14\uff15-\uff16\uff17\uff18\uff19",
        "https://example.com/?ssn=123456789",
        "https://example.com/?a=1&SSN=123-45-6789#x",
        "SSN: 123456789",
        "ssn is 123456789",
        "my social is 123456789",
        "Social Security Number (last name first): 123456789",
        "What is your social security number?\nuser: it's 123456789",
        "n\u00famero de seguro social es 123456789",
        "S.S.N. 123456789",
        "SSN123-45-6789",
        "ssn123456789",
        "SS# 123456789",
        "SSN 1 2 3 4 5 6 7 8 9",
        "SSN 123, 45, 6789",
        "SSN 123 456 789",
    ],
)
def test_an_ssn_is_taken_out(text: str) -> None:
    redacted = redact_text(text)

    assert redacted.count("[SSN removed]") == 1
    assert not any(digit.isdecimal() for digit in redacted.replace("a=1", ""))


@pytest.mark.parametrize(
    "text",
    [
        "000-12-3456",
        "666-12-3456",
        "900-12-3456",
        "123-00-4567",
        "123-45-0000",
        "12-123-45-6789",
        "123-45-6789-1",
        "A123-45-6789",
        "123-45-6789B",
        "123, 45, 6789",
        "1.123.45.6789",
        "123.45.6789.1",
        "202-555-0123",
        "123456789",
        "Routing number 123456789",
        "social media account 123456789",
        "SSN on file. " + "x " * 9 + "123456789",
        "SSN ends in 6789, account 123456789",
        "SSN 1234567890",
        "SSN 12 123456789",
        "https://example.com/123-45-6789",
        "+123 45 6789",
    ],
)
def test_what_only_looks_like_an_ssn_stays(text: str) -> None:
    assert text is redact_text(text)


@pytest.mark.parametrize("text", ["", "Paid.", "1200", "\ud800", "\x00" * 50, "9" * 99])
def test_a_text_without_such_numbers_is_the_same_object(text: str) -> None:
    assert text is redact_text(text)


PIECES = st.sampled_from(
    [
        *CARDS,
        *("4111 1111 1111 1111", "4111-1111-1111-", "123-45-6789", "123 45 6789"),
        *("123456789", "4111", "1111", "378282", "246310005", "4", "1", "11", "123"),
        *("45", "6789", " ", "-", ".", ",", ", ", "+", "\n", "a", "\u00e9", "  ", "//"),
        *("ssn ", "SSN", "social security ", "http://", "[SSN removed]", "?x="),
        *("[card ending 1111]", "\u2013", "\u00a0", "\u0664", "\ud800"),
    ]
)
TEXTS = st.lists(PIECES, max_size=14).map("".join)


@settings(quick, max_examples=amount(1500))
@given(text=TEXTS)
def test_redacting_twice_is_redacting_once(text: str) -> None:
    once = redact_text(text)

    assert once == redact_text(once)


@quick
@given(text=TEXTS, more=st.text("abc \n", min_size=1, max_size=5))
def test_the_rest_of_a_text_stays_as_it_is(text: str, more: str) -> None:
    assert redact_text(f"{text}\n{more}").endswith(f"\n{more}")


@quick
@given(
    card=st.sampled_from(CARDS),
    marks=st.lists(st.sampled_from(["", " ", "-"]), min_size=19, max_size=19),
)
def test_no_grouping_hides_a_card_number(card: str, marks: list[str]) -> None:
    written = "".join(
        digit + mark for digit, mark in zip(card, marks, strict=False)
    ).strip(" -")

    assert redact_text(f"pay by {written} ok") == f"pay by [card ending {card[-4:]}] ok"


@quick
@given(digits=st.from_regex(r"[0-9]{13,19}", fullmatch=True))
def test_a_lone_number_goes_if_its_network_and_its_check_digit_say_so(
    digits: str,
) -> None:
    summed = sum(
        sum(map(int, str(int(digit) * (1 + place % 2))))
        for place, digit in enumerate(reversed(digits))
    )
    is_card = summed % 10 == 0 and len(digits) in lengths_of(digits[:4])

    assert passes_luhn(digits) == (summed % 10 == 0)
    assert is_card == (redact_text(digits) != digits)


@pytest.mark.parametrize("number", ["4111 1111 1111 1111", VISA, "123 45 6789"])
def test_what_is_cut_cuts_no_number(number: str) -> None:
    text = f"She said: {number}, and that is all of it, thank you for the call."

    for length in range(1, len(text)):
        said = redact_text(truncate(text, length))
        assert not any(half in said for half in ("4111", "1111 ", "123", "45"))


def test_a_cut_far_behind_a_number_is_where_it_was() -> None:
    text = f"{VISA} " + "word " * 100

    assert truncate(text, 300) == f"{VISA} " + "word " * 55 + "word..."


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (int(VISA), "[card ending 1111]"),
        (4111111111111112, 4111111111111112),
        (1777888999000, 1777888999000),
        (-int(VISA), -int(VISA)),
        (True, True),
    ],
)
def test_a_card_number_that_is_a_json_number_is_found(given: Any, sent: Any) -> None:
    member = "{object: Task, key: {K__c: event.call_id}, fields: {A: payload.said}}"

    write = one_write(f"- {member}", {"said": given})

    assert write.fields["A"] == sent
    assert type(write.fields["A"]) is type(sent)


def steps(run: Callable[[], Any]) -> int:
    """Count the calls that Python makes, of functions written in C too."""
    count = 0

    def counted(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


HOSTILE = {
    "no digits": "agent: hello\n",
    "one long number": "4",
    "single digits": "4 ",
    "digits with dashes": "4-",
    "digits with commas": "4, ",
    "groups of four": "4111 ",
    "almost a card": "4111 1111 1111 1112 ",
    "cards": f"{VISA} ",
    "Maestro's many lengths": "5 0 ",
    "names and numbers": "ssn 912345678, ",
    "almost a run": "12345678   x",
    "almost a separator": "12345678 ...",
    "spaces": "1" + " " * 50,
    "URLs": f"a://{VISA} ",
    "half URLs": "a://",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_the_steps_grow_with_the_length_of_the_text_and_no_faster(piece: str) -> None:
    half = (piece * 8_000)[:8_000]
    whole = half * 2

    least = steps(lambda: redact_text(half))
    most = steps(lambda: redact_text(whole))

    assert most <= 2.2 * least + 50
    assert most <= 60 * len(whole)


def test_a_text_without_digits_takes_a_handful_of_steps() -> None:
    assert steps(lambda: redact_text("a word " * 1000)) <= 12


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_the_longest_transcript_is_gone_through_to_its_end(piece: str) -> None:
    text = (piece * LONGEST_TRANSCRIPT)[:LONGEST_TRANSCRIPT] + f"\n{VISA}"

    assert redact_text(text).endswith("\n[card ending 1111]")
