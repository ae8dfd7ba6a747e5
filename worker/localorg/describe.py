"""Describe entries in full: what a snapshot leaves out, with Salesforce's defaults."""

from __future__ import annotations

from typing import Any

_FIELD_DEFAULTS: dict[str, Any] = {
    "type": "string",
    "length": 0,
    "precision": 0,
    "scale": 0,
    "createable": True,
    "updateable": True,
    "nillable": True,
    "defaultedOnCreate": False,
    "externalId": False,
    "unique": False,
    "caseSensitive": False,
    "restrictedPicklist": False,
    "polymorphicForeignKey": False,
    "calculated": False,
    "autoNumber": False,
    "defaultValue": None,
}

_OBJECT_DEFAULTS: dict[str, Any] = {
    "keyPrefix": None,
    "createable": True,
    "updateable": True,
    "deletable": True,
    "queryable": True,
    "retrieveable": True,
    "searchable": True,
    "childRelationships": [],
    "recordTypeInfos": [],
}

_READ_ONLY = {
    "createable": False,
    "updateable": False,
    "nillable": False,
    "defaultedOnCreate": True,
}


def system_fields() -> list[dict[str, Any]]:
    """The fields that every record has, even if the snapshot does not list them."""
    return [
        {"name": "Id", "label": "Record ID", "type": "id", "length": 18, **_READ_ONLY},
        {"name": "IsDeleted", "label": "Deleted", "type": "boolean", **_READ_ONLY},
        {
            "name": "CreatedDate",
            "label": "Created Date",
            "type": "datetime",
            **_READ_ONLY,
        },
        {
            "name": "LastModifiedDate",
            "label": "Last Modified Date",
            "type": "datetime",
            **_READ_ONLY,
        },
        {
            "name": "SystemModstamp",
            "label": "System Modstamp",
            "type": "datetime",
            **_READ_ONLY,
        },
    ]


def full_object(given: dict[str, Any]) -> dict[str, Any]:
    """An object's entry with every attribute but its fields filled in."""
    name = given["name"]
    label = given.get("label") or name
    filled = _OBJECT_DEFAULTS | given
    filled["label"] = label
    filled["labelPlural"] = given.get("labelPlural") or label
    filled["custom"] = bool(given.get("custom", name.endswith("__c")))
    filled["fields"] = list(given.get("fields", ()))
    return filled


def full_field(given: dict[str, Any]) -> dict[str, Any]:
    """A field's entry with every attribute filled in."""
    name = given["name"]
    filled = _FIELD_DEFAULTS | given
    filled["label"] = given.get("label") or name
    filled["custom"] = bool(given.get("custom", name.endswith("__c")))
    filled["referenceTo"] = list(given.get("referenceTo") or ())
    filled["relationshipName"] = given.get("relationshipName") or (
        _relationship_name(name) if filled["referenceTo"] else None
    )
    filled["idLookup"] = given.get("idLookup", filled["externalId"] or name == "Id")
    is_long_text = filled["type"] == "textarea" and filled["length"] > 255
    filled["filterable"] = given.get("filterable", not is_long_text)
    filled["sortable"] = given.get("sortable", filled["filterable"])
    filled["picklistValues"] = [
        _full_value(entry) for entry in given.get("picklistValues") or ()
    ]
    return filled


def _full_value(given: dict[str, Any]) -> dict[str, Any]:
    defaults = {"active": True, "defaultValue": False, "validFor": None}
    return defaults | {"label": given["value"]} | given


def _relationship_name(field_name: str) -> str:
    if field_name.endswith("__c"):
        return field_name[:-1] + "r"
    return field_name.removesuffix("Id")
