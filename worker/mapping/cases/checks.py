"""Names in a test file that nothing has: they would test nothing. Floor 1, pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.mapping.cases.case import KIND, Case, CaseFile, ExpectedWrite
from worker.mapping.findings import Finding, did_you_mean
from worker.mapping.path_types import PathTypes, UnknownPath
from worker.mapping.spec import MappingSpec

OrgFields = Mapping[str, Collection[str]]


@dataclass(slots=True)
class Names:
    """What a mapping can write of one object: its fields, links and keys."""

    fields: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)


def check_cases(
    file: CaseFile,
    mapping: MappingSpec,
    payload_schema: Mapping[str, Any] | None,
    org_fields: OrgFields,
) -> list[Finding]:
    """Return a finding for each name that is not there.

    `org_fields` are the names of the fields of each object. Without a `payload_schema`
    no key of a payload is looked at.
    """
    names = names_of(mapping)
    expected = [path.text for path in mapping.expects]
    types = PathTypes(payload_schema, expected) if payload_schema is not None else None
    findings: list[Finding] = []
    for case in file.cases:
        for write in case.expect.writes:
            # In an org a record may be named by whatever it has.
            has_records = case.records is not None
            others = org_fields.get(write.object, ()) if has_records else ()
            findings.extend(_of_write(write, names, others))
        findings.extend(_of_event(case, mapping, names))
        findings.extend(_of_org(case, org_fields))
        findings.extend(_of_payload(case, types) if types else ())
    return findings


def names_of(mapping: MappingSpec) -> dict[str, Names]:
    """Return what a mapping can write, by object."""
    found: dict[str, Names] = defaultdict(Names)
    for write in mapping.writes:
        names = found[write.object]
        names.fields |= {entry.name for entry in write.fields}
        names.links |= {link.field for link in write.links}
        names.keys |= {match.field for match in write.key}
        for link in write.links:
            if link.create is not None:
                names = found[link.object]
                names.fields |= {entry.name for entry in link.create}
                names.keys.add(link.matches[0].field)
    return dict(found)


def _of_write(
    write: ExpectedWrite, names: Mapping[str, Names], other_keys: Collection[str]
) -> Iterator[Finding]:
    known = names.get(write.object)
    if known is None:
        message = f"the mapping writes no {write.object}"
        message += did_you_mean(write.object, names)
        yield write.places["object"].finding(message, KIND)
        return
    groups: tuple[tuple[str, Collection[str], set[str]], ...] = (
        ("field", write.fields, known.fields),
        ("link", write.links, known.links),
        ("field or link", write.not_sent, known.fields | known.links),
        ("key", [write.key[0]] if write.key else [], {*known.keys, *other_keys}),
    )
    for what, given, there in groups:
        for name in given:
            if name not in there:
                message = f"the mapping gives {write.object} no {what} {name!r}"
                message += did_you_mean(name, there)
                yield write.places[name].finding(message, KIND)


def _of_event(
    case: Case, mapping: MappingSpec, names: Mapping[str, Names]
) -> Iterator[Finding]:
    for name in case.expect.not_written:
        if name not in names:
            message = f"the mapping writes no {name}{did_you_mean(name, names)}"
            yield case.places[f"not_written.{name}"].finding(message, KIND)
    reasons = [skip.reason for skip in mapping.skip]
    reason = case.expect.skip
    if reason is not None and reason not in reasons:
        message = f"the mapping skips nothing as {reason!r}"
        message += did_you_mean(reason, reasons)
        yield case.places["skip"].finding(message, KIND)


def _of_org(case: Case, org_fields: OrgFields) -> Iterator[Finding]:
    for key, records in (("records", case.records), ("after", case.expect.after)):
        for object_name, listed in (records or {}).items():
            if object_name not in org_fields:
                message = f"no object {object_name} in config/salesforce"
                message += did_you_mean(object_name, org_fields)
                yield case.places[f"{key}.{object_name}"].finding(message, KIND)
                continue
            known = {*org_fields[object_name], "Id"}
            given = dict.fromkeys(name for record in listed for name in record)
            for unknown in [name for name in given if name not in known]:
                message = f"{object_name} has no field {unknown!r}"
                message += did_you_mean(unknown, known)
                yield case.places[f"{key}.{object_name}.{unknown}"].finding(
                    message, KIND
                )


def _of_payload(case: Case, types: PathTypes) -> Iterator[Finding]:
    refused: list[str] = []
    for path, place in case.places.items():
        if not path.startswith(("payload.", "body.")):
            continue
        if any(path.startswith(f"{other}.") for other in refused):
            continue
        try:
            types.type_of(path)
        except UnknownPath as error:
            refused.append(path)
            yield place.finding(str(error), KIND)
