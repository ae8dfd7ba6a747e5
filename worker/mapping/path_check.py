"""What is wrong with a path that JMESPath itself lets through. Floor 1, pure.

JMESPath finds an unknown function only when it runs, and nothing at all under a
misspelt root: a condition with either would never be true, and nobody would know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jmespath.functions import Functions

from worker.mapping.findings import did_you_mean

ROOTS = ("payload", "event", "body")
EVENT_NAMES = (
    "call_id",
    "connection",
    "dedupe_key",
    "file_number",
    "foreign_id",
    "occurred_at",
    "occurred_on",
    "phone",
    "received_at",
    "source",
    "type",
)

# Of these, only the first part is read at the root; the others are read below it.
_BELOW_FIRST = frozenset(
    {
        "subexpression",
        "index_expression",
        "projection",
        "value_projection",
        "filter_projection",
        "flatten",
        "slice",
        "pipe",
    }
)

Node = Mapping[str, Any]


def check(path: str, parsed: Node) -> None:
    """Raise `ValueError` where a parsed path can never find anything."""
    _check_functions(path, parsed)
    _check_roots(path, parsed)


def _check_functions(path: str, node: Node) -> None:
    for child in _children(node):
        _check_functions(path, child)
    if node["type"] != "function_expression":
        return
    name, given = node["value"], len(node["children"])
    known = Functions.FUNCTION_TABLE.get(name)
    if known is None:
        hint = did_you_mean(name, [*Functions.FUNCTION_TABLE])
        raise ValueError(f"{path!r} is not JMESPath: Unknown function: {name}(){hint}")
    signature = known["signature"]
    is_variadic = bool(signature) and signature[-1].get("variadic", False)
    if given < len(signature) or (given > len(signature) and not is_variadic):
        raise ValueError(
            f"{path!r} is not JMESPath: {name}() takes {len(signature)} argument(s)"
        )


def _check_roots(path: str, node: Node) -> None:
    """Check what a node reads at the root."""
    kind, children = node["type"], _children(node)
    if kind == "expref":  # It is read in the items of a list, not at the root.
        return
    if kind == "field" and node["value"] not in ROOTS:
        listed = ", ".join(ROOTS)
        raise ValueError(f"path {path!r} has to begin with one of: {listed}")
    if kind == "subexpression":
        _check_event_name(children)
    for child in children[:1] if kind in _BELOW_FIRST else children:
        _check_roots(path, child)


def _check_event_name(children: list[Node]) -> None:
    first, second = children[:2]
    if first["type"] != "field" or first["value"] != "event":
        return
    if second["type"] == "field" and second["value"] not in EVENT_NAMES:
        name = second["value"]
        hint = did_you_mean(name, list(EVENT_NAMES))
        raise ValueError(f"event has no {name!r}{hint}")


def _children(node: Node) -> list[Node]:
    return [child for child in node["children"] if isinstance(child, Mapping)]
