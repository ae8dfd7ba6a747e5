from __future__ import annotations

from typing import Any

import pytest

from worker.mapping.transforms import TRANSFORMS

to_e164 = TRANSFORMS["to_e164"].run
to_national = TRANSFORMS["to_national"].run
phone_digits = TRANSFORMS["phone_digits"].run


@pytest.mark.parametrize(
    "written",
    [
        "+12025550123",
        "+1 (202) 555-0123",
        "202.555.0123",
        "2025550123",
        "1-202-555-0123",
        "tel:+1-202-555-0123",
        "whatsapp:+12025550123",
        "(202) 555-0123 x7",
        "+1 202 555 0123;ext=7",
        " 202 555 0123 ",
        "\u0662\u0660\u0662 555 0123",
        2025550123,
    ],
)
def test_one_number_is_the_same_however_it_is_written(written: Any) -> None:
    assert to_e164(written, "US") == "+12025550123"


@pytest.mark.parametrize(
    "written",
    [
        "+525500000002",
        "+52 1 55 0000 0002",
        "011 52 55 0000 0002",
        "00 52 55 0000 0002",
    ],
)
def test_a_mexican_number_is_the_same_with_and_without_its_old_prefix(
    written: str,
) -> None:
    region = "MX" if written.startswith("00") else "US"

    assert to_e164(written, region) == "+525500000002"


@pytest.mark.parametrize("written", ["044 55 0000 0002", "01 55 0000 0002"])
def test_an_old_mexican_dialling_prefix_is_dropped(written: str) -> None:
    assert to_e164(written, "MX") == "+525500000002"


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "not a phone number"),
        ("anonymous", "not a phone number"),
        ("202555 home", "not a phone number"),
        ("call 202 555 0123", "not a phone number"),
        ("2025550123, 2025550124", "not a phone number"),
        ("2025550123/2025550124", "not a phone number"),
        ("1-800-LAWFIRM", "not a phone number"),
        (True, "not a phone number"),
        (2025550123.0, "not a phone number"),
        (["2025550123"], "not a phone number"),
        ("5550123", "not a possible phone number"),
        ("000-000-0000", "not a possible phone number"),
        ("+1 202 555 01234", "not a possible phone number"),
        ("+999 1234 5678", "not a phone number"),
    ],
)
@pytest.mark.parametrize("run", [to_e164, to_national, phone_digits])
def test_what_is_no_one_phone_number_is_refused(
    run: Any, written: Any, why: str
) -> None:
    with pytest.raises(ValueError, match=f"^{why}$"):
        run(written, "US")


def test_the_digits_of_a_number_are_those_that_its_region_dials() -> None:
    assert phone_digits("+1 202 555 0123", "US") == "2025550123"
    assert phone_digits("+1 202 555 0123", "CA") == "2025550123"
    assert phone_digits("+1 202 555 0123", "MX") == "12025550123"


def test_a_number_of_another_region_is_written_with_its_country() -> None:
    assert to_national("(202) 555-0123", "US") == "(202) 555-0123"
    assert to_national("+12025550123", "MX") == "+1 202-555-0123"
