"""Reading environment variables, with every fault kept for one message. Floor 2."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


class Environment:
    """The variables, read by kind. What is wrong is noted in `faults`, not raised.

    `NAME_FILE` beside `NAME` gives the path of a file that holds the value.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.faults: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        """Return the value without white space around, or the default where unset."""
        path = self._variables.get(f"{name}_FILE", "").strip()
        value = self._variables.get(name, "").strip()
        if path and value:
            self.faults.append(
                f"{name} and {name}_FILE are both set: unset one of them"
            )
        if path:
            return self._file(name, path)
        return value or default

    def required(self, name: str, fix: str) -> str:
        """Return the value; where there is none, note how to mend it."""
        faults_before = len(self.faults)
        value = self.text(name)
        if not value and len(self.faults) == faults_before:
            self.faults.append(f"{name} is not set: {fix}")
        return value

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        """Return a whole number within its bounds."""
        text = self.text(name)
        if not text:
            return default
        if text.isdecimal() and least <= int(text[:12]) <= most:
            return int(text)
        self.faults.append(
            f"{name} has to be a whole number from {least} to {most}"
            f" (unset, it is {default})"
        )
        return default

    def several(self, name: str, fix: str) -> tuple[str, ...]:
        """Return the values of a comma-separated list, of which one is required."""
        return tuple(
            v for v in map(str.strip, self.required(name, fix).split(",")) if v
        )

    def _file(self, name: str, path: str) -> str:
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            self.faults.append(
                f"{name}_FILE cannot be read: check the path and its rights"
            )
            return ""
        if not value:
            self.faults.append(
                f"{name}_FILE names an empty file: put the value into it"
            )
        return value
