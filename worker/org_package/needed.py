"""Which objects and fields the mappings need, and what each has to be like. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from worker.mapping.mapping_set import MappingSet
from worker.mapping.spec import FieldSpec, LinkSpec, WriteSpec
from worker.org_package.joining import joined

Entry = Mapping[str, Any]
Needed = Mapping[str, Sequence[Entry]]
Infer = Callable[[str, FieldSpec], Entry]

_BY_MODE = {
    "upsert": frozenset({"create", "update"}),
    "insert": frozenset({"create"}),
    "update": frozenset({"update"}),
}
_CREATE = frozenset({"create"})
_READ = frozenset({"read"})
_MATCH = frozenset({"match"})
_KEY = frozenset({"match", "create"})
_READING_POLICIES = ("if_empty", "append")


def text_255(_object_name: str, _field: FieldSpec) -> Entry:
    """Say of a field of which nothing is known that it is a text."""
    return {"type": "string", "length": 255}


@dataclass(slots=True)
class _Need:
    """What all mappings together want of one field."""

    uses: frozenset[str] = frozenset()
    is_key: bool = False
    refers_to: set[str] = field(default_factory=set)
    specs: list[FieldSpec] = field(default_factory=list)


def needed_fields(
    mappings: MappingSet,
    fields: Mapping[str, Mapping[str, Entry]],
    infer: Infer = text_255,
) -> dict[str, list[dict[str, Any]]]:
    """Return the fields that the mappings name, by object, as describe entries.

    An entry's `uses` says what for: `create`, `update`, `match` and `read`. Its
    definition is that of `fields` (object, field name, entry) and else what `infer`
    says of each place that writes it, joined. The key of an upsert has to be a unique
    external id whatever the definition says.
    """
    needs: dict[str, dict[str, _Need]] = {}
    for mapping in mappings.mappings.values():
        for write in mapping.spec.writes:
            for object_name, name, need in _of_write(write):
                _add(needs.setdefault(object_name, {}), name, need)
    return {
        object_name: [
            _entry(object_name, name, need, fields.get(object_name, {}), infer)
            for name, need in sorted(named.items())
        ]
        for object_name, named in sorted(needs.items())
    }


def _of_write(write: WriteSpec) -> Iterator[tuple[str, str, _Need]]:
    uses = _BY_MODE[write.mode]
    is_key = write.mode != "update"
    for match in write.key:
        need = _Need(_KEY if is_key else _MATCH, is_key=is_key)
        yield write.object, match.field, need
    for spec in write.fields:
        yield write.object, spec.name, _Need(_uses(spec, uses), specs=[spec])
    for link in write.links:
        yield write.object, link.field, _Need(uses, refers_to={link.object})
        yield from _of_link(link)


def _of_link(link: LinkSpec) -> Iterator[tuple[str, str, _Need]]:
    for match in link.matches:
        yield link.object, match.field, _Need(_MATCH)
    if link.create is not None:
        yield link.object, link.matches[0].field, _Need(_KEY, is_key=True)
        for spec in link.create:
            yield link.object, spec.name, _Need(_uses(spec, _CREATE), specs=[spec])


def _uses(spec: FieldSpec, uses: frozenset[str]) -> frozenset[str]:
    if spec.policy == "insert_only":
        return uses & _CREATE or _READ
    return uses | _READ if spec.policy in _READING_POLICIES else uses


def _add(named: dict[str, _Need], name: str, need: _Need) -> None:
    known = named.setdefault(name, _Need())
    known.uses |= need.uses
    known.is_key |= need.is_key
    known.refers_to |= need.refers_to
    known.specs.extend(need.specs)


def _entry(
    object_name: str,
    name: str,
    need: _Need,
    fields: Mapping[str, Entry],
    infer: Infer,
) -> dict[str, Any]:
    entry = {**_definition(object_name, name, need, fields, infer)}
    if need.is_key:
        entry |= {"externalId": True, "unique": True}
    if need.refers_to:
        # The snapshot of a Task's WhatId names all the org's objects: too much to ask.
        entry["referenceTo"] = sorted(need.refers_to)
    return {"label": _label(name), **entry, "name": name, "uses": need.uses}


def _definition(
    object_name: str,
    name: str,
    need: _Need,
    fields: Mapping[str, Entry],
    infer: Infer,
) -> Entry:
    if name in fields:
        return fields[name]
    if need.refers_to:
        return {"type": "reference", "length": 18}
    if need.specs:
        return joined([infer(object_name, spec) for spec in need.specs])
    return {"type": "string", "length": 255}


def _label(name: str) -> str:
    """Return an API name as words."""
    return name.removesuffix("__c").replace("_", " ")
