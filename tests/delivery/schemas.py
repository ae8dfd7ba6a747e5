"""The project's objects with what only tests need: contacts, and a short long text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.orgs import SCHEMA

NOTES_LENGTH = 400
CONTACT: dict[str, Any] = {
    "name": "Contact",
    "label": "Contact",
    "keyPrefix": "003",
    "fields": [
        {"name": "LastName", "label": "Last Name", "length": 80, "nillable": False},
        {"name": "Phone", "label": "Phone", "type": "phone", "length": 40},
        {
            "name": "Debtor_Id__c",
            "label": "Debtor Id",
            "length": 80,
            "externalId": True,
            "unique": True,
        },
        {
            "name": "Exact_Id__c",
            "label": "Exact Id",
            "length": 80,
            "externalId": True,
            "unique": True,
            "caseSensitive": True,
        },
        {
            "name": "Guarantor__c",
            "label": "Guarantor",
            "type": "reference",
            "referenceTo": ["Contact"],
        },
    ],
}
NOTES = {
    "name": "Call_Notes__c",
    "label": "Call Notes",
    "type": "textarea",
    "length": NOTES_LENGTH,
}


def write_schema(folder: Path) -> Path:
    """Write the objects to a folder, and return it."""
    folder.mkdir()
    for path in SCHEMA.glob("*.json"):
        described = json.loads(path.read_bytes())
        if path.stem == "Debt_Account__c":
            described["fields"].append(NOTES)
        (folder / path.name).write_text(json.dumps(described), encoding="utf-8")
    (folder / "Contact.json").write_text(json.dumps(CONTACT), encoding="utf-8")
    return folder
