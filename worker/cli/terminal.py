"""Where tables are printed. Floor 5."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console

WIDTH_WITHOUT_TERMINAL = 140


def console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal, and wide enough where there is none."""
    width = None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL
    return Console(stderr=stderr, width=width)


def cells(values: Iterable[Any]) -> list[str]:
    """Return the cells of a table's row; what is None is empty."""
    return ["" if value is None else str(value) for value in values]
