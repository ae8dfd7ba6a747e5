"""The mappings of a git revision, by the git program. Floor 5.

Nothing is checked out: the files are read from the repository as they were.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from worker.errors import SyncError
from worker.mapping_folder import TESTS

GIT_SECONDS = 60
ID_CHARACTERS = 10

Ended = subprocess.CompletedProcess[bytes]


class NoRevision(SyncError):
    """The mappings of a git revision cannot be had; the message says why."""

    reason = "no_revision"


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit by the beginning of its id, and its mappings: path to text."""

    commit: str
    texts: dict[str, str]


def read_revision(folder: Path, revision: str) -> Revision:
    """Return the mappings of a folder as they were. Raises `NoRevision`.

    `revision` is what git takes for a commit: an id, a branch, a tag, `HEAD~1`.
    """
    if not folder.is_dir():
        raise NoRevision(f"{folder} is no folder: set MAPPINGS_DIR")
    repository = _git(folder, "rev-parse", "--git-dir")
    if repository.returncode != 0:
        raise NoRevision(f"{folder} is in no git repository: {_complaint(repository)}")
    commit = _commit(folder, revision)
    listed = _git(folder, "ls-tree", "-r", "-z", "--name-only", commit, ".")
    names = listed.stdout.decode("utf-8", "replace").split("\0")
    texts = {
        str(folder / path): _text(folder, commit, path)
        for path in map(PurePosixPath, filter(None, names))
        if len(path.parts) == 2 and path.suffix == ".yaml" and not path.match(TESTS)
    }
    if not texts:
        raise NoRevision(f"{revision} has no mappings in {folder}")
    return Revision(commit[:ID_CHARACTERS], texts)


def _commit(folder: Path, revision: str) -> str:
    if not revision.startswith("-"):  # That would be an option.
        commit = f"{revision}^{{commit}}"
        found = _git(folder, "rev-parse", "--quiet", "--verify", commit)
        if found.returncode == 0:
            return found.stdout.decode("ascii").strip()
    raise NoRevision(
        f"git knows no revision {revision!r}: give a commit, a branch or a tag"
    )


def _text(folder: Path, commit: str, path: PurePosixPath) -> str:
    found = _git(folder, "cat-file", "blob", f"{commit}:./{path}")
    if found.returncode != 0:
        raise NoRevision(f"git cannot read {path}: {_complaint(found)}")
    try:
        return found.stdout.decode("utf-8")
    except UnicodeDecodeError:
        raise NoRevision(f"{path} of {commit[:ID_CHARACTERS]} is no UTF-8") from None


def _complaint(ended: Ended) -> str:
    """Return the first line of what git says."""
    lines = ended.stderr.decode("utf-8", "replace").splitlines()
    return lines[0].removeprefix("fatal: ") if lines else f"exit {ended.returncode}"


def _git(folder: Path, *arguments: str) -> Ended:
    """Return how git ended. Raises `NoRevision` where it cannot be run."""
    try:
        return subprocess.run(  # noqa: S603  (git's own checks apply)
            ["git", *arguments],  # noqa: S607  (the user's own git)
            cwd=folder,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=GIT_SECONDS,
        )
    except FileNotFoundError:
        raise NoRevision("git is not installed, and --revision needs it") from None
    except (OSError, subprocess.SubprocessError) as error:
        raise NoRevision(f"git did not run: {type(error).__name__}") from None
