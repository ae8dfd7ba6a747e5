"""The reference of mappings, out of the definitions that they are read by. Floor 1.

It is Markdown: the keys of mappings and of their tests, the policies, the paths into
each vendor's payload, the kinds of findings and the transforms' manual.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from worker.mapping import case_grammar, grammar
from worker.mapping.cases.case import KIND as CASE_KIND
from worker.mapping.findings import FILE_KINDS, MEANING_KINDS, SHAPE_KINDS
from worker.mapping.reference_payloads import payload_table
from worker.mapping.reference_shapes import anchor, key_table, markdown_table
from worker.mapping.shapes import Either, Fields
from worker.mapping.transforms import TRANSFORMS
from worker.mapping.transforms.manual import manual

PayloadSchemas = Mapping[tuple[str, str], Mapping[str, Any]]

INTRODUCTION = """\
<!-- Made by `make docs` out of the code: what is changed here is lost. -->

# Mapping reference

All that a mapping may say.
[The mapping page](mapping.md) teaches it; `crm-sync reference` prints this page."""
POLICIES = {
    "always": "sent where there is a value, and `false` and an empty text are values;"
    " absent and null leave the field as it is",
    "if_empty": "sent where the record's field is empty; what is there stays",
    "sticky": "for checkboxes: `true` is sent, once a call, and `false` never;"
    " only a person clears the box",
    "insert_only": "sent with a new record; an existing one keeps what it has",
    "clear_on_null": "as `always`, and null empties the field",
    "append": "for long texts: a line with the call's day is added, once a call;"
    " where the field is full, the oldest lines go",
}
FINDINGS = {
    "Of the file": FILE_KINDS,
    "Of its shape": SHAPE_KINDS,
    "Of its meaning": MEANING_KINDS,
    "Of a test file": {
        CASE_KIND: "a case names what is not there, or expects what cannot be"
    },
}


def _table_of(shape: Either) -> Fields:
    if not isinstance(shape.table, Fields):
        raise TypeError("a shape without a table of known keys")
    return shape.table


# The tables of keys, in the order in which a file has them.
MAPPING_KEYS: dict[str, Fields] = {
    "The file": grammar.MAPPING_FILE,
    "An entry of `skip`": Fields(grammar.SKIP_KEYS),
    "`urgent`": Fields(grammar.URGENT_KEYS),
    "`right_party`": Fields(grammar.RIGHT_PARTY_KEYS),
    "A write": grammar.WRITE,
    "A field": _table_of(grammar.FIELD),
    "A value": _table_of(grammar.VALUE),
    "A link": grammar.LINK,
}
TEST_KEYS: dict[str, Fields] = {
    "The test file": case_grammar.TEST_FILE,
    "A case": Fields(case_grammar.CASE_KEYS),
    "What is expected": Fields(case_grammar.EXPECT_KEYS),
    "An expected record": Fields(case_grammar.EXPECTED_WRITE_KEYS),
}


def reference(payload_schemas: PayloadSchemas) -> str:
    """Return the whole page; the schemas are those of each source's events."""
    sections = {
        "Keys of a mapping": _keys(MAPPING_KEYS, with_defaults=True),
        # What a case does not expect is not looked at, whatever it is.
        "Keys of a test file": _keys(TEST_KEYS, with_defaults=False),
        "Policies": _listed(("`write`", "what it does"), POLICIES),
        "Paths": _paths(payload_schemas),
        "Findings": _findings(),
        "Transforms": _transforms(),
    }
    contents = [f"- [{name}]({anchor(name)})" for name in sections]
    parts = [f"{INTRODUCTION}\n\n" + "\n".join(contents) + "\n"]
    parts += [f"## {name}\n\n{text}" for name, text in sections.items()]
    return "\n".join(parts)


def _keys(tables: Mapping[str, Fields], *, with_defaults: bool) -> str:
    titles = MAPPING_KEYS | TEST_KEYS
    return "\n".join(
        f"### {title}\n\n{key_table(shape, titles, with_defaults=with_defaults)}"
        for title, shape in tables.items()
    )


def _listed(head: tuple[str, str], entries: Mapping[str, str]) -> str:
    return markdown_table(head, [(f"`{name}`", text) for name, text in entries.items()])


def _paths(payload_schemas: PayloadSchemas) -> str:
    tables = [
        f"### {source} {event}\n\n{schema['description']}\n\n{payload_table(schema)}"
        for (source, event), schema in payload_schemas.items()
    ]
    return "`[]` stands for the items of a list.\n\n" + "\n".join(tables)


def _findings() -> str:
    tables = [
        f"### {title}\n\n{_listed(('kind', 'what is wrong'), kinds)}"
        for title, kinds in FINDINGS.items()
    ]
    return "`crm-sync check --json` names the kind.\n\n" + "\n".join(tables)


def _transforms() -> str:
    """Return the transforms' manual, with its headings one deeper."""
    return re.sub(r"^#", "##", manual(TRANSFORMS.values()), flags=re.MULTILINE)
