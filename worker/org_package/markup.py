"""XML of the Metadata API: the same data is always the same text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
INDENT = "    "

Node = tuple[str, "str | Sequence[Node]"]

# XML 1.0 has no way to write these.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def document(root: str, children: Iterable[Node]) -> str:
    """Return a whole file: `children` in the order of the WSDL."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append(f'<{root} xmlns="{NAMESPACE}">')
    for child in in_order(children):
        lines.extend(_lines(child, INDENT))
    return "\n".join([*lines, f"</{root}>", ""])


def in_order(nodes: Iterable[Node]) -> list[Node]:
    """Return the nodes in the WSDL's order; those of one name stay as they were."""
    return sorted(nodes, key=lambda node: (node[0] != "fullName", node[0]))


def yes_no(value: object) -> str:
    """Return a boolean as XML has it."""
    return "true" if value else "false"


def _lines(node: Node, indent: str) -> Iterable[str]:
    name, content = node
    if isinstance(content, str):
        text = escape(_UNWRITABLE.sub("", content))
        yield f"{indent}<{name}>{text}</{name}>"
        return
    yield f"{indent}<{name}>"
    for child in in_order(content):
        yield from _lines(child, indent + INDENT)
    yield f"{indent}</{name}>"
