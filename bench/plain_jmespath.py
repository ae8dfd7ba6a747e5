"""The same mappings on plain JMESPath, as one would write it without this project.

Every path is compiled once and searched by the library; transforms are the project's
own, and so is the order in which a value is made. What the default mappings do not use
is refused, so that nothing is quietly left out of the comparison.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jmespath
import yaml

from worker.mapping.transforms import TRANSFORMS, Argument
from worker.mapping.transforms.free_text import redact_text

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


class PlainMapping:
    """A mapping file, read for plain JMESPath."""

    def __init__(self, text: str) -> None:
        data = yaml.load(text, Loader=yaml.BaseLoader)
        self.skips = [(search_of(s["when"]), s["reason"]) for s in data.get("skip", [])]
        gate = data.get("right_party")
        self.is_wrong = search_of(gate["wrong_when"]) if gate else None
        self.writes = [write_of(entry) for entry in data["writes"]]

    def plan(self, context: Any) -> tuple[str | None, list[dict[str, Any]]]:
        """Return the reason to skip the event, or its writes."""
        for search, reason in self.skips:
            if is_true(search(context)):
                return reason, []
        is_wrong = self.is_wrong is not None and is_true(self.is_wrong(context))
        made = (make_write(rule, context, is_wrong) for rule in self.writes)
        return None, [write for write in made if write is not None]


def make_write(rule: WriteRule, context: Any, is_wrong: bool) -> dict[str, Any] | None:
    if rule.when is not None and not is_true(rule.when(context)):
        return None
    if is_wrong and not rule.writes_wrong_party:
        return {"object": rule.object, "unwritten": "wrong_party"}
    try:
        key = first_match(rule.key, context)
        links = [
            (field, linked, first_match(matches, context))
            if keeps or not is_wrong
            else (field, linked, None)
            for field, linked, matches, keeps in rule.links
        ]
    except ValueError:
        return {"object": rule.object, "unwritten": "transform_refused"}
    write: dict[str, Any] = {"object": rule.object, "mode": rule.mode, "key": key}
    write["fields"], faults = fields_of(rule, context, write)
    if rule.mode == "update" and not write["fields"] and not links:
        refused = {"object": rule.object, "unwritten": "transform_refused"}
        return refused if faults else None
    if key is None:
        return {"object": rule.object, "unwritten": "no_key"}
    return write | {"links": links, "faults": faults}


def fields_of(
    rule: WriteRule, context: Any, write: dict[str, Any]
) -> tuple[dict[str, Any], int]:
    """Return the fields and the number of refused ones; a policy's go to the write."""
    fields, faults = {}, 0
    for name, value, policy in rule.fields:
        try:
            found = value_of(value, context)
        except (ValueError, ArithmeticError, LookupError, TypeError):
            faults += 1
            continue
        if found is None:
            continue
        if policy == "sticky" and (found is False or found == ""):
            continue
        if policy == "if_empty" and is_blank(found):
            continue
        if value.redacts and isinstance(found, str):
            found = redact_text(found)
        fields[name] = found
        if policy in POLICIES:
            write.setdefault(policy, []).append(name)
    return fields, faults


def value_of(value: Value, context: Any) -> Any:
    if value.when is not None and not is_true(value.when(context)):
        return None
    found = origin_of(value, context)
    if value.steps or value.choices is not None:
        found = None if is_blank(found) else run_steps(found, value.steps, context)
        if value.choices is not None and not is_blank(found):
            found = value.choices.get(text_of(found), value.otherwise)
        elif value.choices is not None:
            found = None
    return value.default if value.default is not None and is_blank(found) else found


def origin_of(value: Value, context: Any) -> Any:
    if value.slots:
        return fill(value, context)
    if not value.searches:
        return value.literal
    found = None
    for search in value.searches:
        found = search(context)
        if not is_blank(found):
            return found
    return found


def run_steps(found: Any, steps: tuple[Step, ...], context: Any) -> Any:
    for run, arguments, search in steps:
        if search is not None:
            found = run(found, search(context))
        else:
            found = run(found, *arguments)
        if is_blank(found):
            break
    return found


def fill(value: Value, context: Any) -> str | None:
    texts = []
    is_found = False
    for slot in value.slots:
        if slot.search is None:
            texts.append(slot.text)
            continue
        found = slot.search(context)
        if not is_blank(found):
            found = run_steps(found, slot.steps, context)
        if not is_blank(found):
            texts.append(text_of(found))
        elif slot.default is not None:
            texts.append(slot.default)
        elif value.is_key:
            return None
        else:
            continue
        is_found = True
    return "".join(texts) if is_found else None


def first_match(matches: Matches, context: Any) -> tuple[str, ...] | None:
    """Return the first field with a value, and all ways to write that."""
    for field, value in matches:
        found = value_of(value, context)
        forms = found if isinstance(found, list) else [found]
        texts = [str(form).strip() for form in forms if not is_blank(form)]
        if texts:
            return field, *texts
    return None


def is_true(found: Any) -> bool:
    return not (found is None or found is False or found in ("", [], {}))


def is_blank(found: Any) -> bool:
    return found is None or (isinstance(found, str) and not found.strip())


def text_of(found: Any) -> str:
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found)


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
