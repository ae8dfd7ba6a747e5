"""Each file of a package against the documented names, order and limits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.org_package.entries import TYPES, entry, values
from tests.org_package.metadata_api import (
    NEEDS,
    child,
    children,
    faults,
    parsed,
)
from worker.org_package.components import (
    FieldRights,
    ObjectRights,
    custom_field,
    custom_object,
    permission_set,
    project,
    relationship_name,
)
from worker.org_package.types import metadata_type, problem


def field_text(**attributes: Any) -> str:
    made = {"name": "Thing__c", "label": "Thing", **attributes}
    return custom_field(made, children="Things", child_name="Things", is_new=True)


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_is_written_as_documented(kind: str) -> None:
    text = field_text(**TYPES[kind])

    assert faults(text) == []
    assert child(parsed(text), "type") == kind
    assert problem("Debt_Account__c", entry("Thing__c") | TYPES[kind]) is None


def test_the_types_tried_are_all_that_can_be_made() -> None:
    assert {*TYPES} == {*NEEDS}


def test_a_text_that_identifies_is_unique_whatever_its_case() -> None:
    root = parsed(field_text(type="string", length=255, externalId=True, unique=True))

    assert child(root, "externalId") == child(root, "unique") == "true"
    assert child(root, "caseSensitive") == "false"


def test_a_picklist_has_its_values_in_order_with_their_labels() -> None:
    chosen = [*values("One"), {"value": "2", "label": "Two", "defaultValue": True}]
    gone = {"value": "Gone", "active": False}
    text = field_text(
        type="picklist", restrictedPicklist=True, picklistValues=[*chosen, gone]
    )

    root = parsed(text)

    assert [
        (child(v, "fullName"), child(v, "default"), child(v, "label"))
        for v in children(root, "valueSet/valueSetDefinition/value")
    ] == [("One", "false", "One"), ("2", "true", "Two")]
    assert root.findtext(".//{*}restricted") == "true"


def test_a_lookup_names_the_relationship_as_its_parent_sees_it() -> None:
    # A describe's relationshipName is the child's name for its parent: not this one.
    text = custom_field(
        entry(
            "Debt_Account__c",
            "reference",
            referenceTo=["Debt_Account__c"],
            relationshipName="Debt_Account__r",
        ),
        children="Promises to Pay",
        child_name="Promises to Pay",
        is_new=True,
    )

    root = parsed(text)

    assert faults(text) == []
    assert child(root, "relationshipName") == "Promises_to_Pay"
    assert child(root, "relationshipLabel") == "Promises to Pay"
    assert child(root, "deleteConstraint") == "SetNull"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Promises to Pay", "Promises_to_Pay"),
        ("Año & Deuda!", "A_o_Deuda"),
        ("2nd Calls", "R_2nd_Calls"),
        ("!", "R"),
        ("a" * 39 + " b", "a" * 39),
    ],
)
def test_a_relationship_name_is_an_api_name(text: str, name: str) -> None:
    assert relationship_name(text) == name


def test_markup_and_other_scripts_in_labels_are_kept_as_text() -> None:
    label = 'Éh <b>&amp; "日本" \' ]]>'

    text = field_text(type="date", label=label, inlineHelpText="a < b\x00\x0b & c")

    assert faults(text) == []
    assert child(parsed(text), "label") == label
    assert child(parsed(text), "inlineHelpText") == "a < b & c"


def test_a_label_is_cut_to_what_salesforce_takes() -> None:
    text = field_text(type="date", label="é" * 39 + "  and more")

    assert faults(text) == []
    assert child(parsed(text), "label") == "é" * 39


def test_a_field_of_the_org_keeps_its_help_and_whether_it_is_required() -> None:
    found = entry("A__c", nillable=False, length=80, inlineHelpText="How to")

    new = parsed(custom_field(found, is_new=True))
    changed = parsed(custom_field(found, is_new=False))

    assert (child(new, "required"), child(changed, "required")) == ("false", "true")
    assert child(changed, "inlineHelpText") == "How to"
    assert child(changed, "description") is None


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"name": "Subject"}, "standard"),
        ({"name": "fin__Score__c"}, "installed package"),
        ({"name": "A_b__c__c"}, "installed package"),
        ({"name": "_A__c"}, "no API name"),
        ({"name": f"{'A' * 41}__c"}, "longer than 40"),
        ({"type": "combobox"}, "no custom field can be of type combobox"),
        ({"type": "address"}, "no custom field can be of type address"),
        ({"type": "textarea", "length": 131_073}, "at most 131072"),
        ({"length": 256, "externalId": True}, "LongTextArea can be no unique"),
        ({"type": "phone", "unique": True}, "Phone can be no unique"),
        ({"type": "double", "precision": 19, "scale": 0}, "at most 18 digits"),
        ({"type": "double", "precision": 2, "scale": 3}, "at most 18 digits"),
        ({"type": "picklist"}, "needs its values"),
        ({"type": "picklist", "picklistValues": values("x" * 256)}, "255"),
        (
            {"type": "multipicklist", "picklistValues": values(*map(str, range(501)))},
            "at most 500 values",
        ),
        ({"type": "reference"}, "one object"),
        ({"type": "reference", "referenceTo": ["Account", "Case"]}, "one object"),
    ],
)
def test_what_cannot_be_made_is_said(wrong: dict[str, Any], why: str) -> None:
    found = problem("Debt_Account__c", entry("Thing__c") | wrong)

    assert found is not None
    assert why in found


@pytest.mark.parametrize("kind", ["LongTextArea", "Html"])
def test_activities_take_no_custom_long_text(kind: str) -> None:
    found = problem("Task", entry("Thing__c") | TYPES[kind])

    assert found is not None
    assert "activities take no custom long text" in found


def test_a_name_of_forty_characters_can_be_made() -> None:
    name = f"{'A' * 40}__c"

    assert problem("Task", entry(name)) is None
    assert faults(custom_field(entry(name), is_new=True)) == []


KINDS = st.sampled_from(
    sorted({entry["type"] for entry in TYPES.values()} | {"int", "combobox", "anyType"})
)


@given(
    kind=KINDS,
    label=st.from_regex(r"[A-Za-zñÉ日&<>\"' ]{1,60}", fullmatch=True),
    length=st.integers(0, 140_000),
    precision=st.integers(0, 20),
    scale=st.integers(0, 20),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    chosen=st.lists(st.from_regex(r"[A-Za-z<&]{1,20}", fullmatch=True), unique=True),
)
def test_whatever_has_no_problem_is_a_valid_file(
    kind: str,
    label: str,
    length: int,
    precision: int,
    scale: int,
    flags: tuple[bool, bool, bool, bool],
    chosen: list[str],
) -> None:
    external, unique, html, restricted = flags
    made = entry(
        "Thing__c",
        kind,
        length=length,
        precision=precision,
        scale=scale,
        externalId=external,
        unique=unique,
        htmlFormatted=html,
        restrictedPicklist=restricted,
        picklistValues=values(*chosen),
        referenceTo=["Account"] if kind == "reference" else [],
    )
    made["label"] = label if label[:40].strip() else "Label"

    if problem("Debt_Account__c", made) is None:
        text = custom_field(made, children="X", child_name="X", is_new=True)
        assert faults(text) == []
        assert child(parsed(text), "type") == metadata_type(made)


OBJECT = {
    "label": "Promise & Pay",
    "labelPlural": "Promises <Pay>",
    "fields": [{"name": "Name", "label": "Promise Number", "autoNumber": True}],
}


def test_an_object_is_written_as_documented() -> None:
    text = custom_object("Promise__c", OBJECT, takes_activities=True)

    root = parsed(text)
    assert faults(text) == []
    assert child(root, "label") == "Promise & Pay"
    assert child(root, "pluralLabel") == "Promises <Pay>"
    assert child(root, "enableActivities") == "true"
    (name,) = children(root, "nameField")
    assert child(name, "type") == "AutoNumber"
    assert child(name, "displayFormat") == "PP-{000000}"
    assert child(name, "label") == "Promise Number"


def test_an_object_whose_records_are_named_by_people_has_a_text_for_it() -> None:
    described = {"label": "Debt", "fields": [{"name": "Name", "label": "Debt Name"}]}

    text = custom_object("Debt__c", described, takes_activities=False)

    (name,) = children(parsed(text), "nameField")
    assert faults(text) == []
    assert child(name, "type") == "Text"
    assert child(name, "label") == "Debt Name"
    assert child(parsed(text), "enableActivities") == "false"


def test_an_object_of_which_nothing_is_known_has_a_label_of_its_name() -> None:
    text = custom_object("Call_Record__c", {}, takes_activities=False)

    assert faults(text) == []
    assert child(parsed(text), "label") == "Call Record"
    assert child(parsed(text), "pluralLabel") == "Call Records"


def test_a_permission_set_is_written_as_documented() -> None:
    text = permission_set(
        [ObjectRights("B__c", True, False), ObjectRights("A__c", False, True)],
        [FieldRights("Task.B__c", True), FieldRights("A__c.Z__c", False)],
        ["EditTask", "ActivitiesAccess"],
    )

    root = parsed(text)
    assert faults(text) == []
    assert [
        (child(e, "object"), child(e, "allowCreate"), child(e, "allowEdit"))
        for e in children(root, "objectPermissions")
    ] == [("A__c", "false", "true"), ("B__c", "true", "false")]
    assert {child(e, "allowDelete") for e in children(root, "objectPermissions")} == {
        "false"
    }
    assert [
        (child(e, "field"), child(e, "editable"))
        for e in children(root, "fieldPermissions")
    ] == [("A__c.Z__c", "false"), ("Task.B__c", "true")]
    assert [child(e, "name") for e in children(root, "userPermissions")] == [
        "ActivitiesAccess",
        "EditTask",
    ]


def test_the_project_names_its_folder_and_api_version() -> None:
    assert '"path": "force-app"' in project("67.0")
    assert '"sourceApiVersion": "67.0"' in project("67.0")


def test_the_tables_refuse_what_is_not_documented() -> None:
    good = field_text(type="string", length=80)

    assert faults(good.replace("metadata", "other")) != []
    assert faults(good.replace("<label>", "<lable>").replace("</label>", "</lable>"))
    assert faults(good.replace("<length>80", "<length>256")) == [
        "Text of another length"
    ]
    line = "    <length>80</length>\n"
    assert (
        "another order"
        in faults(
            good.replace(line, "").replace("    <unique>", line + "    <unique>")
        )[0]
    )
    assert faults(good.replace(line, "")) == [
        "Text needs length",
        "Text of another length",
    ]
