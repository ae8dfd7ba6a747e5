"""Phone numbers, by Google's rules of numbering plans. Floor 1, pure.

Facts: the `phonenumbers` library. A number has to be possible in its country, by its
length; whether it is in use nobody can tell from it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, ValidationResult

from worker.mapping.findings import did_you_mean
from worker.mapping.transforms.registry import Argument, text_of, transform

LONGEST_PHONE = 60
_ALLOWED = re.compile(
    r"(?:tel:|sip:|whatsapp:)?[\W\d_]*(?:;?\s*(?:ext|x)[.=:]?\s*[0-9]{1,7})?",
    re.IGNORECASE,
)
# Mexico dropped these in 2019; WhatsApp and old address books still have them.
_OLD_MEXICAN = re.compile(r"(?:1|01|044|045)([0-9]{10})")
_MEXICO = 52


def check_region(region: str) -> None:
    """Raise `ValueError` for what is no country's two-letter code."""
    if region not in phonenumbers.SUPPORTED_REGIONS:
        hint = did_you_mean(region.upper(), sorted(phonenumbers.SUPPORTED_REGIONS))
        raise ValueError(f"no region {region!r}{hint}: two letters, such as US or MX")


@transform(
    ("(202) 555-0123", "US", "+12025550123"),
    ("+52 55 0000 0002", "US", "+525500000002"),
    ("+521 55 0000 0002", "US", "+525500000002"),
    (2025550123, "US", "+12025550123"),
    ("202-555-0123 ext. 5", "US", "+12025550123"),
    ("55 0000 0002", "MX", "+525500000002"),
    ("098765 43210", "IN", "+919876543210"),
    takes=("integer", "text"),
    gives="text",
    argument=Argument.TEXT,
    check=check_region,
)
def to_e164(value: Any, region: str) -> str:
    """A phone number as +12025550123; the region is for one without a country code.

    An extension is left out. What is too short or too long for its country, holds
    words or is all zeros is refused.
    """
    return phonenumbers.format_number(_read(value, region), PhoneNumberFormat.E164)


@transform(
    ("+12025550123", "US", "(202) 555-0123"),
    ("+525500000002", "US", "+52 55 0000 0002"),
    ("+525500000002", "MX", "55 0000 0002"),
    takes=("integer", "text"),
    gives="text",
    argument=Argument.TEXT,
    check=check_region,
)
def to_national(value: Any, region: str) -> str:
    """A phone number as people of the region write it; those of others with their +.

    What `to_e164` refuses, this refuses.
    """
    number = _read(value, region)
    style = (
        PhoneNumberFormat.NATIONAL
        if _is_of(number, region)
        else PhoneNumberFormat.INTERNATIONAL
    )
    return phonenumbers.format_number(number, style)


@transform(
    ("+1 (202) 555-0123", "US", "2025550123"),
    ("+525500000002", "US", "525500000002"),
    takes=("integer", "text"),
    gives="text",
    argument=Argument.TEXT,
    check=check_region,
)
def phone_digits(value: Any, region: str) -> str:
    """The digits of a phone number, as orgs keep them that have no other characters.

    A number of the region is without its country code, that of another has it. What
    `to_e164` refuses, this refuses.
    """
    number = _read(value, region)
    if _is_of(number, region):
        return phonenumbers.national_significant_number(number)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164).lstrip("+")


@transform(
    (
        "+12025550123",
        "US",
        [
            "+12025550123",
            "12025550123",
            "2025550123",
            "(202) 555-0123",
            "202-555-0123",
            "202.555.0123",
            "+1 202-555-0123",
        ],
    ),
    (
        "+525500000002",
        "MX",
        [
            "+525500000002",
            "525500000002",
            "5500000002",
            "55 0000 0002",
            "55-0000-0002",
            "55.0000.0002",
            "+52 55 0000 0002",
        ],
    ),
    ("line7@sip.example.com", "US", ["line7@sip.example.com"]),
    gives="list",
    argument=Argument.TEXT,
    check=check_region,
)
def phone_forms(value: Any, region: str) -> list[str]:
    """A phone number in the forms that people of the region may have typed it in.

    For a `match`: a record with any of them is found. The first is the number as it
    came; of what is no phone number, that is the only one.
    """
    return list(_forms(text_of(value).strip(), region))


@lru_cache(maxsize=4096)
def _forms(text: str, region: str) -> tuple[str, ...]:
    try:
        number = _read(text, region)
    except ValueError:
        return (text,)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    forms = [text, e164, e164.lstrip("+")]
    if _is_of(number, region):
        national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
        groups = re.findall(r"[0-9]+", national)
        forms.append(phonenumbers.national_significant_number(number))
        forms.extend([national, "-".join(groups), ".".join(groups)])
    international = PhoneNumberFormat.INTERNATIONAL
    forms.append(phonenumbers.format_number(number, international))
    return tuple(dict.fromkeys(forms))


def _is_of(number: PhoneNumber, region: str) -> bool:
    return number.country_code == phonenumbers.country_code_for_region(region)


def _read(value: Any, region: str) -> PhoneNumber:
    check_region(region)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("not a phone number")
    text = str(value).strip()
    if len(text) > LONGEST_PHONE or not _ALLOWED.fullmatch(text):
        raise ValueError("not a phone number")
    try:
        number = _present(phonenumbers.parse(text, region))
    except phonenumbers.NumberParseException:
        raise ValueError("not a phone number") from None
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != ValidationResult.IS_POSSIBLE or not number.national_number:
        raise ValueError("not a possible phone number")
    return number


def _present(number: PhoneNumber) -> PhoneNumber:
    """Return the number without what its country does not dial any more."""
    if number.country_code == _MEXICO:
        digits = phonenumbers.national_significant_number(number)
        if old := _OLD_MEXICAN.fullmatch(digits):
            return PhoneNumber(country_code=_MEXICO, national_number=int(old[1]))
    return number
