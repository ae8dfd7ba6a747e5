"""Where the checks put what they find. Floor 1, pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.mapping.findings import Finding
from worker.mapping.path_types import PathTypes
from worker.mapping.strict_yaml import Place

# Of each object, the describe entry of each field by name.
Describes = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(slots=True)
class Notes:
    """What a check knows, and its findings."""

    paths: PathTypes | None
    objects: Describes
    findings: list[Finding] = field(default_factory=list)

    def find(self, place: Place, kind: str, message: str) -> None:
        """Note a finding, once."""
        finding = place.finding(message, kind)
        if finding not in self.findings:
            self.findings.append(finding)
