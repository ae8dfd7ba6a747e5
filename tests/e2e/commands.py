"""The commands, each as a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .deliveries import PATHS, ROOT, new_id
from .processes import Process
from .stacks import BIN, PLAIN

WITHIN_SECONDS = 150
CRM_SYNC = str(BIN / "crm-sync")

# Runs `crm-sync explain` for each file in one process, which saves the start of forty.
EXPLAIN_EACH = """
import contextlib, io, json, sys
from worker.cli import main
explained = {}
for path in sys.argv[1:]:
    sys.argv = ["crm-sync", "explain", path]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            main()
        except SystemExit as ended:
            explained[path] = ended.code, out.getvalue()
print(json.dumps(explained))
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command has ended, and what it printed."""

    exit_code: int
    out: str
    output: str


def run(
    folder: Path,
    *command: str | Path,
    env: Mapping[str, str] = PLAIN,
    cwd: Path = ROOT,
) -> Ended:
    """Run a command to its end; what it prints goes to files in the folder."""
    process = Process([str(part) for part in command], env, cwd, folder / new_id("run"))
    try:
        exit_code = process.exit_code(WITHIN_SECONDS)
        return Ended(exit_code, process.out, process.output)
    finally:
        process.kill()


def run_demo(folder: Path) -> Ended:
    return run(folder, CRM_SYNC, "demo", "--json", "--state-dir", folder / "demo")


def explain_all(folder: Path) -> dict[str, tuple[int, str]]:
    """Explain every fixture without any environment: exit code and text, by name."""
    command = (sys.executable, "-c", EXPLAIN_EACH, *PATHS.values())
    ended = run(folder, *command, env={})
    assert ended.exit_code == 0, ended.output
    explained = json.loads(ended.out)
    return {name: tuple(explained[str(path)]) for name, path in PATHS.items()}
