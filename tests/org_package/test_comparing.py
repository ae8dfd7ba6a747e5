"""What a live org lacks, named with its fix."""

from __future__ import annotations

from typing import Any

import pytest

from tests.org_package.entries import TYPES, described, entry, values
from worker.org_package.comparing import Gap, compare

CREATE = frozenset({"create"})
UPDATE = frozenset({"update"})
MATCH = frozenset({"match"})
DEBT = "Debt__c"


def gaps(
    needed: dict[str, Any] | list[dict[str, Any]],
    *found: dict[str, Any],
    name: str = DEBT,
    **attributes: Any,
) -> list[Gap]:
    """The gaps of one object."""
    entries = needed if isinstance(needed, list) else [needed]
    return compare({name: entries}, {name: described(*found, **attributes)})


def kinds(found: list[Gap]) -> list[tuple[str, str, bool]]:
    return [(gap.field, gap.kind, gap.is_packaged) for gap in found]


@pytest.mark.parametrize("kind", TYPES)
def test_an_org_that_has_all_lacks_nothing(kind: str) -> None:
    needed = entry("A__c") | TYPES[kind]

    assert gaps(needed, needed) == []


def test_a_missing_custom_object_is_made_by_the_package() -> None:
    found = compare({DEBT: [entry("A__c"), entry("Name")]}, {DEBT: None})

    assert kinds(found) == [("", "object", True)]
    assert str(found[0]) == (
        "Debt__c: missing, or hidden from the integration user:"
        " `crm-sync org package` makes it, its fields and the access to them"
    )


def test_a_field_of_a_missing_object_that_cannot_be_made_is_named() -> None:
    needed = entry("A__c", "picklist")

    found = compare({DEBT: [needed]}, {DEBT: None})

    assert kinds(found) == [("", "object", True), ("A__c", "field", False)]
    assert "a picklist needs its values" in found[1].fix


@pytest.mark.parametrize(
    ("name", "why"), [("Contact", "standard"), ("fin__Plan__c", "installed package")]
)
def test_a_missing_object_that_nobody_can_make_is_a_matter_of_access(
    name: str, why: str
) -> None:
    found = compare({name: [entry("A__c")]}, {name: None})

    assert kinds(found) == [("", "object", False)]
    assert "access" in found[0].fix
    assert why in found[0].fix


def test_a_missing_custom_field_is_made_by_the_package() -> None:
    found = gaps(entry("A__c"))

    assert kinds(found) == [("A__c", "field", True)]
    assert "missing, or hidden" in found[0].message


def test_a_missing_standard_field_is_a_matter_of_access() -> None:
    found = gaps(entry("CallType", "picklist"), name="Task")

    assert kinds(found) == [("CallType", "field", False)]
    assert "give read and edit access to the standard field" in found[0].fix


def test_a_long_text_on_a_task_is_never_promised() -> None:
    found = gaps(entry("T__c", "textarea", length=4096), name="Task")

    assert kinds(found) == [("T__c", "field", False)]
    assert "activities take no custom long text" in found[0].fix


def test_a_lookup_to_an_object_that_nobody_can_make_is_not_promised() -> None:
    needed = entry("Plan__c", "reference", referenceTo=["fin__Plan__c"])
    live = {DEBT: described(), "fin__Plan__c": None}

    found = compare({DEBT: [needed]}, live)

    assert kinds(found) == [("Plan__c", "field", False)]
    assert "it refers to fin__Plan__c, which is missing" in found[0].fix


@pytest.mark.parametrize(
    ("needed", "live"),
    [
        ("string", "boolean"),
        ("string", "picklist"),
        ("date", "datetime"),
        ("datetime", "date"),
        ("boolean", "string"),
        ("double", "string"),
        ("multipicklist", "picklist"),
        ("reference", "string"),
        ("string", "reference"),
        ("date", "string"),
    ],
)
def test_a_field_of_another_type_is_named_for_a_person(needed: str, live: str) -> None:
    found = gaps(entry("A__c", needed), entry("A__c", live))

    assert kinds(found) == [("A__c", "type", False)]
    assert found[0].message == f"is {live}, and {needed} is needed"


@pytest.mark.parametrize(
    ("needed", "live"),
    [
        ("phone", "string"),
        ("url", "textarea"),
        ("picklist", "string"),
        ("string", "textarea"),
        ("int", "double"),
        ("currency", "double"),
        ("combobox", "picklist"),
    ],
)
def test_a_type_that_takes_the_values_will_do(needed: str, live: str) -> None:
    found = entry("A__c", live, precision=18, scale=2)

    assert gaps(entry("A__c", needed), found) == []


def test_a_shorter_text_is_lengthened_by_the_package() -> None:
    found = gaps(entry("A__c", length=255), entry("A__c", length=80))

    assert kinds(found) == [("A__c", "length", True)]
    assert found[0].message == "takes 80 characters, and 255 are needed"


@pytest.mark.parametrize(
    ("kind", "has", "wanted"),
    [("textarea", 255, 4096), ("phone", 20, 40), ("string", 255, 300)],
)
def test_what_no_length_mends_is_for_a_person(kind: str, has: int, wanted: int) -> None:
    needed = entry("A__c", kind, length=wanted)

    found = gaps(needed, entry("A__c", kind, length=has))

    assert kinds(found) == [("A__c", "length", False)]
    assert "takes no more" in found[0].fix


def test_a_standard_field_is_never_changed() -> None:
    found = gaps(entry("Subject", length=255), entry("Subject", length=80), name="Task")

    assert kinds(found) == [("Subject", "length", False)]
    assert "a standard one" in found[0].fix


def test_a_longer_text_and_more_digits_will_do() -> None:
    needed = [
        entry("A__c", length=80),
        entry("B__c", "double", precision=6, scale=0),
    ]
    found = [
        entry("A__c", length=255),
        entry("B__c", "double", precision=18, scale=2),
    ]

    assert gaps(needed, *found) == []


@pytest.mark.parametrize(
    ("precision", "scale", "message"),
    [
        (16, 2, "has 14 digits before the point, and 16 are needed"),
        (18, 0, "has 0 decimals, and 2 are needed"),
    ],
)
def test_too_few_digits_are_named(precision: int, scale: int, message: str) -> None:
    needed = entry("A__c", "currency", precision=18, scale=2)

    found = gaps(needed, entry("A__c", "currency", precision=precision, scale=scale))

    assert [gap.message for gap in found] == [message]
    assert found[0].kind == "digits"


def test_digits_beyond_what_salesforce_takes_are_for_a_person() -> None:
    needed = entry("A__c", "double", precision=18, scale=2)

    found = gaps(needed, entry("A__c", "double", precision=18, scale=0))

    # 18 digits before the point as the org has, and 2 behind it, would be 20.
    assert kinds(found) == [("A__c", "digits", False)]


def test_a_key_that_is_no_unique_external_id_becomes_one() -> None:
    needed = entry("Key__c", length=80, externalId=True, unique=True)

    found = gaps(needed, entry("Key__c", length=80))

    assert kinds(found) == [
        ("Key__c", "external_id", True),
        ("Key__c", "unique", True),
    ]


def test_an_external_id_that_is_not_unique_is_named() -> None:
    needed = entry("Key__c", length=80, externalId=True, unique=True)
    live = entry("Key__c", length=80, externalId=True, idLookup=True)

    assert kinds(gaps(needed, live)) == [("Key__c", "unique", True)]


def test_a_standard_field_that_identifies_will_do() -> None:
    needed = entry("Email", "email", externalId=True, unique=True)

    assert gaps(needed, entry("Email", "email", idLookup=True), name="Contact") == []


def test_values_that_a_restricted_picklist_lacks_are_named() -> None:
    needed = entry("A__c", "picklist", picklistValues=values("Red", "Blue", "Green"))
    live = entry(
        "A__c",
        "picklist",
        restrictedPicklist=True,
        picklistValues=[*values("Red"), {"value": "Blue", "active": False}],
    )

    found = gaps(needed, live)

    assert kinds(found) == [("A__c", "picklist", True)]
    assert found[0].message == "lacks the values 'Blue', 'Green'"


def test_an_unrestricted_picklist_takes_any_value() -> None:
    needed = entry("A__c", "picklist", picklistValues=values("Red", "Blue"))
    live = entry("A__c", "picklist", picklistValues=values("Red"))

    assert gaps(needed, live) == []


def test_a_picklist_that_depends_on_another_is_for_a_person() -> None:
    needed = entry("A__c", "picklist", picklistValues=values("Red", "Blue"))
    live = entry(
        "A__c",
        "picklist",
        restrictedPicklist=True,
        dependentPicklist=True,
        picklistValues=values("Red"),
    )

    assert kinds(gaps(needed, live)) == [("A__c", "picklist", False)]


@pytest.mark.parametrize(
    ("attribute", "use"), [("createable", "create"), ("updateable", "update")]
)
def test_a_read_only_field_is_mended_by_the_permission_set(
    attribute: str, use: str
) -> None:
    needed = entry("A__c", uses=frozenset({use}))

    found = gaps(needed, entry("A__c") | {attribute: False})

    assert kinds(found) == [("A__c", "rights", True)]
    assert found[0].message == f"cannot be written on {use}"


def test_a_field_that_is_only_created_need_not_be_updateable() -> None:
    live = entry("TaskSubtype", "picklist", updateable=False)

    assert gaps(entry("TaskSubtype", "picklist", uses=CREATE), live, name="Task") == []


@pytest.mark.parametrize("own", ["calculated", "autoNumber"])
def test_no_right_lets_a_formula_be_written(own: str) -> None:
    live = entry("A__c", createable=False, updateable=False) | {own: True}

    found = gaps(entry("A__c"), live)

    assert kinds(found) == [("A__c", "rights", False)]
    assert "take it out of the mappings" in found[0].fix


@pytest.mark.parametrize(
    ("name", "is_packaged"), [(DEBT, True), ("Task", True), ("Contact", False)]
)
def test_a_missing_right_to_an_object_is_said_once(
    name: str, is_packaged: bool
) -> None:
    live = [entry(n, createable=False, updateable=True) for n in ("A__c", "B__c")]

    found = gaps([entry("A__c"), entry("B__c")], *live, name=name, createable=False)

    assert kinds(found) == [("", "rights", is_packaged)]
    assert found[0].message == "the integration user may not create its records"


def test_records_cannot_be_found_by_a_long_text() -> None:
    needed = entry("A__c", uses=MATCH)

    found = gaps(needed, entry("A__c", "textarea", filterable=False))

    assert kinds(found) == [("A__c", "filter", False)]


def test_a_lookup_to_another_object_is_named() -> None:
    needed = entry("Parent__c", "reference", referenceTo=[DEBT])

    found = gaps(needed, entry("Parent__c", "reference", referenceTo=["Account"]))

    assert kinds(found) == [("Parent__c", "reference", False)]
    assert found[0].message == "does not refer to Debt__c"


def what_id(*targets: str) -> dict[str, Any]:
    return entry(
        "WhatId", "reference", referenceTo=[*targets], polymorphicForeignKey=True
    )


def test_a_task_that_cannot_refer_to_an_object_needs_activities_allowed() -> None:
    live = {"Task": described(what_id("Account")), DEBT: described()}

    found = compare({"Task": [what_id(DEBT)], DEBT: []}, live)

    assert kinds(found) == [("WhatId", "reference", False)]
    assert found[0].fix == "allow activities: Setup, Object Manager, Debt__c, Edit"


def test_an_object_that_the_package_makes_allows_activities() -> None:
    live = {"Task": described(what_id("Account")), DEBT: None}

    found = compare({"Task": [what_id(DEBT)], DEBT: []}, live)

    assert kinds(found) == [("WhatId", "reference", True), ("", "object", True)]


def test_what_a_new_record_has_to_have_and_no_mapping_gives_is_named() -> None:
    live = [
        entry("A__c"),
        entry("Region__c", nillable=False),
        entry("Owner", nillable=False, defaultedOnCreate=True),
        entry("Flag__c", "boolean", nillable=False),
    ]

    found = gaps(entry("A__c", uses=CREATE), *live)

    assert kinds(found) == [("Region__c", "required", False)]
    assert "no mapping gives it a value" in found[0].message


def test_an_update_needs_no_required_fields() -> None:
    live = [entry("A__c"), entry("Region__c", nillable=False)]

    assert gaps(entry("A__c", uses=UPDATE), *live) == []
