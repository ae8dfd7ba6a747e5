"""All the files of a package, and what to say of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from worker.org_package import components
from worker.org_package.access import access
from worker.org_package.comparing import Gap, Live, compare
from worker.org_package.needed import Entry, Needed
from worker.org_package.types import ACTIVITIES, is_custom, name_problem
from worker.org_package.widening import shortfalls, widened

_WIDENED = frozenset({"length", "digits", "external_id", "unique", "picklist"})


@dataclass(frozen=True, slots=True)
class Package:
    """A deployable folder: path to text, what is in it, and what it cannot mend."""

    files: dict[str, str] = field(default_factory=dict)
    contents: list[str] = field(default_factory=list)
    by_hand: list[Gap] = field(default_factory=list)


def plan_package(
    needed: Needed,
    definitions: Mapping[str, Mapping[str, Any]],
    live: Live | None,
    api_version: str,
) -> Package:
    """Return the package for what the org lacks of what is needed.

    `definitions` are describes of which new objects take their labels and names.
    Without `live` everything custom is in the package.
    """
    org = _only_standard(needed) if live is None else live
    planner = _Planner(needed, definitions, org, compare(needed, org))
    return planner.plan(api_version)


def _only_standard(needed: Needed) -> dict[str, Mapping[str, Any] | None]:
    """Return an org that has all that is standard, and nothing else."""
    return {
        object_name: None
        if is_custom(object_name)
        else {"fields": [entry for entry in entries if not is_custom(entry["name"])]}
        for object_name, entries in needed.items()
    }


@dataclass(frozen=True, slots=True)
class _Planner:
    needed: Needed
    definitions: Mapping[str, Mapping[str, Any]]
    org: Live
    gaps: Sequence[Gap]
    package: Package = field(default_factory=Package)
    made: set[tuple[str, str]] = field(default_factory=set)

    def plan(self, api_version: str) -> Package:
        files = self.package.files
        files["sfdx-project.json"] = components.project(api_version)
        self.package.by_hand.extend(gap for gap in self.gaps if not gap.is_packaged)
        for object_name, entries in self.needed.items():
            self._object(object_name, entries)
        path = components.permission_set_path()
        files[path] = access(self.needed, self.org, frozenset(self.made))
        return self.package

    def _object(self, object_name: str, entries: Sequence[Entry]) -> None:
        described = self.org.get(object_name)
        if described is None:
            if name_problem(object_name):
                return  # Nobody can make it, nor its fields: that is said by hand.
            self._new_object(object_name)
        fields: Sequence[Entry] = () if described is None else described["fields"]
        found = {entry["name"]: entry for entry in fields}
        for entry in entries:
            name = entry["name"]
            if name in found:
                self._widened(object_name, entry, found[name])
            elif is_custom(name) and not self._is_by_hand(object_name, name):
                self._new_field(object_name, entry)

    def _is_by_hand(self, object_name: str, name: str) -> bool:
        by_hand = self.package.by_hand
        return any(gap.object == object_name and gap.field == name for gap in by_hand)

    def _new_object(self, name: str) -> None:
        described = self.definitions.get(name, {})
        text = components.custom_object(
            name, described, takes_activities=self._is_related_to(name)
        )
        self.package.files[components.object_path(name)] = text
        self.package.contents.append(f"new object {name}")
        self.made.add((name, ""))

    def _is_related_to(self, name: str) -> bool:
        """Return whether a Task or Event refers to records of the object."""
        return any(
            name in (entry.get("referenceTo") or ())
            for activity in ACTIVITIES
            for entry in self.needed.get(activity, ())
        )

    def _new_field(self, object_name: str, entry: Entry) -> None:
        described = self.definitions.get(object_name, {})
        children = components.plural(object_name, described)
        text = components.custom_field(
            entry,
            children=children,
            child_name=self._child_name(object_name, entry, children),
            is_new=True,
        )
        self.package.files[components.field_path(object_name, entry["name"])] = text
        self.package.contents.append(f"new field {object_name}.{entry['name']}")
        self.made.add((object_name, entry["name"]))

    def _child_name(self, object_name: str, entry: Entry, children: str) -> str:
        """Return a relationship's name, which no other lookup of the object has."""
        alike = [
            other
            for other in self.needed[object_name]
            if is_custom(other["name"])
            and other.get("referenceTo")
            and other["referenceTo"] == entry.get("referenceTo")
        ]
        if len(alike) < 2:
            return children
        return f"{entry['name'].removesuffix('__c')} {children}"

    def _widened(self, object_name: str, entry: Entry, found: Entry) -> None:
        if not any(
            gap.object == object_name
            and gap.field == entry["name"]
            and gap.kind in _WIDENED
            and gap.is_packaged
            for gap in self.gaps
        ):
            return
        text = components.custom_field(widened(entry, found), is_new=False)
        self.package.files[components.field_path(object_name, entry["name"])] = text
        lacks = "; it ".join(message for _, message in shortfalls(entry, found))
        name = f"{object_name}.{entry['name']}"
        self.package.contents.append(f"changed field {name}, which {lacks}")
