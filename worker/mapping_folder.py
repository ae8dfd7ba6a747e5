"""Reading the mappings folder. Floor 2; the mapping language itself knows no files."""

from __future__ import annotations

from pathlib import Path

from worker.errors import MappingFault
from worker.mapping.mapping_set import MappingSet, compile_set


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
    return compile_set(texts)
