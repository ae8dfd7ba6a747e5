"""The same mappings on plain JMESPath, as one would write it without this project.

Every path is compiled once and searched by the library; transforms are the project's
own, and so is the order in which a value is made. What the default mappings do not use
is refused, so that nothing is quietly left out of the comparison.
"""

from __future__ import annotations

from typing import Any

import yaml

from bench.plain_rules import (
    POLICIES,
    Matches,
    Step,
    Value,
    WriteRule,
    search_of,
    write_of,
)
from worker.mapping.transforms.free_text import redact_text


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
