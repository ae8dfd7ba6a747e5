"""Fixtures with their mappings, ready to be measured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from worker import sources
from worker.cli.http_file import read_http_file
from worker.mapping.compiled import CompiledMapping
from worker.mapping.context import context_of
from worker.mapping.paths import Context
from worker.mapping_folder import load_mappings
from worker.model import Delivery
from worker.settings import Needs, load_settings

ROOT = Path(__file__).parents[1]
RECEIVED_AT = datetime.fromisoformat("2026-05-04T10:15:30+00:00")


@dataclass(frozen=True, slots=True)
class Case:
    """A fixture's event. `text` is the mapping file's, `size_bytes` the delivery's."""

    name: str
    mapping: CompiledMapping
    text: str
    context: Context
    size_bytes: int

    @property
    def fields(self) -> int:
        """How many fields the mapping has."""
        return sum(len(write.fields) for write in self.mapping.spec.writes)

    @property
    def paths(self) -> list[str]:
        """The paths that the fields read, as often as they do."""
        writes = self.mapping.spec.writes
        fields = (field for write in writes for field in write.fields)
        return [path for field in fields for path in field.value.inputs]


def load_cases(names: tuple[str, ...]) -> list[Case]:
    """Return the fixtures of these names, with the mappings as they ship."""
    mappings = load_mappings(ROOT / "mappings")
    settings = load_settings({"CONFIG_DIR": str(ROOT / "config")}, Needs.NOTHING)
    cases = []
    for name in names:
        file = read_http_file(ROOT / "tests" / "fixtures" / f"{name}.http")
        connection = settings.connections[file.connection]
        delivery = Delivery(file.headers, file.body, RECEIVED_AT)
        event = sources.load(connection.source).read(delivery)
        mapping = mappings.find(event.source, event.type)
        assert mapping is not None
        path = ROOT / "mappings" / event.source / f"{event.type}.yaml"
        text = path.read_text(encoding="utf-8")
        context = context_of(event, connection, RECEIVED_AT)
        cases.append(Case(name, mapping, text, context, len(file.body)))
    return cases
