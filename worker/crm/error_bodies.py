"""The bodies of Salesforce's errors, in every shape that they come in. Floor 2."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

MOST_MATCHES = 10
_ID = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?")
# Salesforce spells the member the first way.
_DUPLICATES = ("duplicateResut", "duplicateResult")
# What stands there is a name of the mapping's own, or of the org's: no payload.
_NAMES = re.compile(r"[a-zA-Z]\w*(?:, [a-zA-Z]\w*)*")
_FIELDS_IN = (
    re.compile(r"No such column '(?P<names>[^']+)'"),
    re.compile(r"^Required fields are missing: \[(?P<names>[^\]]+)\]"),
    re.compile(r"^Unable to create/update fields: (?P<names>[^.]+)\."),
)
_OTHER_RECORD = re.compile(r"duplicates value on record with id: (\w+)")


class Said(NamedTuple):
    """What an error says. `message` may hold a payload's value.

    `matches` are the ids of the records that stand in the way.
    """

    code: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()


def request_error(status: int | None, content: Any) -> Said:
    """Return what the answer of a failed request says: a list, a dict, or a page."""
    if status == 300:
        return Said("MORE_THAN_ONE_RECORD", matches=_ids(_ends_of_urls(content)))
    if status == 413:
        # However a proxy words it, fewer records may pass.
        return Said("HTTP 413")
    if isinstance(content, list) and content:
        content = content[0]
    if not isinstance(content, dict):
        return Said()
    code = content.get("errorCode") or content.get("error")
    message = content.get("message") or content.get("error_description")
    return _said(content, code, message)


def row_error(result: dict[str, Any]) -> Said:
    """Return what a failed row of a collection says."""
    errors = result.get("errors")
    error = errors[0] if isinstance(errors, list) and errors else {}
    if not isinstance(error, dict):
        error = {}
    code = error.get("statusCode") or "UNKNOWN_EXCEPTION"
    return _said(error, code, error.get("message"))


def _said(error: dict[str, Any], code: Any, message: Any) -> Said:
    text = str(message or "")
    fields = error.get("fields")
    named = tuple(map(str, fields)) if isinstance(fields, list) else ()
    matches = _ids(_duplicates(error)) or _ids(_OTHER_RECORD.findall(text))
    return Said(str(code or ""), text, named or _fields_in(text), matches)


def _fields_in(message: str) -> tuple[str, ...]:
    """Return the fields that only the message names."""
    for pattern in _FIELDS_IN:
        found = pattern.search(message)
        if found and _NAMES.fullmatch(found["names"]):
            return tuple(found["names"].split(", "))
    return ()


def _ends_of_urls(content: Any) -> Iterator[str]:
    for url in content if isinstance(content, list) else ():
        if isinstance(url, str):
            yield url.rpartition("/")[2]


def _duplicates(error: dict[str, Any]) -> Iterator[Any]:
    """Yield the ids of the records that a duplicate rule has found."""
    for name in _DUPLICATES:
        for result in _tables(error.get(name), "matchResults"):
            for match in _tables(result, "matchRecords"):
                record = match.get("record")
                if isinstance(record, dict):
                    yield record.get("Id")


def _tables(owner: Any, name: str) -> Iterator[dict[str, Any]]:
    items = owner.get(name) if isinstance(owner, dict) else None
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            yield item


def _ids(found: Iterable[Any]) -> tuple[str, ...]:
    """Return what has the form of a Salesforce id, each once."""
    ids = (i for i in found if isinstance(i, str) and _ID.fullmatch(i))
    return tuple(dict.fromkeys(ids))[:MOST_MATCHES]
