"""Describe entries, as a mapping may need them and as an org may have them."""

from __future__ import annotations

from typing import Any

UPSERT = frozenset({"create", "update"})


def entry(
    name: str, kind: str = "string", uses: frozenset[str] = UPSERT, **attributes: Any
) -> dict[str, Any]:
    """A needed field."""
    return {"name": name, "label": name, "type": kind, "uses": uses, **attributes}


def values(*texts: str) -> list[dict[str, Any]]:
    """Picklist values as an org describes them."""
    return [
        {"active": True, "defaultValue": False, "label": text, "value": text}
        for text in texts
    ]


def described(*fields: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """What an org says of an object."""
    return {"createable": True, "updateable": True, **attributes, "fields": [*fields]}


TYPES: dict[str, dict[str, Any]] = {
    "Text": {"type": "string", "length": 80},
    "TextArea": {"type": "textarea", "length": 255},
    "LongTextArea": {"type": "textarea", "length": 32768},
    "Html": {"type": "textarea", "length": 1000, "htmlFormatted": True},
    "Checkbox": {"type": "boolean"},
    "Picklist": {"type": "picklist", "picklistValues": values("A", "B")},
    "MultiselectPicklist": {
        "type": "multipicklist",
        "length": 4099,
        "restrictedPicklist": True,
        "picklistValues": values("A", "B"),
    },
    "Number": {"type": "double", "precision": 6, "scale": 0},
    "Currency": {"type": "currency", "precision": 18, "scale": 2},
    "Percent": {"type": "percent", "precision": 5, "scale": 2},
    "Date": {"type": "date"},
    "DateTime": {"type": "datetime"},
    "Time": {"type": "time"},
    "Phone": {"type": "phone", "length": 40},
    "Email": {"type": "email", "length": 80},
    "Url": {"type": "url", "length": 255},
    "Lookup": {"type": "reference", "length": 18, "referenceTo": ["Account"]},
}
