"""What is wrong with a mapping, and where. Floor 1, pure."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from worker.errors import MappingFault


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault of a mapping file. `line` and `column` count from 1."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class BadMapping(MappingFault):
    """The mapping file cannot be used; `findings` holds every fault of it."""

    reason = "bad_mapping"

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(findings)
        self.findings = findings

    def __str__(self) -> str:
        return "\n".join(str(finding) for finding in self.findings)


def did_you_mean(word: str, known: list[str]) -> str:
    """Return ` (did you mean 'x'?)` for the nearest known word, else nothing."""
    near = get_close_matches(word, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
