"""A mapping file in the words of Segment's mapping kit, as far as that has them.

It has paths, templates, fixed values, defaults and the first of several that is there.
What it lacks is left out, in its favour: the value goes through untouched, or the field
is not there at all where that would be an object or a list, which it would copy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from worker.mapping.transforms import TRANSFORMS

STEP = r'(?:[A-Za-z_][A-Za-z0-9_]*|"[^"\\.]+")'
CHAIN = re.compile(rf"{STEP}(?:\.{STEP})*")
SLOT = re.compile(r"\{([^{}|]*)[^{}]*\}")
LEFT_OUT = "transforms, choices, policies, redaction, paths that are no chain"


@dataclass(slots=True)
class SegmentMapping:
    """`mapping` is Segment's. `plain` are the fields, by write and name, that have to
    be what ours are; `fields` is how many there are at all."""

    mapping: dict[str, Any] = field(default_factory=dict)
    plain: list[tuple[str, str]] = field(default_factory=list)
    fields: int = 0


def segment_mapping(text: str) -> SegmentMapping:
    """Return what Segment can do of a mapping file; writes are named by their number.

    Each write has a key, fields and links. A condition that is a plain path stays.
    """
    made = SegmentMapping()
    data = yaml.load(text, Loader=yaml.BaseLoader)
    for number, entry in enumerate(data["writes"]):
        write = {
            "key": first_match(entry.get("match") or [entry["key"]]),
            "fields": fields_of(str(number), entry["fields"], made),
            "links": {
                name: first_match(link["match"])
                for name, link in entry.get("links", {}).items()
            },
        }
        when = path_of(entry.get("when", ""))
        made.mapping[str(number)] = write if when is None else only_if(when, write)
    return made


def fields_of(
    number: str, nodes: dict[str, Any], made: SegmentMapping
) -> dict[str, Any]:
    fields = {}
    for name, node in nodes.items():
        directive = directive_of(node)
        if directive is not None:
            fields[name] = directive
            made.fields += 1
            if isinstance(node, str) or not set(node) - {"from", "value", "default"}:
                made.plain.append((number, name))
    return fields


def directive_of(node: Any) -> Any:
    """Return Segment's words for a value; None where it has none."""
    if isinstance(node, str):
        return path_of(node)
    if "value" in node:
        return node["value"]
    if "text" in node:
        return template_of(node["text"])
    steps = one_or_more(node.get("as"))
    if steps and not (set(takes_of(steps[0])) - {"object", "list"}):
        return None
    found = [path_of(path) for path in one_or_more(node["from"])]
    known = [path for path in found if path is not None]
    if not known:
        return None
    default = {"default": node["default"]} if "default" in node else {}
    return first_of(known, **default)


def takes_of(step: Any) -> tuple[str, ...]:
    name = step if isinstance(step, str) else next(iter(step))
    return TRANSFORMS[name].takes


def path_of(path: str) -> dict[str, str] | None:
    if not CHAIN.fullmatch(path):
        return None
    return {"@path": "$." + path.replace('"', "")}


def template_of(text: str) -> dict[str, str] | None:
    if any(path_of(path) is None for path in SLOT.findall(text)):
        return None
    return {"@template": SLOT.sub(r"{{\1}}", text)}


def first_of(directives: list[Any], **default: Any) -> Any:
    """Return what takes the first that is not blank; the last as it is."""
    first, *others = directives
    if others:
        otherwise = first_of(others, **default)
    elif default:
        otherwise = default["default"]
    else:
        return first
    return {"@if": {"blank": first, "then": first, "else": otherwise}}


def first_match(nodes: list[dict[str, Any]]) -> Any:
    matches = [pair for node in nodes for pair in node.items()]
    made: Any = None
    for name, node in reversed(matches):
        directive = directive_of(node)
        if directive is None:
            continue
        match = {"field": name, "value": directive}
        made = match if made is None else only_if(directive, match, made)
    return made


def only_if(condition: Any, then: Any, otherwise: Any = None) -> dict[str, Any]:
    options = {"blank": condition, "then": then}
    return {"@if": options if otherwise is None else options | {"else": otherwise}}


def one_or_more(node: Any) -> list[Any]:
    if node is None:
        return []
    return node if isinstance(node, list) else [node]
