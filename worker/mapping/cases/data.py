"""YAML nodes of a test file as JSON data. Floor 1, pure.

A plain scalar is what it looks like in JSON; all else, and all that is quoted, is text.
So `+15551234567`, `0042` and `2026-05-04` stay the texts that vendors send.
"""

from __future__ import annotations

import re
from typing import Any

from worker.mapping.strict_yaml import Node, Scalar, Sequence

_WORDS = {"true": True, "false": False, "null": None}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_LONGEST_NUMBER = 32
# What YAML's other readers take for a word of these.
_LOOK_ALIKES = {"True", "TRUE", "False", "FALSE", "Null", "NULL", "~"}


def data(node: Node) -> Any:
    """Return the value that a node stands for."""
    if isinstance(node, Scalar):
        return _scalar(node)
    if isinstance(node, Sequence):
        return [data(item) for item in node.items]
    return {key: data(value) for key, value in node.entries.items()}


def unclear(node: Node) -> list[Scalar]:
    """Return the scalars in a node that some would read as another value."""
    if isinstance(node, Scalar):
        is_unclear = node.plain and (not node.text or node.text in _LOOK_ALIKES)
        return [node] if is_unclear else []
    inner = node.items if isinstance(node, Sequence) else node.entries.values()
    return [scalar for child in inner for scalar in unclear(child)]


def _scalar(node: Scalar) -> Any:
    if not node.plain:
        return node.text
    if node.text in _WORDS:
        return _WORDS[node.text]
    number = _NUMBER.fullmatch(node.text)
    if number is None or len(node.text) > _LONGEST_NUMBER:
        return node.text
    is_whole = number[1] is None and number[2] is None
    return int(node.text) if is_whole else float(node.text)
