"""Packages of npm for a test, installed once for each lock file."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

FILES = ("package.json", "package-lock.json", ".npmrc")
INSTALL_TIMEOUT_SECONDS = 180


def installed(folder: Path) -> Path:
    """Return a folder with the `node_modules` of this folder's lock file.

    It is kept in the user's cache, and the first test that needs it makes it. Skips
    without Node and npm; fails where npm cannot get the packages.
    """
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("needs Node and npm")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = cache / "crm-sync"
    cache.mkdir(parents=True, exist_ok=True)
    target = cache / f"{folder.name}-{_digest(folder)}"
    with (cache / f"{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _install(folder, target)
    return target


def _digest(folder: Path) -> str:
    hashed = hashlib.sha256()
    for name in FILES:
        hashed.update((folder / name).read_bytes())
    return hashed.hexdigest()[:16]


def _install(folder: Path, target: Path) -> None:
    """Make the target in one step, so that it is whole wherever it exists."""
    making = target.with_name(f"{target.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    for name in FILES:
        shutil.copy(folder / name, making / name)
    try:
        done = subprocess.run(
            ["npm", "ci", "--prefer-offline", "--fetch-retries=1"],
            cwd=making,
            capture_output=True,
            text=True,
            timeout=INSTALL_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.fail(_failure(folder, f"took over {INSTALL_TIMEOUT_SECONDS} s"))
    if done.returncode:
        pytest.fail(_failure(folder, f"failed:\n{done.stderr[-2_000:]}"))
    making.rename(target)


def _failure(folder: Path, what: str) -> str:
    return (
        f"`npm ci` for tests/localorg/{folder.name} {what}\n"
        "It needs npm's registry once. Without network, run the tests without Node."
    )
