"""What is wrong with a mapping, and where. Floor 1, pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from worker.errors import MappingFault

# Every kind of finding and what it means. `file` kinds are of the YAML itself, `shape`
# kinds are those that the JSON Schema finds too.
FILE_KINDS = {
    "yaml": "the text is no YAML, or uses tabs, anchors, aliases or tags",
    "duplicate_key": "a key stands twice in one table",
    "misplaced": "the file's name does not say what is in it",
    "unknown_event": "no vendor sends what the file is for",
    "version": "the content has changed and its version has not",
}
SHAPE_KINDS = {
    "unknown_key": "a table has a key that means nothing there",
    "missing_key": "a table lacks a key that it needs",
    "shape": "a text, a list or a table stands where another is needed",
    "choice": "a text is none of the few that are allowed",
    "name": "a text is no API name, slug or number",
    "combination": "keys stand together that exclude each other, or one alone",
    "transform": "no such transform, or not with this argument",
}
MEANING_KINDS = {
    "path": "a path is not JMESPath, or begins nowhere",
    "template": "a text in braces cannot be read",
    "argument": "a transform cannot work with its argument",
    "unknown_path": "no known version of the vendor's payload has the path",
    "unknown_value": "the vendor sends no such value, and one much like it",
    "unknown_object": "there is no description of the object",
    "unknown_field": "the object does not have the field",
    "not_createable": "the field cannot be given to a new record",
    "not_updateable": "the field of an existing record cannot be changed",
    "type": "the field cannot hold what the mapping gives it",
    "length": "the text may be longer than the field",
    "picklist": "the picklist does not have the value",
    "not_external_id": "the key is no unique external id",
    "fixed_key": "the key is the same for every call",
    "not_filterable": "records cannot be found by the field",
    "not_a_reference": "the link's field does not refer to the object",
    "required": "a new record would lack a field that it has to have",
    "sticky": "only a checkbox can be sticky",
    "append": "only a long text can be appended to",
    "field_twice": "two writes give the same field of the same record",
    "party": "the party can never be present",
    "right_party": "a person would be written to without a right-party gate",
}
KINDS = FILE_KINDS | SHAPE_KINDS | MEANING_KINDS


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault of a mapping file. `line` and `column` count from 1.

    `kind` is one of `KINDS`.
    """

    path: str
    line: int
    column: int
    message: str
    kind: str = field(default="shape", compare=False)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class BadMapping(MappingFault):
    """The mapping file cannot be used; `findings` holds every fault of it."""

    reason = "bad_mapping"

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        super().__init__(self.findings)

    def __str__(self) -> str:
        return "\n".join(str(finding) for finding in self.findings)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the nearest known word, else nothing."""
    options = list(known)
    near = get_close_matches(word, options, n=1)
    if not near:  # A wrong case is no less near for being short.
        near = [option for option in options if option.lower() == word.lower()]
    return f" (did you mean {near[0]!r}?)" if near else ""
