"""Shows what was tried, at the end of `make fuzz`."""

from __future__ import annotations

from typing import Any

from .running import ASKED, TRIED, table


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if ASKED and TRIED:
        terminalreporter.section("inputs tried")
        for line in table():
            terminalreporter.write_line(line)
