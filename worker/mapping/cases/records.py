"""Records of an org as a test file lists them: object, then records. Floor 1, pure."""

from __future__ import annotations

from worker.mapping import nodes
from worker.mapping.cases.case import KIND, Records
from worker.mapping.cases.data import data
from worker.mapping.findings import Finding
from worker.mapping.strict_yaml import Node, Place, Scalar, Table


def records_in(node: Node) -> Records:
    """Return the records by object."""
    return {
        name: tuple(
            {field: data(value) for field, value in nodes.entries(record).items()}
            for record in nodes.items(listed)
        )
        for name, listed in nodes.entries(node).items()
    }


def places_in(node: Node | None, prefix: str) -> dict[str, Place]:
    """Return the place of each object and, where it first is, of each field."""
    places: dict[str, Place] = {}
    if not isinstance(node, Table):
        return places
    for name, listed in node.entries.items():
        places[f"{prefix}.{name}"] = node.key_places[name]
        for record in nodes.items(listed):
            if isinstance(record, Table):
                for field, place in record.key_places.items():
                    places.setdefault(f"{prefix}.{name}.{field}", place)
    return places


def values_that_no_field_has(node: Node | None) -> list[Finding]:
    """Return a finding for each list or table that stands where a value should."""
    return [
        value.place.finding("a field has a text, a number, true, false or null", KIND)
        for value in nodes.entries(node).values()
        if not isinstance(value, Scalar)
    ]
