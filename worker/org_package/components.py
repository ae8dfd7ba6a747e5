"""An object, a field and a permission set as the Metadata API takes them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from worker.org_package.markup import Node, document, yes_no
from worker.org_package.types import (
    ACTIVITIES,
    LONGEST_LABEL,
    LONGEST_NAME,
    elements,
    metadata_type,
)

PERMISSION_SET = "Crm_Sync"
PACKAGE_ROOT = "force-app"
_MAIN = f"{PACKAGE_ROOT}/main/default"
_DESCRIPTION = "Written by crm-sync."
_NEVER_REQUIRED = ("Checkbox", "LongTextArea", "Html")


def object_path(object_name: str) -> str:
    """Return where an object's own file is."""
    return f"{_MAIN}/objects/{object_name}/{object_name}.object-meta.xml"


def field_path(object_name: str, field_name: str) -> str:
    """Return where a field's file is: those of a Task are Activity's."""
    folder = "Activity" if object_name in ACTIVITIES else object_name
    return f"{_MAIN}/objects/{folder}/fields/{field_name}.field-meta.xml"


def permission_set_path() -> str:
    """Return where the permission set is."""
    return f"{_MAIN}/permissionsets/{PERMISSION_SET}.permissionset-meta.xml"


def project(api_version: str) -> str:
    """Return the file that makes the folder a project of the Salesforce CLI."""
    content = {
        "packageDirectories": [{"path": PACKAGE_ROOT, "default": True}],
        "name": "crm-sync",
        "namespace": "",
        "sfdcLoginUrl": "https://login.salesforce.com",
        "sourceApiVersion": api_version,
    }
    return json.dumps(content, indent=2) + "\n"


def label(text: str) -> str:
    """Return a label as long as one may be."""
    return text[:LONGEST_LABEL].rstrip()


def plural(object_name: str, described: Mapping[str, Any]) -> str:
    """Return what several records of the object are called."""
    single = described.get("label") or words(object_name)
    return label(described.get("labelPlural") or f"{single}s")


def words(api_name: str) -> str:
    """Return an API name as a label."""
    return label(api_name.removesuffix("__c").replace("_", " "))


def custom_object(
    object_name: str, described: Mapping[str, Any], *, takes_activities: bool
) -> str:
    """Return an object's file. `described` is empty where nothing is known of it."""
    single = label(described.get("label") or words(object_name))
    nodes: list[Node] = [
        ("deploymentStatus", "Deployed"),
        ("description", _DESCRIPTION),
        ("enableActivities", yes_no(takes_activities)),
        # These three are one setting, and the API refuses them when they differ.
        ("enableBulkApi", "true"),
        ("enableSharing", "true"),
        ("enableStreamingApi", "true"),
        ("enableReports", "true"),
        ("enableSearch", "true"),
        ("label", single),
        ("nameField", _name_field(single, described)),
        ("pluralLabel", plural(object_name, described)),
        ("sharingModel", "ReadWrite"),
        ("visibility", "Public"),
    ]
    return document("CustomObject", nodes)


def _name_field(single: str, described: Mapping[str, Any]) -> list[Node]:
    fields = described.get("fields", ())
    name: Mapping[str, Any] = next((f for f in fields if f["name"] == "Name"), {})
    if name and not name.get("autoNumber"):
        text = label(name.get("label") or f"{single} Name")
        return [("label", text), ("type", "Text")]
    initials = "".join(word[0] for word in single.split() if word[0].isalpha())
    return [
        ("displayFormat", f"{initials.upper()}-{{000000}}"),
        ("label", label(name.get("label") or f"{single} Number")),
        ("type", "AutoNumber"),
    ]


def custom_field(
    entry: Mapping[str, Any], *, children: str = "", child_name: str = "", is_new: bool
) -> str:
    """Return a field's file.

    `children` is what a record calls those whose lookup refers to it, and `child_name`
    what their relationship is called. A new field is never required, so that records
    which people make by hand need no more than before.
    """
    nodes: list[Node] = [
        ("fullName", entry["name"]),
        ("label", label(entry.get("label") or words(entry["name"]))),
        *elements(entry),
    ]
    if entry.get("inlineHelpText"):
        nodes.append(("inlineHelpText", entry["inlineHelpText"]))
    if is_new:
        nodes.append(("description", _DESCRIPTION))
    if metadata_type(entry) not in _NEVER_REQUIRED:
        nodes.append(("required", yes_no(not is_new and is_required(entry))))
    if entry["type"] == "reference":
        nodes.append(("deleteConstraint", "SetNull"))
        nodes.append(("referenceTo", entry["referenceTo"][0]))
        nodes.append(("relationshipLabel", label(children)))
        nodes.append(("relationshipName", relationship_name(child_name)))
    return document("CustomField", nodes)


def is_required(entry: Mapping[str, Any]) -> bool:
    """Return whether an org's field has to have a value; a checkbox always has one."""
    return not entry.get("nillable", True) and entry["type"] != "boolean"


def relationship_name(text: str) -> str:
    """Return the text as an API name."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
    if not name[:1].isalpha():
        name = f"R_{name}".rstrip("_")
    return name[:LONGEST_NAME].rstrip("_")


@dataclass(frozen=True, slots=True)
class ObjectRights:
    """What the integration user does with an object."""

    name: str
    creates: bool
    edits: bool


@dataclass(frozen=True, slots=True)
class FieldRights:
    """What the integration user does with a field."""

    name: str
    edits: bool


def permission_set(
    objects: Iterable[ObjectRights],
    fields: Iterable[FieldRights],
    user_permissions: Iterable[str],
) -> str:
    """Return the permission set's file; `fields` are named `Object.Field__c`."""
    nodes: list[Node] = [
        ("description", "What crm-sync's user needs; written by crm-sync."),
        ("hasActivationRequired", "false"),
        ("label", "CRM Sync"),
    ]
    for right in sorted(fields, key=lambda right: right.name):
        field: list[Node] = [
            ("editable", yes_no(right.edits)),
            ("field", right.name),
            ("readable", "true"),
        ]
        nodes.append(("fieldPermissions", field))
    for of_object in sorted(objects, key=lambda right: right.name):
        nodes.append(("objectPermissions", _object_permissions(of_object)))
    for name in sorted(user_permissions):
        user: list[Node] = [("enabled", "true"), ("name", name)]
        nodes.append(("userPermissions", user))
    return document("PermissionSet", nodes)


def _object_permissions(right: ObjectRights) -> list[Node]:
    return [
        ("allowCreate", yes_no(right.creates)),
        ("allowDelete", "false"),
        ("allowEdit", yes_no(right.edits)),
        ("allowRead", "true"),
        ("modifyAllRecords", "false"),
        ("object", right.name),
        ("viewAllRecords", "false"),
    ]
