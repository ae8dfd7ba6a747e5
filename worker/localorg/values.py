"""What a field accepts from JSON and what is stored for it, one function a type.

Dates are stored as their text, moments as UTC text that sorts by time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from worker.localorg.ids import normalise_id
from worker.localorg.messages import Problem, Refused
from worker.localorg.schema import Field

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)", re.ASCII
)
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
_INT_LIMIT = 2**31


def stored_value(field: Field, value: Any) -> Any:
    """What a record keeps for `value`; empty text is null, as in Salesforce."""
    if (value is None or value == "") and field.type != "boolean":
        return None
    convert: Callable[[Field, Any], Any] = _CONVERTERS.get(field.type, _text)
    return convert(field, value)


def answered_value(field: Field, stored: Any) -> Any:
    """What an answer shows for a stored value."""
    return bool(stored) if field.type == "boolean" else stored


def moment_text(moment: datetime) -> str:
    """An aware moment in the form that Salesforce answers with, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def parse_moment(text: str) -> str | None:
    """The stored form of ISO 8601 text with an offset; None if it is not that."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return moment_text(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def parse_date(text: str) -> str | None:
    """`text` if it is a day that exists, written YYYY-MM-DD."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _boolean(field: Field, value: Any) -> int:
    if not isinstance(value, bool):
        raise _unreadable(field, value)
    return int(value)


def _integer(field: Field, value: Any) -> int:
    number = _decimal(field, value)
    if number != number.to_integral_value():
        raise _unreadable(field, value)
    if not -_INT_LIMIT <= number < _INT_LIMIT:
        raise _outside(field, value)
    return int(number)


def _number(field: Field, value: Any) -> float:
    number = _decimal(field, value)
    if field.precision:
        if abs(number) >= Decimal(10) ** (field.precision - field.scale):
            raise _outside(field, value)
        number = number.quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_UP)
    return float(number)


def _decimal(field: Field, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _unreadable(field, value)
    try:
        number = Decimal(str(value))
    except (InvalidOperation, ValueError):
        raise _unreadable(field, value) from None
    if not number.is_finite() or not math.isfinite(float(number)):
        raise _outside(field, value)
    return number


def _date_text(field: Field, value: Any) -> str:
    day = parse_date(value) if isinstance(value, str) else None
    if day is None:
        raise _unreadable(field, value)
    return day


def _moment_text(field: Field, value: Any) -> str:
    moment = parse_moment(value) if isinstance(value, str) else None
    if moment is None:
        raise _unreadable(field, value)
    return moment


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _unreadable(field, value)
    # A lone surrogate is valid in JSON text, but cannot be stored as UTF-8.
    text = value.encode("utf-8", "replace").decode()
    if field.length and len(text) > field.length:
        message = f"{field.label}: data value too large: {text}"
        raise _refused(
            "STRING_TOO_LONG", f"{message} (max length={field.length})", field
        )
    return text


def _email(field: Field, value: Any) -> str:
    text = _text(field, value)
    if not _EMAIL.fullmatch(text):
        message = f"{field.label}: invalid email address: {text}"
        raise _refused("INVALID_EMAIL_ADDRESS", message, field)
    return text


def _picklist(field: Field, value: Any) -> str:
    text = _text(field, value)
    _check_choices(field, (text,))
    return text


def _multi_picklist(field: Field, value: Any) -> str:
    parts = [part.strip() for part in _text(field, value).split(";")]
    _check_choices(field, parts)
    return ";".join(parts)


def _check_choices(field: Field, choices: tuple[str, ...] | list[str]) -> None:
    if field.allowed_values is None:
        return
    for choice in choices:
        if choice not in field.allowed_values:
            code = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
            text = f"{field.label}: bad value for restricted picklist field: {choice}"
            raise _refused(code, text, field)


def _reference(field: Field, value: Any) -> str:
    record_id = normalise_id(value) if isinstance(value, str) else None
    if record_id is None:
        message = f"{field.label}: id value of incorrect type: {value}"
        raise _refused("MALFORMED_ID", message, field)
    return record_id


def _refused(code: str, message: str, field: Field) -> Refused:
    return Refused(Problem(code, message, (field.name,)))


def _unreadable(field: Field, value: Any) -> Refused:
    kind = "string" if field.type in _STRING_TYPES else field.type
    text = f"Cannot deserialize instance of {kind} from {_token_name(value)} value"
    tail = "or request may be missing a required field at [line:1, column:1]"
    return Refused(Problem("JSON_PARSER_ERROR", f"{text} {value} {tail}"))


def _outside(field: Field, value: Any) -> Refused:
    message = f"{field.label}: value outside of valid range on numeric field: {value}"
    return _refused("NUMBER_OUTSIDE_VALID_RANGE", message, field)


def _token_name(value: Any) -> str:
    names = {
        bool: "VALUE_BOOLEAN",
        int: "VALUE_NUMBER_INT",
        float: "VALUE_NUMBER_FLOAT",
    }
    names |= {str: "VALUE_STRING", dict: "START_OBJECT", list: "START_ARRAY"}
    return names.get(type(value), "VALUE_NULL")


_STRING_TYPES = ("string", "textarea", "picklist", "multipicklist", "combobox")

_CONVERTERS: Mapping[str, Callable[[Field, Any], Any]] = {
    "boolean": _boolean,
    "int": _integer,
    "long": _integer,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "date": _date_text,
    "datetime": _moment_text,
    "email": _email,
    "picklist": _picklist,
    "multipicklist": _multi_picklist,
    "reference": _reference,
    "id": _reference,
}
