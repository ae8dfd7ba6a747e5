"""Writing a package into a folder that holds nothing else."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

MANIFEST = ".crm-sync-package.json"
# The Salesforce CLI keeps its own notes of a project there.
_OF_THE_CLI = (".sf", ".sfdx")


def write_package(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files, path below the folder to text, in place of an earlier package.

    Only files that an earlier run wrote are removed. Raises `FileExistsError` where the
    folder holds anything else or a file that was changed since, and `OSError`.
    """
    earlier = _manifest(folder)
    present = list(_present(folder))
    foreign = [
        path for path in present if not _is_own(folder / path, earlier.get(path))
    ]
    if foreign:
        raise FileExistsError(
            f"{folder} holds what this command did not write"
            f" ({', '.join(foreign[:3])}): name another --output, or move it away"
        )
    for path in present:
        _remove(folder / path, folder)
    contents = {path: text.encode() for path, text in sorted(files.items())}
    hashes = {path: hashlib.sha256(raw).hexdigest() for path, raw in contents.items()}
    folder.mkdir(parents=True, exist_ok=True)
    # First, so that a run which is cut short can be repeated.
    (folder / MANIFEST).write_text(json.dumps(hashes, indent=2) + "\n", "utf-8")
    for path, raw in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(raw)


def _manifest(folder: Path) -> dict[str, str]:
    try:
        hashes = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return {}
    return hashes if isinstance(hashes, dict) else {}


def _present(folder: Path) -> Iterator[str]:
    """Yield the files of the folder but the CLI's and the manifest."""
    for parent, folders, names in os.walk(folder):
        if Path(parent) == folder:
            folders[:] = [name for name in folders if name not in _OF_THE_CLI]
            names = [name for name in names if name != MANIFEST]
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        for name in sorted([*names, *links]):
            yield (Path(parent) / name).relative_to(folder).as_posix()


def _is_own(path: Path, written_hash: str | None) -> bool:
    """Return whether the file is as an earlier run left it."""
    if path.is_symlink() or not path.is_file():
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() == written_hash


def _remove(path: Path, folder: Path) -> None:
    """Remove a file, and the folders above it that hold nothing more."""
    path.unlink()
    for parent in path.parents:
        if parent == folder or any(parent.iterdir()):
            return
        parent.rmdir()
