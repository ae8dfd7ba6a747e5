"""The WHERE tree of a query as SQL with parameters; no text of a client becomes SQL.

Null behaves as in SOQL, not as in SQL: `a != 'x'` holds where `a` is null.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from worker.localorg.columns import Column, ColumnFinder
from worker.localorg.ids import normalise_id
from worker.localorg.messages import Problem, Refused
from worker.localorg.schema import Field
from worker.localorg.soql import Condition, Expression, Group, Literal, Negation
from worker.localorg.values import parse_date, parse_moment

# The kind of literal that each field type compares with; all others want a string.
_LITERAL_KINDS = {
    "boolean": "constant",
    "int": "number",
    "long": "number",
    "double": "number",
    "currency": "number",
    "percent": "number",
    "date": "date",
    "datetime": "datetime",
}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED_LETTERS: Mapping[str, str] = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
}


def where_sql(term: Expression, finder: ColumnFinder, parameters: list[Any]) -> str:
    """The SQL of a term; its values are appended to `parameters` in order."""
    if isinstance(term, Group):
        inner = [where_sql(part, finder, parameters) for part in term.terms]
        return f" {term.word} ".join(f"({part})" for part in inner)
    if isinstance(term, Negation):
        return f"NOT COALESCE(({where_sql(term.term, finder, parameters)}), 0)"
    return _condition_sql(term, finder.column(term.path), parameters)


def _condition_sql(condition: Condition, column: Column, parameters: list[Any]) -> str:
    field, operator = column.field, condition.operator
    if field is None:
        return "0"
    if not field.filterable:
        message = f"field '{field.name}' can not be filtered in a query call"
        raise Refused(Problem("INVALID_FIELD", message))
    if operator == "LIKE":
        parameters.append(_like_pattern(field, condition.values[0]))
        return f"{column.sql} LIKE ? ESCAPE '\\'"
    values = [_value(field, literal) for literal in condition.values]
    if operator in ("IN", "NOT IN"):
        return _membership_sql(column.sql, operator, values, parameters)
    return _comparison_sql(column.sql, operator, values[0], parameters)


def _membership_sql(
    sql: str, operator: str, values: list[Any], parameters: list[Any]
) -> str:
    present = [value for value in values if value is not None]
    parameters += present
    among = f"{sql} IN ({', '.join('?' * len(present))})"
    if len(present) < len(values):
        among = f"{among} OR {sql} IS NULL"
    return among if operator == "IN" else f"NOT COALESCE(({among}), 0)"


def _comparison_sql(sql: str, operator: str, value: Any, parameters: list[Any]) -> str:
    if value is None:
        if operator in ("=", "!="):
            return f"{sql} IS {'NOT ' if operator == '!=' else ''}NULL"
        return "0"
    parameters.append(value)
    compared = f"{sql} {operator} ?"
    return f"{compared} OR {sql} IS NULL" if operator == "!=" else compared


def _value(field: Field, literal: Literal) -> Any:
    """A literal as the column stores it."""
    is_constant = literal.kind == "constant"
    if is_constant and literal.text == "null":
        return None
    wanted = _LITERAL_KINDS.get(field.type, "string")
    if literal.kind != wanted:
        raise _wrong_kind(field, wanted)
    if is_constant:
        return int(literal.text == "true")
    if wanted == "number":
        return float(literal.text)
    if wanted == "string":
        return _string(field, literal.text)
    parse = parse_date if wanted == "date" else parse_moment
    day_or_moment = parse(literal.text)
    if day_or_moment is None:
        raise _wrong_kind(field, wanted)
    return day_or_moment


def _string(field: Field, quoted: str) -> str:
    text = _ESCAPE.sub(
        lambda match: _ESCAPED_LETTERS.get(match[1].lower(), match[1]), quoted[1:-1]
    )
    if field.type not in ("id", "reference"):
        return text
    record_id = normalise_id(text)
    if record_id is None:
        message = f"invalid ID field: {text}"
        raise Refused(Problem("INVALID_QUERY_FILTER_OPERATOR", message))
    return record_id


def _like_pattern(field: Field, literal: Literal) -> str:
    r"""A LIKE pattern for SQL: `\%` and `\_` stay escaped, other escapes are undone."""
    if field.type in ("id", "reference") or field.type in _LITERAL_KINDS:
        message = f"invalid operator on {field.type} field"
        raise Refused(Problem("INVALID_QUERY_FILTER_OPERATOR", message))
    if literal.kind != "string":
        raise _wrong_kind(field, "string")

    def unescape(match: re.Match[str]) -> str:
        letter = match[1]
        if letter in "%_\\":
            return "\\" + letter
        return _ESCAPED_LETTERS.get(letter.lower(), letter)

    return _ESCAPE.sub(unescape, literal.text[1:-1])


def _wrong_kind(field: Field, wanted: str) -> Refused:
    form = {
        "constant": "boolean and should not be enclosed in quotes",
        "string": "string and should be enclosed in quotes",
    }.get(wanted, f"{field.type} and should not be enclosed in quotes")
    message = f"value of filter criterion for field '{field.name}' must be of type"
    return Refused(Problem("INVALID_FIELD", f"{message} {form}"))
