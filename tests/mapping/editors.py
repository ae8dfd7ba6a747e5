"""What an editor sees of a YAML file: typed values, by the core schema of YAML 1.2."""

from __future__ import annotations

import json
import re
from typing import Any

from worker.mapping.shapes import EMPTY
from worker.mapping.strict_yaml import Node, Scalar, Sequence

TRUE = ("true", "True", "TRUE")
FALSE = ("false", "False", "FALSE")
INTEGER = re.compile(r"[-+]?[0-9]+")
FRACTION = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def seen(node: Node) -> Any:
    """Return a node's value. Keys are texts to an editor too."""
    if isinstance(node, Scalar):
        return typed(node.text) if node.plain else node.text
    if isinstance(node, Sequence):
        return [seen(item) for item in node.items]
    return {key: seen(value) for key, value in node.entries.items()}


def is_spelt_as_in_json(node: Node) -> bool:
    """Return whether an editor can tell a scalar from all that it takes for the same.

    It cannot where it has read `1.0`, `0x1` or `True`: JSON has one spelling of each.
    """
    if not isinstance(node, Scalar) or not node.plain:
        return True
    value = typed(node.text)
    return value is None or isinstance(value, str) or json.dumps(value) == node.text


def typed(text: str) -> Any:
    """Return what an unquoted text is taken for."""
    if text in EMPTY:
        return None
    if text in TRUE or text in FALSE:
        return text in TRUE
    if INTEGER.fullmatch(text):
        return int(text)
    if re.fullmatch(r"0o[0-7]+|0x[0-9a-fA-F]+", text):
        return int(text, base=0)
    if FRACTION.fullmatch(text):
        return float(text)
    if re.fullmatch(r"([-+]?\.(inf|Inf|INF))|\.(nan|NaN|NAN)", text):
        return float(text.replace(".", "", 1))
    return text
