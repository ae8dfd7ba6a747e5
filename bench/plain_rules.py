"""Mapping files read into rules for plain JMESPath."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jmespath

from worker.mapping.transforms import TRANSFORMS, Argument

Search = Callable[[Any], Any]
Step = tuple[Callable[..., Any], tuple[Any, ...], Search | None]

FIELD_KEYS = frozenset(
    {"from", "text", "value", "as", "choose", "otherwise", "default", "when"}
    | {"write", "redact"}
)
LINK_KEYS = frozenset(["object", "match", "missing", "ambiguous", "wrong_party"])
WRITE_KEYS = LINK_KEYS | {"mode", "when", "key", "fields", "links"}
POLICIES = ("insert_only", "if_empty", "sticky")
SLOT = re.compile(r"\{([^{}]*)\}")
TYPED = frozenset({"boolean", "integer", "number", "date", "datetime"})
BAR = re.compile(r"(?<!\|)\|(?=\s*[a-z_]+\s*(?:[:|]|\Z))")


@dataclass(slots=True)
class Slot:
    """A text of a template, or, with a search, a place to fill."""

    text: str = ""
    search: Search | None = None
    steps: tuple[Step, ...] = ()
    default: str | None = None


@dataclass(slots=True)
class Value:
    """How a value is made, in the order of these."""

    searches: tuple[Search, ...] = ()
    slots: tuple[Slot, ...] = ()
    literal: Any = None
    steps: tuple[Step, ...] = ()
    choices: dict[str, Any] | None = None
    otherwise: Any = None
    default: Any = None
    when: Search | None = None
    is_key: bool = False
    redacts: bool = False


Matches = list[tuple[str, Value]]


@dataclass(slots=True)
class WriteRule:
    """One write of a mapping. A link is (field, object, matches, keeps wrong party)."""

    object: str
    mode: str
    when: Search | None
    key: Matches
    fields: list[tuple[str, Value, str]]
    links: list[tuple[str, str, Matches, bool]]
    writes_wrong_party: bool


def search_of(path: str) -> Search:
    search: Search = jmespath.compile(path.strip()).search
    return search


def write_of(entry: dict[str, Any]) -> WriteRule:
    refuse_unknown(entry, WRITE_KEYS)
    matches = entry.get("match") or [entry["key"]]
    return WriteRule(
        object=entry["object"],
        mode=entry.get("mode", "upsert"),
        when=search_of(entry["when"]) if "when" in entry else None,
        key=matches_of(matches),
        fields=[field_of(name, node) for name, node in entry["fields"].items()],
        links=[link_of(name, node) for name, node in entry.get("links", {}).items()],
        writes_wrong_party=entry.get("wrong_party") == "write",
    )


def field_of(name: str, node: Any) -> tuple[str, Value, str]:
    policy = node.get("write", "always") if isinstance(node, dict) else "always"
    if policy not in ("always", *POLICIES):
        raise ValueError(f"no policy {policy} in plain JMESPath")
    return name, read_value(node), policy


def link_of(name: str, node: dict[str, Any]) -> tuple[str, str, Matches, bool]:
    refuse_unknown(node, LINK_KEYS)
    keeps = node.get("wrong_party") == "keep"
    return name, node["object"], matches_of(node["match"]), keeps


def matches_of(nodes: list[dict[str, Any]]) -> Matches:
    return [
        (field, read_value(node, is_key=True))
        for entry in nodes
        for field, node in entry.items()
    ]


def read_value(node: Any, *, is_key: bool = False) -> Value:
    if isinstance(node, str):
        is_free = not is_key and not node.startswith("event.")
        return Value(searches=(search_of(node),), redacts=is_free)
    refuse_unknown(node, FIELD_KEYS)
    choices = node.get("choose")
    paths = one_or_more(node.get("from")) or SLOT.findall(node.get("text", ""))
    return Value(
        searches=tuple(search_of(path) for path in one_or_more(node.get("from"))),
        slots=tuple(slots_of(node["text"])) if "text" in node else (),
        literal=literal_of(node.get("value")),
        steps=tuple(step_of(step) for step in one_or_more(node.get("as"))),
        choices=choices and {key: literal_of(text) for key, text in choices.items()},
        otherwise=literal_of(node.get("otherwise")),
        default=literal_of(node.get("default")),
        when=search_of(node["when"]) if "when" in node else None,
        is_key=is_key,
        redacts=is_free_text(node, paths),
    )


def is_free_text(node: dict[str, Any], paths: list[str]) -> bool:
    """Return whether the value may hold words of a call."""
    if "choose" in node or node.get("redact") == "false":
        return False
    steps = one_or_more(node.get("as"))
    if steps:
        name = steps[-1] if isinstance(steps[-1], str) else next(iter(steps[-1]))
        if TRANSFORMS[name].gives in TYPED:
            return False
    return any(not path.startswith("event.") for path in paths)


def slots_of(template: str) -> list[Slot]:
    if "{{" in template or "}}" in template:
        raise ValueError("no braces in the texts of plain JMESPath")
    slots = []
    for number, piece in enumerate(SLOT.split(template)):
        if number % 2 == 0:
            slots.extend([Slot(text=piece)] if piece else [])
            continue
        path, *calls = BAR.split(piece)
        named = [call.strip().partition(":") for call in calls]
        defaults = [argument for name, _, argument in named if name == "default"]
        steps = tuple(
            step_of({name: argument} if colon else name)
            for name, colon, argument in named
            if name != "default"
        )
        default = defaults[0] if defaults else None
        slots.append(Slot("", search_of(path), steps, default))
    return slots


def step_of(node: Any) -> Step:
    if isinstance(node, str):
        return TRANSFORMS[node].run, (), None
    ((name, argument),) = node.items()
    known = TRANSFORMS[name]
    if known.argument is Argument.PATH:
        return known.run, (), search_of(argument)
    if known.argument is Argument.NUMBER:
        return known.run, (int(argument),), None
    return known.run, (argument,), None


def literal_of(text: Any) -> Any:
    return {"true": True, "false": False}.get(text, text)


def one_or_more(node: Any) -> list[Any]:
    if node is None:
        return []
    return node if isinstance(node, list) else [node]


def refuse_unknown(node: dict[str, Any], known: frozenset[str]) -> None:
    if unknown := set(node) - known:
        raise ValueError(f"not done in plain JMESPath: {', '.join(sorted(unknown))}")
