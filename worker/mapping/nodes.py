"""Reading YAML nodes whose shape was checked: what misfits reads as empty. Floor 1.

A fault of shape was already found by the grammar, so that nothing here finds it again.
"""

from __future__ import annotations

from worker.mapping.shapes import EMPTY
from worker.mapping.strict_yaml import Node, Place, Scalar, Sequence, Table

# No transform takes a greater number, and none has to wait for a text to become one.
LONGEST_NUMBER = 9


def entries(node: Node | None) -> dict[str, Node]:
    """Return the entries of a table."""
    return node.entries if isinstance(node, Table) else {}


def key_places(node: Node | None) -> dict[str, Place]:
    """Return where each key of a table stands."""
    return node.key_places if isinstance(node, Table) else {}


def items(node: Node | None) -> tuple[Node, ...]:
    """Return the items of a list."""
    return node.items if isinstance(node, Sequence) else ()


def one_or_more(node: Node | None) -> tuple[Node, ...]:
    """Return the items of a list, or the one node that stands in its place."""
    if isinstance(node, Sequence):
        return node.items
    return () if node is None else (node,)


def text(node: Node | None, absent: str = "") -> str:
    """Return a scalar's text."""
    return node.text if isinstance(node, Scalar) else absent


def is_empty(node: Scalar) -> bool:
    """Return whether nothing stands there, which the grammar finds fault with."""
    return node.plain and node.text in EMPTY


def literal(node: Node | None) -> str | bool:
    """Return a fixed value: text, but for an unquoted `true` or `false`."""
    if isinstance(node, Scalar) and node.plain and node.text in ("true", "false"):
        return node.text == "true"
    return text(node)


def whole_number(text: str) -> int | None:
    """Return a number of up to nine digits, or None where the text is none."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER
    return int(text) if is_number else None
