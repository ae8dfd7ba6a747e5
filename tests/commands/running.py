"""`crm-sync` in this process, with an environment of its own: quick, and whole."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from worker import bootstrap
from worker.cli import main

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command has ended, and what it printed."""

    exit_code: int
    out: str
    err: str


def crm_sync(*arguments: str | Path, given: str = "", **variables: object) -> Ended:
    """Run a command in the project's folder; `given` is what is typed into it."""
    environment = {"CONFIG_DIR": str(ROOT / "config")}
    environment["MAPPINGS_DIR"] = str(ROOT / "mappings")
    environment |= {name: str(value) for name, value in variables.items()}
    out, err = io.StringIO(), io.StringIO()
    with (
        fresh(environment),
        patch.object(sys, "argv", ["crm-sync", *map(str, arguments)]),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode()))),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
            exit_code = 0
        except SystemExit as ended:
            exit_code = ended.code if isinstance(ended.code, int) else 1
    return Ended(exit_code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def fresh(environment: Mapping[str, str]) -> Iterator[None]:
    """Let nothing that an earlier command built be used, and leave nothing behind."""
    with patch.dict(os.environ, environment):
        _forget()
        try:
            yield
        finally:
            if bootstrap.engine.cache_info().currsize:
                bootstrap.engine().dispose()
            _forget()


def _forget() -> None:
    for built in vars(bootstrap).values():
        if callable(getattr(built, "cache_clear", None)):
            built.cache_clear()
