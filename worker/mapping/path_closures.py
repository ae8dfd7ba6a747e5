"""JMESPath's syntax tree as closures: what its interpreter finds. Floor 1, pure.

The interpreter asks at every node, for every event, what kind of node it is; here that
is asked once. `&expressions` (`sort_by`, `map` and their kin) are left to it.
Facts: jmespath 1.1, `TreeInterpreter`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from worker.mapping.path_logic import (
    Closure,
    Node,
    and_expression,
    comparator,
    function_expression,
    is_false,
    not_expression,
    or_expression,
)


def compile_closure(parsed: Node) -> Closure | None:
    """Return the function that does what searching with this syntax tree does.

    None where the tree has a part that is left to the interpreter. Values are those of
    JSON. The function raises where the interpreter does: `JMESPathError` as a rule, but
    also `TypeError` and `ValueError`.
    """
    build = _BUILDERS.get(parsed["type"])
    if build is None:
        return None
    closures = []
    for child in parsed["children"]:
        if isinstance(child, Mapping):
            closure = compile_closure(_inside(child))
            if closure is None:
                return None
            closures.append(closure)
    return build(parsed, *closures)


def _inside(node: Node) -> Node:
    """Return what a pair of a table is made of; any other node is itself."""
    is_pair = node["type"] == "key_val_pair"
    inside: Node = node["children"][0] if is_pair else node
    return inside


def _itself(_node: Node) -> Closure:
    return lambda value: value


def _literal(node: Node) -> Closure:
    literal = node["value"]
    return lambda _value: literal


def _field(node: Node) -> Closure:
    name = node["value"]
    return lambda value: value.get(name) if isinstance(value, dict) else None


def _index(node: Node) -> Closure:
    index = node["value"]

    def get(value: Any) -> Any:
        if not isinstance(value, list):
            return None
        try:
            return value[index]
        except IndexError:
            return None

    return get


def _slice(node: Node) -> Closure:
    part = slice(*node["children"])
    return lambda value: value[part] if isinstance(value, list) else None


def _sequence(node: Node, *closures: Closure) -> Closure:
    """One after the other, each on what the one before it found."""
    steps = tuple(
        step
        for child, step in zip(node["children"], closures, strict=True)
        if child["type"] not in ("identity", "current")
    )
    if len(steps) == 1:
        return steps[0]
    if len(steps) == 2:
        first, second = steps
        return lambda value: second(first(value))

    def get(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return get


def _multi_select_list(node: Node, *items: Closure) -> Closure:
    names = tuple(c["value"] for c in node["children"] if c["type"] == "field")
    are_fields = len(names) == len(items)

    def get(value: Any) -> Any:
        if value is None:
            return None
        if are_fields and isinstance(value, dict):
            return [value.get(name) for name in names]
        return [item(value) for item in items]

    return get


def _multi_select_dict(node: Node, *items: Closure) -> Closure:
    names = tuple(child["value"] for child in node["children"])

    def get(value: Any) -> Any:
        if value is None:
            return None
        return {name: item(value) for name, item in zip(names, items, strict=True)}

    return get


def _projection(_node: Node, base: Closure, each: Closure) -> Closure:
    def get(value: Any) -> Any:
        elements = base(value)
        return _found(elements, each) if isinstance(elements, list) else None

    return get


def _value_projection(_node: Node, base: Closure, each: Closure) -> Closure:
    def get(value: Any) -> Any:
        table = base(value)
        return _found(list(table.values()), each) if isinstance(table, dict) else None

    return get


def _filter_projection(
    _node: Node, base: Closure, each: Closure, condition: Closure
) -> Closure:
    def get(value: Any) -> Any:
        elements = base(value)
        if not isinstance(elements, list):
            return None
        return _found([e for e in elements if not is_false(condition(e))], each)

    return get


def _found(elements: list[Any], each: Closure) -> list[Any]:
    return [item for item in map(each, elements) if item is not None]


def _flatten(_node: Node, base: Closure) -> Closure:
    def get(value: Any) -> Any:
        elements = base(value)
        if not isinstance(elements, list):
            return None
        merged: list[Any] = []
        for element in elements:
            merged.extend(element if isinstance(element, list) else [element])
        return merged

    return get


_BUILDERS: Mapping[str, Callable[..., Closure]] = {
    "and_expression": and_expression,
    "comparator": comparator,
    "current": _itself,
    "field": _field,
    "filter_projection": _filter_projection,
    "flatten": _flatten,
    "function_expression": function_expression,
    "identity": _itself,
    "index": _index,
    "index_expression": _sequence,
    "literal": _literal,
    "multi_select_dict": _multi_select_dict,
    "multi_select_list": _multi_select_list,
    "not_expression": not_expression,
    "or_expression": or_expression,
    "pipe": _sequence,
    "projection": _projection,
    "slice": _slice,
    "subexpression": _sequence,
    "value_projection": _value_projection,
}
