"""What the mappings need of an org."""

from __future__ import annotations

from typing import Any

import pytest

from tests.org_package.entries import values
from worker.mapping.mapping_set import MappingSet, compile_set
from worker.mapping.spec import FieldSpec
from worker.org_package.joining import joined
from worker.org_package.needed import needed_fields

HEAD = """
source: cora
event: call.completed
version: 1
writes:
"""


def mappings(*writes: str) -> MappingSet:
    return compile_set({"cora/call.completed.yaml": HEAD + "".join(writes)})


def needs(*writes: str, **snapshots: Any) -> dict[str, dict[str, dict[str, Any]]]:
    fields = {
        name: {field["name"]: field for field in described}
        for name, described in snapshots.items()
    }
    found = needed_fields(mappings(*writes), fields)
    return {
        name: {entry["name"]: entry for entry in entries}
        for name, entries in found.items()
    }


UPSERT = """
  - object: Task
    key: {Key__c: event.call_id}
    fields:
      Subject: {text: Call}
      TaskSubtype: {value: Call, write: insert_only}
      Notes__c: {from: payload.summary, write: if_empty}
    links:
      WhatId:
        object: Debt__c
        match: [{Number__c: event.file_number}, {Phone__c: event.phone}]
"""
UPDATE = """
  - object: Debt__c
    mode: update
    match: [{Number__c: event.file_number}]
    fields:
      Promise__c: {from: payload.promised, as: to_date}
"""
INSERT = """
  - object: Case
    mode: insert
    key: {Key__c: event.call_id}
    fields:
      Subject: {text: Call}
"""
CREATE = """
  - object: Task
    mode: update
    match: [{Key__c: event.call_id}]
    fields:
      Subject: {text: Call}
    links:
      WhatId:
        object: Debt__c
        match: [{Number__c: event.file_number}]
        missing: create
        create:
          Name: {from: event.file_number}
"""


def uses(entry: dict[str, Any]) -> list[str]:
    return sorted(entry["uses"])


def test_an_upsert_creates_and_updates_what_it_writes() -> None:
    task = needs(UPSERT)["Task"]

    assert uses(task["Subject"]) == ["create", "update"]
    assert uses(task["TaskSubtype"]) == ["create"]
    assert uses(task["Notes__c"]) == ["create", "read", "update"]
    assert uses(task["Key__c"]) == ["create", "match"]
    assert uses(task["WhatId"]) == ["create", "update"]


def test_an_update_creates_nothing_and_its_match_is_no_key() -> None:
    debt = needs(UPDATE)["Debt__c"]

    assert uses(debt["Promise__c"]) == ["update"]
    assert uses(debt["Number__c"]) == ["match"]
    assert "externalId" not in debt["Number__c"]


def test_an_insert_updates_nothing() -> None:
    case = needs(INSERT)["Case"]

    assert uses(case["Subject"]) == ["create"]
    assert uses(case["Key__c"]) == ["create", "match"]


def test_the_fields_that_a_link_finds_records_by_are_needed() -> None:
    found = needs(UPSERT)

    assert list(found) == ["Debt__c", "Task"]
    assert {name: uses(entry) for name, entry in found["Debt__c"].items()} == {
        "Number__c": ["match"],
        "Phone__c": ["match"],
    }


def test_a_record_that_a_link_makes_needs_a_key_and_its_fields() -> None:
    debt = needs(CREATE)["Debt__c"]

    assert uses(debt["Number__c"]) == ["create", "match"]
    assert debt["Number__c"]["externalId"] is debt["Number__c"]["unique"] is True
    assert uses(debt["Name"]) == ["create"]


def test_what_several_writes_need_of_a_field_is_one_need() -> None:
    found = needs(UPSERT, UPDATE, CREATE)

    assert uses(found["Debt__c"]["Number__c"]) == ["create", "match"]
    assert uses(found["Task"]["Key__c"]) == ["create", "match"]
    assert found["Task"]["Key__c"]["externalId"] is True


def test_a_definition_is_that_of_the_snapshot() -> None:
    notes = {"name": "Notes__c", "label": "Notes", "type": "textarea", "length": 4000}

    found = needs(UPSERT, Task=[notes])["Task"]["Notes__c"]

    assert found == {**notes, "uses": frozenset({"create", "update", "read"})}


def test_a_key_has_to_be_an_external_id_whatever_the_snapshot_says() -> None:
    key = {"name": "Key__c", "type": "string", "length": 40, "externalId": False}

    found = needs(UPSERT, Task=[key])["Task"]["Key__c"]

    assert (found["externalId"], found["unique"], found["length"]) == (True, True, 40)


def test_of_a_polymorphic_link_only_the_objects_that_are_linked_are_needed() -> None:
    what = {
        "name": "WhatId",
        "type": "reference",
        "referenceTo": ["Account", "Case", "Debt__c"],
        "polymorphicForeignKey": True,
    }

    found = needs(UPSERT, Task=[what])["Task"]["WhatId"]

    assert found["referenceTo"] == ["Debt__c"]
    assert found["polymorphicForeignKey"] is True


def test_a_link_without_a_snapshot_is_a_reference_to_its_object() -> None:
    found = needs(UPSERT)["Task"]["WhatId"]

    assert (found["type"], found["referenceTo"]) == ("reference", ["Debt__c"])


def test_what_is_in_no_snapshot_is_a_text_with_a_label_of_its_name() -> None:
    found = needs(UPSERT)["Task"]["Notes__c"]

    assert (found["type"], found["length"], found["label"]) == ("string", 255, "Notes")


def test_what_is_in_no_snapshot_is_inferred_where_it_can_be() -> None:
    asked: list[tuple[str, str, str]] = []

    def infer(object_name: str, field: FieldSpec) -> dict[str, Any]:
        asked.append((object_name, field.name, field.policy))
        return {"type": "date", "label": "The day"}

    found = needed_fields(mappings(UPDATE), {}, infer)["Debt__c"]

    assert asked == [("Debt__c", "Promise__c", "always")]
    by_name = {entry["name"]: entry for entry in found}
    assert by_name["Promise__c"]["type"] == "date"
    assert by_name["Promise__c"]["label"] == "The day"
    assert by_name["Number__c"]["type"] == "string"


def test_what_several_mappings_write_into_a_field_is_joined() -> None:
    sizes = iter([80, 120])

    def infer(_object_name: str, _field: FieldSpec) -> dict[str, Any]:
        return {"type": "string", "length": next(sizes)}

    found = needed_fields(
        mappings(UPDATE, UPDATE.replace("to_date", "title")), {}, infer
    )

    (promise,) = (e for e in found["Debt__c"] if e["name"] == "Promise__c")
    assert promise["length"] == 120


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ({"type": "date"}, {"type": "date"}, {"type": "date"}),
        (
            {"type": "string", "length": 10},
            {"type": "textarea", "length": 4000},
            {"type": "textarea", "length": 4000},
        ),
        (
            {"type": "phone", "length": 40},
            {"type": "string", "length": 20},
            {"type": "string", "length": 255},
        ),
        (
            {"type": "double", "precision": 18, "scale": 0},
            {"type": "double", "precision": 18, "scale": 2},
            {"type": "double", "precision": 18, "scale": 2},
        ),
        (
            {"type": "double", "precision": 18, "scale": 0},
            {"type": "currency", "precision": 18, "scale": 2},
            {"type": "currency", "precision": 18, "scale": 2},
        ),
        ({"type": "date"}, {"type": "boolean"}, {"type": "string", "length": 255}),
    ],
)
def test_two_needs_make_one_field_that_takes_both(
    one: dict[str, Any], other: dict[str, Any], both: dict[str, Any]
) -> None:
    assert {**joined([one, other]), **both} == joined([one, other])
    assert joined([one, other])["type"] == joined([other, one])["type"]


def test_two_picklists_make_one_with_the_values_of_both() -> None:
    one = {"type": "picklist", "picklistValues": values("Red", "Blue")}
    other = {"type": "multipicklist", "picklistValues": values("Blue", "Green")}

    both = joined([one, other])

    assert both["type"] == "multipicklist"
    assert [v["value"] for v in both["picklistValues"]] == ["Red", "Blue", "Green"]


def test_a_picklist_and_a_text_make_a_text() -> None:
    one = {
        "type": "picklist",
        "restrictedPicklist": True,
        "picklistValues": values("A"),
    }

    both = joined([one, {"type": "string", "length": 20}])

    assert both == {"type": "string", "length": 255}
