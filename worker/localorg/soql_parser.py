"""SOQL text into a tree: the SELECT subset that a client of records needs.

Facts: Salesforce's SOQL reference. AND and OR do not mix without parentheses there,
and they do not here.
"""

from __future__ import annotations

from typing import NoReturn

from worker.localorg.messages import Problem, Refused
from worker.localorg.soql import (
    Condition,
    Expression,
    Group,
    Literal,
    Negation,
    Order,
    Query,
    malformed,
    soql_tokens,
)

_MAX_DEPTH = 40
_MAX_OFFSET = 2000
_CONSTANTS = ("true", "false", "null")
_COMPARISONS = ("=", "!=", "<>", "<", "<=", ">", ">=")


def parse_soql(text: str) -> Query:
    """The tree of a query; Refused with MALFORMED_QUERY if it is not one."""
    return _Parser(soql_tokens(text)).query()


class _Parser:
    def __init__(self, tokens: list[Literal]) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0

    def query(self) -> Query:
        self._expect("select")
        paths = self._select_list()
        self._expect("from")
        object_name = self._name()
        where = self._group() if self._accept("where") else None
        orders = self._orders() if self._accept("order") else ()
        limit = self._count() if self._accept("limit") else None
        offset = self._count() if self._accept("offset") else 0
        if self._position < len(self._tokens):
            self._fail()
        if offset > _MAX_OFFSET:
            message = f"Maximum SOQL offset allowed is {_MAX_OFFSET}"
            raise Refused(Problem("NUMBER_OUTSIDE_VALID_RANGE", message))
        return Query(paths, object_name, where, orders, limit, offset)

    def _select_list(self) -> tuple[str, ...]:
        first = self._name()
        if first.lower() == "count" and self._accept("("):
            self._expect(")")
            return ()
        paths = [first]
        while self._accept(","):
            paths.append(self._name())
        return tuple(paths)

    def _group(self) -> Expression:
        terms = [self._term()]
        word = ""
        while joined := next((w for w in ("and", "or") if self._is(w)), ""):
            if word and joined != word:
                self._fail()
            word = joined
            self._position += 1
            terms.append(self._term())
        return Group(word.upper(), tuple(terms)) if word else terms[0]

    def _term(self) -> Expression:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self._fail()
        term = self._inner_term()
        self._depth -= 1
        return term

    def _inner_term(self) -> Expression:
        if self._accept("not"):
            return Negation(self._term())
        if self._accept("("):
            inside = self._group()
            self._expect(")")
            return inside
        return self._condition()

    def _condition(self) -> Condition:
        path = self._name()
        if self._accept("in"):
            return Condition(path, "IN", self._list())
        if self._accept("not"):
            self._expect("in")
            return Condition(path, "NOT IN", self._list())
        if self._accept("like"):
            return Condition(path, "LIKE", (self._literal(),))
        return Condition(path, self._comparison(), (self._literal(),))

    def _comparison(self) -> str:
        sign = next((sign for sign in _COMPARISONS if self._accept(sign)), None)
        if sign is None:
            self._fail()
        return "!=" if sign == "<>" else sign

    def _list(self) -> tuple[Literal, ...]:
        self._expect("(")
        values = [self._literal()]
        while self._accept(","):
            values.append(self._literal())
        self._expect(")")
        return tuple(values)

    def _literal(self) -> Literal:
        token = self._peek()
        is_constant = token.kind == "name" and token.text.lower() in _CONSTANTS
        if token.kind in ("name", "sign", "end") and not is_constant:
            self._fail()
        self._position += 1
        return Literal("constant", token.text.lower()) if is_constant else token

    def _orders(self) -> tuple[Order, ...]:
        self._expect("by")
        orders = [self._order()]
        while self._accept(","):
            orders.append(self._order())
        return tuple(orders)

    def _order(self) -> Order:
        path = self._name()
        descending = self._accept("desc")
        if not descending:
            self._accept("asc")
        nulls_last = False
        if self._accept("nulls"):
            nulls_last = self._accept("last")
            if not nulls_last:
                self._expect("first")
        return Order(path, descending, nulls_last)

    def _count(self) -> int:
        token = self._peek()
        if token.kind != "number" or not token.text.isdigit() or len(token.text) > 9:
            self._fail()
        self._position += 1
        return int(token.text)

    def _name(self) -> str:
        token = self._peek()
        if token.kind != "name":
            self._fail()
        self._position += 1
        return token.text

    def _peek(self) -> Literal:
        if self._position < len(self._tokens):
            return self._tokens[self._position]
        return Literal("end", "")

    def _is(self, word: str) -> bool:
        token = self._peek()
        return token.kind in ("name", "sign") and token.text.lower() == word

    def _accept(self, word: str) -> bool:
        found = self._is(word)
        self._position += found
        return found

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            self._fail()

    def _fail(self) -> NoReturn:
        raise malformed(self._peek().text[:40])
