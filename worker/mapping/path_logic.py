"""JMESPath's truth, comparisons and functions as closures. Floor 1, pure.

Facts: jmespath 1.1, `TreeInterpreter` and `Functions`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from jmespath.functions import Functions
from jmespath.visitor import TreeInterpreter

Node = Mapping[str, Any]
Closure = Callable[[Any], Any]

_call: Callable[[str, list[Any]], Any] = Functions().call_function
_equal: Callable[[Any, Any], bool] = TreeInterpreter.COMPARATOR_FUNC["eq"]
_ORDER = {"lt": operator.lt, "lte": operator.le, "gt": operator.gt, "gte": operator.ge}


def is_false(value: Any) -> bool:
    """Return JMESPath's falsehood: 0 is none of it."""
    return (
        value is None
        or value is False
        or (not value and isinstance(value, str | list | dict))
    )


def or_expression(_node: Node, first: Closure, second: Closure) -> Closure:
    """Return the closure of `first || second`."""

    def get(value: Any) -> Any:
        found = first(value)
        return second(value) if is_false(found) else found

    return get


def and_expression(_node: Node, first: Closure, second: Closure) -> Closure:
    """Return the closure of `first && second`."""

    def get(value: Any) -> Any:
        found = first(value)
        return found if is_false(found) else second(value)

    return get


def not_expression(_node: Node, inner: Closure) -> Closure:
    """Return the closure of `!inner`."""
    return lambda value: is_false(inner(value))


def comparator(node: Node, left: Closure, right: Closure) -> Closure:
    """Return the closure of `left == right` and its kin."""
    name = node["value"]
    if name not in ("eq", "ne"):
        return _order(_ORDER[name], left, right)
    is_wanted = name == "eq"
    literal = node["children"][1]
    if literal["type"] == "literal" and isinstance(literal["value"], str):
        # Only among numbers and booleans does JMESPath's equality differ from Python's.
        text = literal["value"]
        return lambda value: (left(value) == text) is is_wanted
    return lambda value: _equal(left(value), right(value)) is is_wanted


def _order(compare: Callable[..., bool], left: Closure, right: Closure) -> Closure:
    def get(value: Any) -> Any:
        one, other = left(value), right(value)
        return compare(one, other) if _has_order(one) and _has_order(other) else None

    return get


def _has_order(value: Any) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def function_expression(node: Node, *arguments: Closure) -> Closure:
    """Return the closure of a function's call.

    It raises `JMESPathError` where an argument is not of the function's type, and
    what Python raises where the function does not look closely.
    """
    name = node["value"]
    if name == "not_null":
        return _not_null(arguments)
    if name == "contains" and len(arguments) == 2:
        return _contains(*arguments)
    return lambda value: _call(name, [argument(value) for argument in arguments])


def _not_null(arguments: tuple[Closure, ...]) -> Closure:
    def get(value: Any) -> Any:
        # All of them first: a fault in the last is one of the whole.
        for found in [argument(value) for argument in arguments]:
            if found is not None:
                return found
        return None

    return get


def _contains(subject: Closure, sought: Closure) -> Closure:
    def get(value: Any) -> Any:
        found, wanted = subject(value), sought(value)
        if isinstance(found, list):
            return wanted in found
        return _call("contains", [found, wanted])

    return get
