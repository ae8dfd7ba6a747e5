"""The commands, each as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from .deliveries import PATHS, ROOT
from .stacks import BIN, PLAIN

WITHIN_SECONDS = 40
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


def run(
    *command: str | Path, env: dict[str, str] = PLAIN
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WITHIN_SECONDS,
    )


def run_demo(folder: Path) -> subprocess.CompletedProcess[str]:
    return run(CRM_SYNC, "demo", "--json", "--state-dir", folder / "demo")


def explain_all(_folder: Path) -> dict[str, tuple[int, str]]:
    """Explain every fixture without any environment: exit code and text, by name."""
    ended = run(sys.executable, "-c", EXPLAIN_EACH, *PATHS.values(), env={})
    assert ended.returncode == 0, ended.stderr
    explained = json.loads(ended.stdout)
    return {name: tuple(explained[str(path)]) for name, path in PATHS.items()}
