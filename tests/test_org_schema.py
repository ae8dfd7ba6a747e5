"""Describe snapshots: what they say, and how they are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.orgs import SCHEMA
from worker.errors import MappingFault
from worker.org_schema import (
    OrgSchema,
    changes,
    load_schema,
    snapshot_text,
    write_snapshot,
)

DESCRIBED: dict[str, Any] = {
    "name": "Thing__c",
    "label": "Thing",
    "labelPlural": "Things",
    "keyPrefix": "a09",
    "custom": True,
    "createable": True,
    "updateable": False,
    "queryable": True,
    "urls": {"sobject": "/x"},
    "childRelationships": [],
    "fields": [
        {
            "name": "Id",
            "label": "Record ID",
            "type": "id",
            "length": 18,
            "createable": False,
            "updateable": False,
            "nillable": False,
            "defaultedOnCreate": True,
            "idLookup": True,
            "aggregatable": True,
        },
        {
            "name": "Key__c",
            "label": "Clé & co",
            "type": "string",
            "length": 80,
            "externalId": True,
            "idLookup": True,
            "unique": True,
            "caseSensitive": False,
            "nillable": False,
        },
        {
            "name": "Colour__c",
            "label": "Colour",
            "type": "picklist",
            "length": 255,
            "restrictedPicklist": False,
            "picklistValues": [
                {
                    "active": True,
                    "defaultValue": False,
                    "label": "Red",
                    "validFor": None,
                    "value": "Red",
                }
            ],
        },
    ],
}
TEXT = """\
{
  "name": "Thing__c",
  "label": "Thing",
  "labelPlural": "Things",
  "keyPrefix": "a09",
  "custom": true,
  "createable": true,
  "updateable": false,
  "queryable": true,
  "fields": [
    {"name": "Id", "label": "Record ID", "type": "id", "length": 18, "idLookup": true,\
 "createable": false, "updateable": false, "nillable": false,\
 "defaultedOnCreate": true},
    {"name": "Key__c", "label": "Clé & co", "type": "string", "length": 80,\
 "externalId": true, "idLookup": true, "unique": true, "caseSensitive": false,\
 "nillable": false},
    {"name": "Colour__c", "label": "Colour", "type": "picklist", "length": 255,\
 "restrictedPicklist": false, "picklistValues": [{"active": true,\
 "defaultValue": false, "label": "Red", "value": "Red"}]}
  ]
}
"""


def test_a_snapshot_has_a_field_a_line_and_only_what_matters() -> None:
    assert snapshot_text(DESCRIBED) == TEXT


def test_what_a_snapshot_leaves_out_is_filled_in(tmp_path: Path) -> None:
    (tmp_path / "Thing__c.json").write_text(
        '{"name": "Thing__c", "fields": [{"name": "A__c", "type": "picklist",'
        ' "picklistValues": [{"value": "x"}]}]}'
    )

    schema = load_schema(tmp_path)

    field = schema.fields["Thing__c"]["A__c"]
    assert field["createable"] is field["updateable"] is field["nillable"] is True
    assert field["defaultedOnCreate"] is field["externalId"] is False
    assert field["label"] == "A__c"
    assert field["length"] == field["precision"] == 0
    assert field["referenceTo"] == []
    assert field["picklistValues"] == [
        {"active": True, "defaultValue": False, "label": "x", "value": "x"}
    ]


def test_the_objects_themselves_are_described_too(tmp_path: Path) -> None:
    write_snapshot(tmp_path, DESCRIBED)

    schema = load_schema(tmp_path)

    assert schema.has("Thing__c")
    assert not schema.has("Other__c")
    assert schema.objects["Thing__c"]["updateable"] is False
    assert "fields" not in schema.objects["Thing__c"]
    described = schema.describe("Thing__c")
    assert described["labelPlural"] == "Things"
    assert [f["name"] for f in described["fields"]] == ["Id", "Key__c", "Colour__c"]


def test_a_field_is_found_with_defaults_or_is_none() -> None:
    schema = OrgSchema({"Task": {"A__c": {"name": "A__c", "length": 5}}})

    found = schema.field("Task", "A__c")

    assert found is not None
    assert (found["length"], found["nillable"], found["createable"]) == (5, True, True)
    assert schema.field("Task", "B__c") is None
    assert schema.field("Case", "A__c") is None


def test_what_must_be_given_on_create_is_known() -> None:
    def entry(name: str, **attributes: Any) -> dict[str, Any]:
        return {"name": name, "nillable": False, **attributes}

    entries = [
        entry("Needed__c"),
        entry("Defaulted__c", defaultedOnCreate=True),
        entry("ReadOnly__c", createable=False),
        entry("Checkbox__c", type="boolean"),
        {"name": "Optional__c"},
    ]
    schema = OrgSchema({"Thing__c": {e["name"]: e for e in entries}})

    assert schema.required_on_create("Thing__c") == ["Needed__c"]
    assert schema.required_on_create("Other__c") == []


def test_a_field_of_an_unknown_object_counts_as_updateable() -> None:
    schema = load_schema(SCHEMA)

    assert schema.is_updateable("Task", "TaskSubtype") is False
    assert schema.is_updateable("Task", "Subject") is True
    assert schema.is_updateable("Nothing__c", "X__c") is True


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"fields": [1]}', '{"fields": [{}]}', "\xff"]
)
def test_a_broken_snapshot_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "Thing__c.json").write_text(text, encoding="latin-1")

    with pytest.raises(MappingFault, match=r"Thing__c\.json .*pull it again"):
        load_schema(tmp_path)


@pytest.mark.parametrize("name", ["Task", "Debt_Account__c", "Promise_To_Pay__c"])
def test_writing_a_shipped_snapshot_again_changes_no_meaning(
    tmp_path: Path, name: str
) -> None:
    shipped = load_schema(SCHEMA)

    write_snapshot(tmp_path, shipped.describe(name))

    written = load_schema(tmp_path)
    assert written.fields[name] == shipped.fields[name]
    assert list(written.fields[name]) == list(shipped.fields[name])
    assert written.objects[name] == shipped.objects[name]


def test_a_snapshot_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_snapshot(tmp_path, DESCRIBED)
    broken = {**DESCRIBED, "fields": [{"name": "A__c", "label": object()}]}

    with pytest.raises(TypeError, match="not JSON serializable"):
        write_snapshot(tmp_path, broken)

    assert [path.name for path in tmp_path.iterdir()] == ["Thing__c.json"]
    assert (tmp_path / "Thing__c.json").read_text("utf-8") == TEXT


def test_the_changes_between_two_snapshots_are_said() -> None:
    after = json.loads(json.dumps(DESCRIBED))
    after["fields"][1]["length"] = 255
    after["fields"][2]["picklistValues"] = [{"value": "Blue"}]
    after["fields"].append({"name": "New__c", "type": "date"})
    del after["fields"][0]

    assert list(changes(DESCRIBED, after)) == [
        "new: New__c (date)",
        "gone, or hidden from the integration user: Id",
        "changed: Key__c: length 80 -> 255",
        "changed: Colour__c: picklistValues +Blue, -Red",
    ]
    assert list(changes(DESCRIBED, DESCRIBED)) == []
