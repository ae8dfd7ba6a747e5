"""What the Metadata API takes, as its WSDL and guide say: names, order, limits.

Made from the WSDL of version 67 and not from the writer, of which it knows nothing. Of
each type it has what this project may write, and its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"

ORDER = {
    "CustomField": """
        fullName caseSensitive defaultValue deleteConstraint description displayFormat
        externalId formula inlineHelpText label length lookupFilter precision
        referenceTo relationshipLabel relationshipName relationshipOrder required scale
        trackFeedHistory trackHistory trackTrending type unique valueSet visibleLines
        writeRequiresMasterRead""",
    "CustomObject": """
        fullName actionOverrides allowInChatterGroups compactLayoutAssignment
        deploymentStatus description enableActivities enableBulkApi enableFeeds
        enableHistory enableReports enableSearch enableSharing enableStreamingApi
        externalSharingModel fields label nameField pluralLabel recordTypes
        searchLayouts sharingModel startsWith validationRules visibility webLinks""",
    "ValueSet": """
        controllingField restricted valueSetDefinition valueSetName valueSettings""",
    "ValueSetValuesDefinition": "sorted value",
    "CustomValue": "fullName color default description isActive label",
    "PermissionSet": """
        fullName applicationVisibilities classAccesses description fieldPermissions
        hasActivationRequired label license objectPermissions pageAccesses
        recordTypeVisibilities tabSettings userPermissions""",
    "PermissionSetFieldPermissions": "editable field readable",
    "PermissionSetObjectPermissions": """
        allowCreate allowDelete allowEdit allowRead modifyAllRecords object
        viewAllFields viewAllRecords""",
    "PermissionSetUserPermission": "enabled name",
}
REQUIRED = {
    "CustomField": "fullName label type",
    "CustomObject": "deploymentStatus label nameField pluralLabel sharingModel",
    "ValueSet": "valueSetDefinition",
    "ValueSetValuesDefinition": "sorted value",
    "CustomValue": "fullName default label",
    "PermissionSet": "label",
    "PermissionSetFieldPermissions": "editable field readable",
    "PermissionSetObjectPermissions": """
        allowCreate allowDelete allowEdit allowRead modifyAllRecords object
        viewAllRecords""",
    "PermissionSetUserPermission": "enabled name",
}
INSIDE = {
    ("CustomObject", "nameField"): "NameField",
    ("CustomField", "valueSet"): "ValueSet",
    ("ValueSet", "valueSetDefinition"): "ValueSetValuesDefinition",
    ("ValueSetValuesDefinition", "value"): "CustomValue",
    ("PermissionSet", "fieldPermissions"): "PermissionSetFieldPermissions",
    ("PermissionSet", "objectPermissions"): "PermissionSetObjectPermissions",
    ("PermissionSet", "userPermissions"): "PermissionSetUserPermission",
}
ORDER["NameField"] = ORDER["CustomField"]
REQUIRED["NameField"] = "label type"
MANY = {"value", "fieldPermissions", "objectPermissions", "userPermissions"}
BOOLEANS = """
    caseSensitive externalId required unique enableActivities enableBulkApi
    enableReports enableSearch enableSharing enableStreamingApi restricted sorted
    default hasActivationRequired editable readable allowCreate allowDelete allowEdit
    allowRead modifyAllRecords viewAllRecords enabled"""
CHOICES = {
    "deleteConstraint": {"Cascade", "Restrict", "SetNull"},
    "deploymentStatus": {"InDevelopment", "Deployed"},
    "sharingModel": {"Private", "Read", "ReadWrite"},
    "visibility": {"Public", "Protected"},
}
# For each type: what it needs, beside what every field has, and what it may have.
EVERY = {"fullName", "label", "type", "description", "inlineHelpText", "required"}
NEEDS = {
    "Text": {"length"},
    "TextArea": set(),
    "LongTextArea": {"length", "visibleLines"},
    "Html": {"length", "visibleLines"},
    "Checkbox": {"defaultValue"},
    "Picklist": {"valueSet"},
    "MultiselectPicklist": {"valueSet", "visibleLines"},
    "Number": {"precision", "scale"},
    "Currency": {"precision", "scale"},
    "Percent": {"precision", "scale"},
    "Date": set(),
    "DateTime": set(),
    "Time": set(),
    "Phone": set(),
    "Email": set(),
    "Url": set(),
    "Lookup": {
        "deleteConstraint",
        "referenceTo",
        "relationshipLabel",
        "relationshipName",
    },
}
KEY = {"externalId", "unique"}
MAY = {
    "Text": {*KEY, "caseSensitive"},
    "Number": KEY,
    "Email": KEY,
}
LENGTHS = {
    "Text": range(1, 255 + 1),
    "LongTextArea": range(256, 131_072 + 1),
    "Html": range(256, 131_072 + 1),
}
API_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9]){0,39}")
LABELS = {"label", "pluralLabel", "relationshipLabel"}


def parsed(text: str) -> Element:
    """The root of a file, whose first line and namespace are as they have to be."""
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<')
    assert text.endswith(">\n")
    return ElementTree.fromstring(text)


def faults(text: str) -> list[str]:
    """What the Metadata API would not take of a file."""
    root = parsed(text)
    kind = root.tag.removeprefix(NAMESPACE)
    if root.tag == kind:
        return ["the file is not in the namespace of the Metadata API"]
    return list(_faults(root, kind))


def child(element: Element, name: str) -> str | None:
    return element.findtext(f"{NAMESPACE}{name}")


def children(element: Element, path: str) -> list[Element]:
    return element.findall("/".join(f"{NAMESPACE}{name}" for name in path.split("/")))


def _faults(element: Element, kind: str) -> Iterator[str]:
    names = [inner.tag.removeprefix(NAMESPACE) for inner in element]
    order = ORDER[kind].split()
    unknown = [name for name in names if name not in order]
    if unknown:
        yield f"{kind} has no {unknown}"
        return
    if names != sorted(names, key=order.index):
        yield f"{kind}: another order: {names}"
    yield from (f"{kind} lacks {n}" for n in REQUIRED[kind].split() if n not in names)
    yield from (
        f"{kind} has {name} twice"
        for name in set(names) - MANY
        if names.count(name) > 1
    )
    for inner, name in zip(element, names, strict=True):
        if (kind, name) in INSIDE:
            yield from _faults(inner, INSIDE[kind, name])
        else:
            yield from _of_value(kind, name, inner)
    if kind == "CustomField":
        yield from _of_field(element, set(names))
    if kind == "NameField" and child(element, "type") not in ("Text", "AutoNumber"):
        yield "the name of a record is a text or a number"
    if child(element, "type") == "AutoNumber" and "displayFormat" not in names:
        yield "a number needs its format"


def _of_value(kind: str, name: str, element: Element) -> Iterator[str]:
    value = element.text or ""
    if len(element) or not value.strip():
        yield f"{kind}.{name} has to be a text"
    if name in BOOLEANS.split() and value not in ("true", "false"):
        yield f"{kind}.{name} is {value!r}"
    if value not in CHOICES.get(name, {value}):
        yield f"{kind}.{name} is {value!r}"
    if name in LABELS and kind != "CustomValue" and len(value) > 40:
        yield f"{kind}.{name} is longer than 40 characters"
    if (kind, name) == ("CustomField", "fullName") and not (
        value.endswith("__c") and API_NAME.fullmatch(value[:-3])
    ):
        yield f"{value!r} is no name of a custom field"
    if name == "relationshipName" and not API_NAME.fullmatch(value):
        yield f"{value!r} is no name of a relationship"


def _of_field(element: Element, names: set[str]) -> Iterator[str]:
    kind = child(element, "type") or ""
    if kind not in NEEDS:
        yield f"there is no type {kind!r}"
        return
    yield from (f"{kind} needs {name}" for name in NEEDS[kind] - names)
    allowed = EVERY | NEEDS[kind] | MAY.get(kind, set())
    yield from (f"{kind} has no {name}" for name in names - allowed)
    if kind in ("Checkbox", "LongTextArea", "Html") and "required" in names:
        yield f"{kind} cannot be required"
    if kind in LENGTHS and int(child(element, "length") or 0) not in LENGTHS[kind]:
        yield f"{kind} of another length"
    if "precision" in names:
        precision = int(child(element, "precision") or 0)
        if not 0 <= int(child(element, "scale") or 0) <= precision <= 18:
            yield f"{kind} of more than 18 digits"
    if "caseSensitive" in names and child(element, "unique") != "true":
        yield "only what is unique is case-sensitive or not"
    values = [child(v, "fullName") for v in _values(element)]
    if len(set(values)) != len(values):
        yield "a value stands twice"


def _values(element: Element) -> list[Element]:
    return children(element, "valueSet/valueSetDefinition/value")
