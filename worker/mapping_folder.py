"""Reading the mappings folder. Floor 2; the mapping language itself knows no files."""

from __future__ import annotations

from pathlib import Path

from worker import sources
from worker.errors import MappingFault
from worker.mapping.findings import BadMapping, Finding, did_you_mean
from worker.mapping.mapping_set import MappingSet, compile_set
from worker.mapping.spec import MappingSpec


def load_mappings(folder: Path) -> MappingSet:
    """Return every mapping below the folder. Raises `MappingFault`.

    Files that end in `.test.yaml` are tests, not mappings.
    """
    paths = sorted(
        path for path in folder.glob("*/*.yaml") if not path.match("*.test.yaml")
    )
    if not paths:
        raise MappingFault(
            f"no mappings in {folder}: start in the project's folder,"
            " or set MAPPINGS_DIR"
        )
    try:
        texts = {str(path): path.read_text(encoding="utf-8") for path in paths}
    except (OSError, UnicodeDecodeError) as error:
        raise MappingFault(f"{folder} cannot be read: {type(error).__name__}") from None
    mappings = compile_set(texts)
    findings = [f for m in mappings.mappings.values() for f in _misnamed(m.spec)]
    if findings:
        raise BadMapping(tuple(findings))
    return mappings


def _misnamed(spec: MappingSpec) -> list[Finding]:
    """A mapping of what no vendor sends would never be used."""
    known = sources.names()
    if spec.source not in known:
        message = f"no source {spec.source!r}{did_you_mean(spec.source, known)}"
        return [Finding(spec.path, 1, 1, message)]
    events = list(sources.load(spec.source).EVENTS)
    if spec.event not in events:
        hint = did_you_mean(spec.event, events)
        message = f"{spec.source} sends no {spec.event!r} that can be mapped{hint}"
        return [Finding(spec.path, 1, 1, message)]
    return []
