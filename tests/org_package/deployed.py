"""What an org would describe after a package was deployed to it.

A reader of the XML that knows nothing of the writer: only the Metadata API's names and
what a describe calls the same things.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from tests.org_package.metadata_api import child, children, faults, parsed

DESCRIBED_AS = {
    "Checkbox": "boolean",
    "Currency": "currency",
    "Date": "date",
    "DateTime": "datetime",
    "Email": "email",
    "LongTextArea": "textarea",
    "Lookup": "reference",
    "MultiselectPicklist": "multipicklist",
    "Number": "double",
    "Percent": "percent",
    "Phone": "phone",
    "Picklist": "picklist",
    "Text": "string",
    "TextArea": "textarea",
    "Url": "url",
}
LENGTHS = {
    "Email": 80,
    "Lookup": 18,
    "MultiselectPicklist": 4099,
    "Phone": 40,
    "Picklist": 255,
    "TextArea": 255,
    "Url": 255,
}


def deploy(package: Path, schema_dir: Path) -> None:
    """Do to a folder of snapshots what deploying does to an org; valid files only."""
    objects = package / "force-app" / "main" / "default" / "objects"
    for path in sorted(objects.glob("*/*.object-meta.xml")):
        _new_object(path, schema_dir)
    for path in sorted(objects.glob("*/fields/*.field-meta.xml")):
        name = path.parts[-3].replace("Activity", "Task")
        _put_field(schema_dir / f"{name}.json", _field(_root(path)))


def _root(path: Path) -> Element:
    text = path.read_text(encoding="utf-8")
    assert faults(text) == [], path
    return parsed(text)


def _new_object(path: Path, schema_dir: Path) -> None:
    root = _root(path)
    name = path.name.removesuffix(".object-meta.xml")
    (name_field,) = children(root, "nameField")
    is_numbered = child(name_field, "type") == "AutoNumber"
    described = {
        "name": name,
        "label": child(root, "label"),
        "labelPlural": child(root, "pluralLabel"),
        "custom": True,
        "fields": [
            {
                "name": "Name",
                "label": child(name_field, "label"),
                "type": "string",
                "length": 80,
                "autoNumber": is_numbered,
                "createable": not is_numbered,
                "updateable": not is_numbered,
                "nillable": False,
                "defaultedOnCreate": True,
            }
        ],
    }
    (schema_dir / f"{name}.json").write_text(json.dumps(described))
    if child(root, "enableActivities") == "true":
        task = json.loads((schema_dir / "Task.json").read_bytes())
        (what,) = (field for field in task["fields"] if field["name"] == "WhatId")
        what["referenceTo"].append(name)
        _put_field(schema_dir / "Task.json", what)


def _put_field(path: Path, field: dict[str, Any]) -> None:
    described = json.loads(path.read_bytes())
    others = [f for f in described["fields"] if f["name"] != field["name"]]
    described["fields"] = [*others, field]
    path.write_text(json.dumps(described))


def _field(root: Element) -> dict[str, Any]:
    kind = child(root, "type") or ""
    field: dict[str, Any] = {
        "name": child(root, "fullName"),
        "label": child(root, "label"),
        "type": DESCRIBED_AS[kind],
        "length": int(child(root, "length") or LENGTHS.get(kind, 0)),
        "precision": int(child(root, "precision") or 0),
        "scale": int(child(root, "scale") or 0),
        "nillable": kind != "Checkbox" and child(root, "required") != "true",
        "defaultedOnCreate": kind == "Checkbox",
        "externalId": child(root, "externalId") == "true",
        "unique": child(root, "unique") == "true",
        "caseSensitive": child(root, "caseSensitive") == "true",
    }
    if kind == "Lookup":
        field["referenceTo"] = [child(root, "referenceTo")]
    restricted = [e.text for e in children(root, "valueSet/restricted")]
    field["restrictedPicklist"] = restricted == ["true"]
    field["picklistValues"] = [
        {
            "value": child(value, "fullName"),
            "label": child(value, "label"),
            "defaultValue": child(value, "default") == "true",
            "active": True,
        }
        for value in children(root, "valueSet/valueSetDefinition/value")
    ]
    return field
