"""What a path finds in a vendor's payload: its type, or that it is unknown. Floor 1.

A path is walked over the payload's JSON Schema as JMESPath would walk it over a
payload. Every key that it reads anywhere has to be known, in filters and selections
too. Of an object that the vendor may extend, a key that is not known is only a fault
where it is nearly one that is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from worker.mapping.payload_types import leaves, refusals
from worker.mapping.payload_types.functions import misuse_of, result_of
from worker.mapping.payload_types.leaves import known_leaves, touched_leaves
from worker.mapping.payload_types.refusals import SELECTION, UnknownPath
from worker.mapping.payload_types.schemas import type_of_root
from worker.mapping.payload_types.types import (
    ANYTHING,
    NOTHING,
    Type,
    below,
    items_of,
    list_of,
    simple,
    type_of_value,
    union,
    without_null,
)

__all__ = [
    "ANYTHING",
    "NOTHING",
    "PathTypes",
    "Type",
    "UnknownPath",
    "known_leaves",
    "touched_leaves",
]

Node = Mapping[str, Any]


class PathTypes:
    """The types of paths into one event of one source.

    `extra` are plain chains that this account sends beyond the known ones; `[]` stands
    for the items of a list. They, and all that is below them, are open. Raises
    `ValueError` for one that is no plain chain.
    """

    def __init__(self, schema: Mapping[str, Any], extra: Sequence[str] = ()) -> None:
        self._title: str = schema.get("title", "the payload")
        self._schema = schema
        self._root = type_of_root(schema, extra)

    def known_leaves(self) -> list[str]:
        """Return what `known_leaves` returns of the schema."""
        return leaves.known_leaves(self._schema)

    def type_of(self, path: str) -> Type:
        """Return what the path can find. Raises `UnknownPath`.

        Null is among the kinds only of a plain chain: what else finds null has found
        nothing, as in `paths`.
        """
        try:
            parsed: Node = jmespath.compile(path).parsed
        except JMESPathError:
            raise UnknownPath(f"{path!r} is not JMESPath") from None
        found = self._visit(parsed, self._root)
        return found if _is_chain(parsed) else without_null(found)

    def _visit(self, node: Node, current: Type) -> Type:
        visit: Callable[[Node, Type], Type] = getattr(self, f"_visit_{node['type']}")
        return visit(node, current)

    def _visit_each(self, node: Node, current: Type) -> list[Type]:
        return [self._visit(child, current) for child in node["children"]]

    def _visit_in_turn(self, node: Node, current: Type) -> Type:
        for child in node["children"]:
            current = self._visit(child, current)
        return current

    _visit_subexpression = _visit_in_turn
    _visit_index_expression = _visit_in_turn
    _visit_pipe = _visit_in_turn
    _visit_key_val_pair = _visit_in_turn
    _visit_expref = _visit_in_turn

    def _visit_current(self, _node: Node, current: Type) -> Type:
        return current

    _visit_identity = _visit_current

    def _visit_literal(self, node: Node, _current: Type) -> Type:
        return type_of_value(node["value"])

    def _visit_field(self, node: Node, current: Type) -> Type:
        key = node["value"]
        if current.is_open:
            return ANYTHING
        if "object" not in current.kinds:
            raise refusals.no_object(self._title, current, key)
        known = current.properties.get(key)
        if known is not None and not known.never:
            return known
        # A key that is much like a known one is a slip; else it is new at the vendor's.
        if known is not None or current.rest is None or refusals.is_slip(current, key):
            raise refusals.no_key(self._title, current, key)
        return replace(current.rest, place=below(current.place, key))

    def _visit_index(self, node: Node, current: Type) -> Type:
        return items_of(self._list(current, f"[{node['value']}]"))

    def _visit_slice(self, _node: Node, current: Type) -> Type:
        return self._list(current, "[:]")

    def _visit_flatten(self, node: Node, current: Type) -> Type:
        (base,) = self._visit_each(node, current)
        items = items_of(self._list(base, "[]"))
        if items.is_open:
            return list_of(items)
        others = replace(items, kinds=items.kinds - {"list"}, items=None)
        return list_of(union([others, items.items or NOTHING]))

    def _visit_projection(self, node: Node, current: Type) -> Type:
        base = self._list(self._visit(node["children"][0], current), "[*]")
        return self._projected(node, items_of(base))

    def _visit_filter_projection(self, node: Node, current: Type) -> Type:
        base = self._list(self._visit(node["children"][0], current), "[?]")
        self._visit(node["children"][2], items_of(base))
        return self._projected(node, items_of(base))

    def _visit_value_projection(self, node: Node, current: Type) -> Type:
        base = self._visit(node["children"][0], current)
        if "object" not in base.kinds:
            raise refusals.no_object(self._title, base, "*")
        member = items_of(result_of("values", [base]))
        return self._projected(node, replace(member, place=f"{base.place}.*"))

    def _projected(self, node: Node, items: Type) -> Type:
        return list_of(without_null(self._visit(node["children"][1], items)))

    def _visit_multi_select_list(self, node: Node, current: Type) -> Type:
        return list_of(union([*self._visit_each(node, current), simple("null")]))

    def _visit_multi_select_dict(self, node: Node, current: Type) -> Type:
        keys = [child["value"] for child in node["children"]]
        members = dict(zip(keys, self._visit_each(node, current), strict=True))
        return Type(frozenset({"object"}), properties=members, place=SELECTION)

    def _visit_comparator(self, node: Node, current: Type) -> Type:
        self._visit_each(node, current)
        return simple("boolean")

    def _visit_not_expression(self, node: Node, current: Type) -> Type:
        (negated,) = self._visit_each(node, current)
        return replace(simple("boolean"), place=f"!{negated.place or 'this'}")

    def _visit_or_expression(self, node: Node, current: Type) -> Type:
        first, second = node["children"]
        return union([self._truthy(first, current), self._visit(second, current)])

    def _truthy(self, node: Node, current: Type) -> Type:
        """Return what can be found that is true: of `a && b` that is b."""
        if node["type"] != "and_expression":
            return without_null(self._visit(node, current))
        first, second = node["children"]
        self._visit(first, current)
        return self._truthy(second, current)

    def _visit_and_expression(self, node: Node, current: Type) -> Type:
        """What is false of the first is found too; a blank text is no value."""
        first, second = self._visit_each(node, current)
        if first.is_open:
            return second
        falsy = first.kinds & {"null", "boolean", "list", "object"}
        return union([second, simple(*falsy)])

    def _visit_function_expression(self, node: Node, current: Type) -> Type:
        name, children = node["value"], node["children"]
        given = {
            index: self._visit(child, current)
            for index, child in enumerate(children)
            if child["type"] != "expref"
        }
        item = next((items_of(found) for found in given.values()), ANYTHING)
        for index, child in enumerate(children):
            if child["type"] == "expref":
                given[index] = self._visit(child, item)
        arguments = [given[index] for index in range(len(children))]
        misuse = misuse_of(name, arguments)
        if misuse:
            raise UnknownPath(misuse)
        return result_of(name, arguments)

    def _list(self, found: Type, suffix: str) -> Type:
        if "list" not in found.kinds:
            raise refusals.no_list(self._title, found, suffix)
        return found


def _is_chain(node: Node) -> bool:
    steps = node["children"] if node["type"] == "subexpression" else [node]
    return all(step["type"] == "field" for step in steps)
