"""Reading YAML nodes by tables of keys, with findings in place of errors. Floor 1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from worker.mapping.findings import Finding, did_you_mean
from worker.mapping.strict_yaml import Node, Place, Scalar, Sequence, Table


class NodeReader:
    """Reads nodes; what does not fit becomes a finding and an empty value."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings

    def find(self, place: Place, message: str) -> None:
        """Note a fault."""
        self.findings.append(place.finding(message))

    def table(
        self, node: Node, known: Mapping[str, str], required: Iterable[str] = ()
    ) -> dict[str, Node]:
        """Return the entries of a table that has only known keys and all required."""
        if not isinstance(node, Table):
            self.find(node.place, f"expected a table with: {', '.join(known)}")
            return {}
        for key, place in node.key_places.items():
            if key not in known:
                hint = did_you_mean(key, list(known))
                self.find(place, f"unknown key {key!r}{hint}")
        for key in required:
            if key not in node.entries:
                self.find(node.place, f"{key!r} is missing")
        return node.entries

    def entries(self, node: Node | None) -> list[tuple[str, Node]]:
        """Return the entries of a table whose keys are names of the admin's."""
        if node is None:
            return []
        if not isinstance(node, Table):
            self.find(node.place, "expected a table")
            return []
        return list(node.entries.items())

    def items(self, node: Node | None) -> tuple[Node, ...]:
        """Return the items of a list."""
        if node is None:
            return ()
        if not isinstance(node, Sequence):
            self.find(node.place, "expected a list")
            return ()
        return node.items

    def text(self, node: Node | None) -> str:
        """Return a scalar's text; an absent node was already found missing."""
        if node is None:
            return ""
        if not isinstance(node, Scalar):
            self.find(node.place, "expected a text")
            return ""
        return node.text

    def choice(self, node: Node | None, options: tuple[str, ...]) -> str:
        """Return one of the options; the first where the node is absent."""
        if node is None:
            return options[0]
        text = self.text(node)
        if text not in options:
            listed = ", ".join(options)
            hint = did_you_mean(text, list(options))
            self.find(node.place, f"{text!r} is not one of: {listed}{hint}")
        return text
