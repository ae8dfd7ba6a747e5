"""What a mapping file may say: the one definition of its keys. Floor 1, pure.

The loader, the JSON Schema and the reference in the documentation are made of it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from worker.mapping.path_check import EVENT_NAMES
from worker.mapping.shapes import (
    Calls,
    Choice,
    Either,
    Fields,
    Items,
    Key,
    Names,
    Shape,
    Text,
)
from worker.mapping.transforms import TRANSFORMS, Argument, Transform

MODES = ("upsert", "update", "insert")
POLICIES = ("always", "if_empty", "sticky", "insert_only", "clear_on_null", "append")
UNMATCHED = ("park", "skip")
UNLINKED = ("park", "skip", "create")
AMBIGUOUS = ("park", "skip")
DUPLICATES = ("park", "allow")
OF_WRONG_PARTY = ("skip", "write")
LINK_OF_WRONG_PARTY = ("drop", "keep")
SWITCH = ("true", "false")

NAME = r"[A-Za-z][A-Za-z0-9_]*"
SLUG = r"[a-z][a-z0-9_]*"

TEXT = Text()
PATH = Text(
    what="a path",
    offered=("payload.", "body.", *(f"event.{name}" for name in EVENT_NAMES)),
)
OBJECT = Text(NAME, "an object's API name")
FIELD_NAME = Text(NAME, "a field's API name")
REASON = Text(SLUG, "a slug, such as test_call")
NUMBER = Text(r"[0-9]+", "a whole number")


def _manual(known: Transform) -> str:
    """Return what an editor says of a transform: its description and examples."""
    lines = [re.sub(r"(?<=\S)\n(?=\S)", " ", known.description)]
    for value, argument, result in known.examples:
        given = "" if argument is None else f"with {_json(argument)}: "
        lines.append(f"{given}{_json(value)} -> {_json(result)}")
    return "\n\n".join(lines)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


_ARGUMENTS: dict[Argument, Shape | None] = {
    Argument.NONE: None,
    Argument.NUMBER: NUMBER,
    Argument.TEXT: TEXT,
    Argument.TABLE: Names(TEXT),
    Argument.PATH: PATH,
}
TRANSFORM = Calls(
    "transform",
    arguments={name: _ARGUMENTS[t.argument] for name, t in TRANSFORMS.items()},
    takes={name: t.argument.value for name, t in TRANSFORMS.items()},
    docs={name: _manual(t) for name, t in TRANSFORMS.items()},
)

_VALUE_KEYS = {
    "from": Key(
        "a path, or several of which the first with a value counts",
        Either(scalar=PATH, items=Items(PATH, at_least=1)),
    ),
    "text": Key("a text with {paths} in it", TEXT),
    "value": Key("a fixed value", TEXT),
    "as": Key(
        "a transform, or several in order",
        Either(scalar=TRANSFORM, items=Items(TRANSFORM), table=TRANSFORM),
    ),
    "choose": Key("a table from the value found to the value written", Names(TEXT)),
    "otherwise": Key("what to write if the table lacks the value", TEXT),
    "default": Key("what to write if there is no value", TEXT),
    "when": Key("give the value only if this path is true", PATH),
}
FIELD_KEYS = {
    **_VALUE_KEYS,
    "write": Key("the policy", Choice(POLICIES)),
    "redact": Key(
        "`false` leaves card numbers and SSNs in the text, as in an identifier",
        Choice(SWITCH),
    ),
}
_ONE_ORIGIN = (("from", "text", "value"),)
_NEEDS = {"otherwise": ("choose", None)}

VALUE = Either(scalar=PATH, table=Fields(_VALUE_KEYS, _ONE_ORIGIN, _NEEDS))
FIELD = Either(scalar=PATH, table=Fields(FIELD_KEYS, _ONE_ORIGIN, _NEEDS))
MATCH = Names(VALUE, FIELD_NAME, exactly_one=True)

LINK_KEYS = {
    "object": Key("the object referred to", OBJECT, required=True),
    "match": Key(
        "fields and values, strongest first; the first with a value finds the record",
        Items(MATCH, at_least=1),
        required=True,
    ),
    "missing": Key(
        "if nothing matches: park the write, skip the link, or create the record",
        Choice(UNLINKED),
    ),
    "create": Key(
        "the fields of a record that `missing: create` makes, beside the one that"
        " matches",
        Names(FIELD, FIELD_NAME),
    ),
    "ambiguous": Key(
        "if several match: park the write or skip the link", Choice(AMBIGUOUS)
    ),
    "wrong_party": Key(
        "of a call with a wrong party: drop the link or keep it",
        Choice(LINK_OF_WRONG_PARTY),
    ),
}
LINK = Fields(LINK_KEYS, needs={"create": ("missing", "create")})
WRITE_KEYS = {
    "object": Key("the Salesforce object", OBJECT, required=True),
    "mode": Key(
        "upsert by the key; update what is there; or insert once and leave it alone",
        Choice(MODES),
    ),
    "when": Key("write only if this path is true", PATH),
    "key": Key("one external id field and its value", Names(VALUE, FIELD_NAME, True)),
    "match": Key(
        "fields and values; the first with a value finds the record to update",
        Items(MATCH, at_least=1),
    ),
    "missing": Key("if nothing matches: park or skip", Choice(UNMATCHED)),
    "ambiguous": Key("if several match: park or skip", Choice(AMBIGUOUS)),
    "duplicates": Key(
        "if a duplicate rule of the org stops the record: park it, or save it all the"
        " same where the rule only alerts",
        Choice(DUPLICATES),
    ),
    "wrong_party": Key(
        "of a call with a wrong party: skip the record or write it",
        Choice(OF_WRONG_PARTY),
    ),
    "fields": Key(
        "the fields and where their values come from",
        Names(FIELD, FIELD_NAME),
        required=True,
    ),
    "links": Key("references to other records", Names(LINK, FIELD_NAME)),
}
WRITE = Fields(
    WRITE_KEYS,
    one_of=(("key", "match"),),
    needs={"match": ("mode", "update")},
    why="else a repeat after a lost answer makes a second record: name a unique"
    " external id under `key`, or use `match` with `mode: update`",
)
SKIP_KEYS = {
    "when": Key("a path", PATH, required=True),
    "reason": Key("a slug to show", REASON, required=True),
}
URGENT_KEYS = {"when": Key("a path", PATH, required=True)}
RIGHT_PARTY_KEYS = {
    "wrong_when": Key(
        "true where the call reached another person than the debtor",
        PATH,
        required=True,
    ),
}
FILE_KEYS = {
    "source": Key("the source that sends the event", TEXT, required=True),
    "event": Key("the event's type, as the vendor calls it", TEXT, required=True),
    "version": Key("a whole number, raised with every change", NUMBER),
    "expects": Key(
        "paths that this vendor account sends beyond the documented ones", Items(PATH)
    ),
    "skip": Key(
        "when not to write anything, and the reason to show", Items(Fields(SKIP_KEYS))
    ),
    "urgent": Key(
        "when the event overtakes everything and is retried without end",
        Fields(URGENT_KEYS),
    ),
    "right_party": Key(
        "when nothing about the debt may go to the person reached",
        Fields(RIGHT_PARTY_KEYS),
    ),
    "party": Key(
        "paths, strongest first; the first with a value decides the lane", Items(PATH)
    ),
    "writes": Key(
        "the records to write, parents before children", Items(WRITE), required=True
    ),
}
MAPPING_FILE = Fields(FILE_KEYS)
# The shapes that stand in several places, by the names that the JSON Schema gives them.
PARTS: dict[str, Shape] = {
    "text": TEXT,
    "path": PATH,
    "transform": TRANSFORM,
    "value": VALUE,
    "field": FIELD,
    "match": MATCH,
    "link": LINK,
    "write": WRITE,
}
