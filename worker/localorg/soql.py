"""SOQL: the tokens of a query and the tree that the parser makes of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from worker.localorg.messages import Problem, Refused

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d)
    | (?P<number>[+-]?\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z]\w*(?:\.[A-Za-z]\w*)*)
    | (?P<sign><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value in the text; `text` of a string is still quoted and escaped."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Condition:
    """`path operator values`; only IN and NOT IN have other than one value."""

    path: str
    operator: str
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Terms joined by AND or by OR."""

    word: str
    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """NOT before a term."""

    term: Expression


Expression = Condition | Group | Negation


@dataclass(frozen=True, slots=True)
class Order:
    """One key of ORDER BY."""

    path: str
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A whole SELECT; no `paths` means `COUNT()`."""

    paths: tuple[str, ...]
    object_name: str
    where: Expression | None
    orders: tuple[Order, ...]
    limit: int | None
    offset: int


def soql_tokens(text: str) -> list[Literal]:
    """The tokens of a query, from left to right."""
    tokens, position = [], 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None or match.lastgroup is None:
            raise malformed(stripped[position:].strip()[:20])
        tokens.append(Literal(match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


def malformed(token: str) -> Refused:
    """The refusal of a query at a token, or at its end if there is none."""
    found = f"unexpected token: '{token}'" if token else "unexpected end of query"
    return Refused(Problem("MALFORMED_QUERY", found))
