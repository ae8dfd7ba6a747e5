"""What the describe snapshots in `config/salesforce/` say of objects. Floor 2."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from worker.errors import MappingFault


@dataclass(frozen=True, slots=True)
class OrgSchema:
    """The fields of objects, by object and field name, as describe gives them."""

    fields: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def is_updateable(self, object_name: str, field_name: str) -> bool:
        """Return whether a field of an existing record can be written, if known."""
        described = self.fields.get(object_name, {}).get(field_name, {})
        return bool(described.get("updateable", True))


def load_schema(folder: Path) -> OrgSchema:
    """Return the snapshots of a folder. Raises `MappingFault`."""
    objects = {}
    for path in sorted(folder.glob("*.json")):
        try:
            described = json.loads(path.read_bytes())
            objects[path.stem] = {f["name"]: f for f in described["fields"]}
        except (OSError, ValueError, KeyError, TypeError):
            raise MappingFault(
                f"{path} is no describe snapshot: pull it again"
            ) from None
    return OrgSchema(objects)
