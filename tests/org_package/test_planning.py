"""Which files a package has."""

from __future__ import annotations

from typing import Any

from tests.org_package.entries import described, entry, values
from tests.org_package.metadata_api import child, children, faults, parsed
from worker.org_package.components import (
    field_path,
    object_path,
    permission_set_path,
)
from worker.org_package.planning import Package, plan_package

CREATE = frozenset({"create"})
UPDATE = frozenset({"update"})
MATCH = frozenset({"match"})
DEBT = "Debt__c"


def plan(
    needed: dict[str, list[dict[str, Any]]],
    live: dict[str, Any] | None,
    definitions: dict[str, Any] | None = None,
) -> Package:
    package = plan_package(needed, definitions or {}, live, "67.0")
    for path, text in package.files.items():
        if path.endswith(".xml"):
            assert faults(text) == [], path
    return package


def field_rights(package: Package) -> dict[str | None, str | None]:
    root = parsed(package.files[permission_set_path()])
    return {
        child(right, "field"): child(right, "editable")
        for right in children(root, "fieldPermissions")
    }


def objects(package: Package) -> list[str | None]:
    root = parsed(package.files[permission_set_path()])
    return [child(right, "object") for right in children(root, "objectPermissions")]


def test_the_files_stand_where_the_cli_expects_them() -> None:
    assert object_path(DEBT) == (
        "force-app/main/default/objects/Debt__c/Debt__c.object-meta.xml"
    )
    assert field_path(DEBT, "A__c") == (
        "force-app/main/default/objects/Debt__c/fields/A__c.field-meta.xml"
    )
    assert permission_set_path() == (
        "force-app/main/default/permissionsets/Crm_Sync.permissionset-meta.xml"
    )


def test_a_field_of_a_task_is_made_on_activity_and_granted_on_task() -> None:
    needed = {"Task": [entry("Key__c", length=80, externalId=True, unique=True)]}

    package = plan(needed, {"Task": described()})

    assert (
        "force-app/main/default/objects/Activity/fields/Key__c.field-meta.xml"
        in package.files
    )
    assert field_rights(package) == {"Task.Key__c": "true"}
    assert objects(package) == []


def test_an_org_that_lacks_nothing_gets_the_permission_set_alone() -> None:
    needed = {DEBT: [entry("A__c"), entry("B__c", uses=MATCH), entry("Name")]}

    package = plan(needed, {DEBT: described(*needed[DEBT])})

    assert {*package.files} == {"sfdx-project.json", permission_set_path()}
    assert field_rights(package) == {"Debt__c.A__c": "true", "Debt__c.B__c": "false"}
    assert objects(package) == [DEBT]
    assert package.contents == []


def test_a_missing_object_comes_with_all_its_custom_fields() -> None:
    needed = {DEBT: [entry("A__c"), entry("B__c"), entry("Name")]}

    package = plan(needed, {DEBT: None})

    assert {*package.files} == {
        "sfdx-project.json",
        object_path(DEBT),
        field_path(DEBT, "A__c"),
        field_path(DEBT, "B__c"),
        permission_set_path(),
    }
    assert package.by_hand == []


def test_activities_are_allowed_where_a_task_refers_to_the_object() -> None:
    what = entry("WhatId", "reference", referenceTo=[DEBT], polymorphicForeignKey=True)
    live_what = {**what, "referenceTo": ["Account"]}
    needed = {"Task": [what], DEBT: [entry("A__c")], "Other__c": [entry("A__c")]}

    package = plan(needed, {"Task": described(live_what), DEBT: None, "Other__c": None})

    debt, other = (parsed(package.files[object_path(n)]) for n in (DEBT, "Other__c"))
    assert child(debt, "enableActivities") == "true"
    assert child(other, "enableActivities") == "false"


def test_labels_come_from_the_definitions() -> None:
    definition = {"label": "Debt Account", "labelPlural": "Debt Accounts", "fields": []}
    needed = {
        DEBT: [entry("Parent__c", "reference", referenceTo=["Account"])],
    }

    package = plan(needed, {DEBT: None}, {DEBT: definition})

    root = parsed(package.files[object_path(DEBT)])
    assert child(root, "label") == "Debt Account"
    lookup = parsed(package.files[field_path(DEBT, "Parent__c")])
    assert child(lookup, "relationshipName") == "Debt_Accounts"


def test_two_lookups_to_one_object_have_two_relationship_names() -> None:
    needed = {
        DEBT: [
            entry("First__c", "reference", referenceTo=["Account"]),
            entry("Second__c", "reference", referenceTo=["Account"]),
            entry("Third__c", "reference", referenceTo=["Case"]),
        ]
    }

    package = plan(needed, {DEBT: None})

    names = [
        child(parsed(package.files[field_path(DEBT, name)]), "relationshipName")
        for name in ("First__c", "Second__c", "Third__c")
    ]
    assert names == ["First_Debts", "Second_Debts", "Debts"]


def test_a_picklist_that_lacks_values_is_written_with_all_of_them() -> None:
    needed = {
        DEBT: [
            entry(
                "A__c",
                "picklist",
                restrictedPicklist=True,
                picklistValues=values("Red", "Blue"),
            )
        ]
    }
    live = entry(
        "A__c",
        "picklist",
        restrictedPicklist=True,
        picklistValues=values("Green", "Red"),
        inlineHelpText="Pick",
    )
    live["label"] = "The org's own"

    package = plan(needed, {DEBT: described(live)})

    root = parsed(package.files[field_path(DEBT, "A__c")])
    chosen = children(root, "valueSet/valueSetDefinition/value")
    assert [child(v, "fullName") for v in chosen] == ["Green", "Red", "Blue"]
    assert child(root, "label") == "The org's own"
    assert child(root, "inlineHelpText") == "Pick"
    assert package.contents == [
        "changed field Debt__c.A__c, which lacks the values 'Blue'"
    ]


def test_a_field_that_is_too_short_is_written_with_the_greater_length() -> None:
    needed = {
        DEBT: [
            entry("A__c", length=255, externalId=True, unique=True),
            entry("B__c", "textarea", length=4096),
            entry("C__c", "currency", precision=12, scale=4),
        ]
    }
    live = [
        entry("A__c", length=80),
        entry("B__c", "textarea", length=1000),
        entry("C__c", "currency", precision=16, scale=2),
    ]

    package = plan(needed, {DEBT: described(*live)})

    a, b, c = (
        parsed(package.files[field_path(DEBT, n)]) for n in ("A__c", "B__c", "C__c")
    )
    assert child(a, "length") == "255"
    assert child(a, "externalId") == child(a, "unique") == "true"
    assert (child(b, "type"), child(b, "length")) == ("LongTextArea", "4096")
    # 14 digits before the point as the org has, and 4 behind it as is needed.
    assert (child(c, "precision"), child(c, "scale")) == ("18", "4")


def test_a_required_field_is_in_no_permission_set() -> None:
    needed = {DEBT: [entry("A__c"), entry("B__c"), entry("Flag__c", "boolean")]}
    live = [
        entry("A__c", nillable=False),
        entry("B__c"),
        entry("Flag__c", "boolean", nillable=False),
    ]

    package = plan(needed, {DEBT: described(*live)})

    assert {*field_rights(package)} == {"Debt__c.B__c", "Debt__c.Flag__c"}


def test_what_neither_the_org_nor_the_package_has_is_in_no_permission_set() -> None:
    needed = {
        "Task": [entry("Long__c", "textarea", length=4096), entry("A__c")],
        "fin__Plan__c": [entry("B__c")],
        DEBT: [entry("Empty__c", "picklist")],
    }

    package = plan(
        needed, {"Task": described(), "fin__Plan__c": None, DEBT: described()}
    )

    assert field_rights(package) == {"Task.A__c": "true"}
    assert objects(package) == [DEBT]
    assert [(gap.object, gap.field) for gap in package.by_hand] == [
        ("Task", "Long__c"),
        ("fin__Plan__c", ""),
        ("Debt__c", "Empty__c"),
    ]


def test_a_formula_may_be_read_and_not_written() -> None:
    needed = {DEBT: [entry("A__c")]}
    live = entry("A__c", calculated=True, createable=False, updateable=False)

    package = plan(needed, {DEBT: described(live)})

    assert field_rights(package) == {"Debt__c.A__c": "false"}


def test_the_user_gets_no_more_rights_than_the_mappings_use() -> None:
    needed = {
        "A__c": [entry("X__c", uses=CREATE)],
        "B__c": [entry("X__c", uses=UPDATE)],
        "C__c": [entry("X__c", uses=MATCH)],
    }

    package = plan(needed, dict.fromkeys(needed))

    root = parsed(package.files[permission_set_path()])
    assert [
        [child(right, f"allow{what}") for what in ("Create", "Edit", "Read", "Delete")]
        for right in children(root, "objectPermissions")
    ] == [
        ["true", "false", "true", "false"],
        ["false", "true", "true", "false"],
        ["false", "false", "true", "false"],
    ]
    assert children(root, "userPermissions") == []


def test_who_writes_tasks_gets_the_user_permissions_for_it() -> None:
    package = plan({"Task": [entry("Subject")]}, {"Task": described(entry("Subject"))})

    root = parsed(package.files[permission_set_path()])
    assert [child(right, "name") for right in children(root, "userPermissions")] == [
        "ActivitiesAccess",
        "EditTask",
    ]


def test_without_asking_the_org_everything_custom_is_in_the_package() -> None:
    needed = {
        DEBT: [entry("A__c")],
        "Task": [
            entry("Subject"),
            entry("B__c"),
            entry("Long__c", "textarea", length=999),
        ],
        "Contact": [entry("LastName", nillable=False), entry("C__c")],
    }

    package = plan(needed, None)

    assert {
        object_path(DEBT),
        field_path(DEBT, "A__c"),
        field_path("Task", "B__c"),
        field_path("Contact", "C__c"),
    } < {*package.files}
    assert [str(gap) for gap in package.by_hand if "Task.Long__c" not in str(gap)] == []


def test_the_same_org_gives_the_same_bytes() -> None:
    needed = {DEBT: [entry("A__c")], "Task": [entry("B__c")]}

    assert plan(needed, None).files == plan(needed, None).files
