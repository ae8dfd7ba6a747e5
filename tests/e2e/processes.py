"""Processes of the tests' own: started, looked at in /proc, stopped by their ids."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .polling import WITHIN_SECONDS, eventually


@dataclass(frozen=True, slots=True)
class Pid:
    """A process that was seen; its start time tells it from a later one of that id."""

    number: int
    parent: int
    started_at: int
    command: str

    @property
    def lives(self) -> bool:
        now = _look_up(self.number)
        return now is not None and now.started_at == self.started_at

    def kill(self) -> None:
        if self.lives:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.number, signal.SIGKILL)


class Process:
    """A command in a process group of its own; what it prints goes to files."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], cwd: Path, log_stem: Path
    ) -> None:
        self._out = log_stem.with_suffix(".out")
        self._err = log_stem.with_suffix(".err")
        self._seen: set[Pid] = set()
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._popen = subprocess.Popen(
                command,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def out(self) -> str:
        return self._out.read_text(encoding="utf-8")

    @property
    def output(self) -> str:
        """What it printed on both streams."""
        return self.out + self._err.read_text(encoding="utf-8", errors="replace")

    @property
    def is_running(self) -> bool:
        return self._popen.poll() is None

    def has_said(self, text: str) -> bool:
        return text in self.output

    def descendants(self) -> set[Pid]:
        """Every process below this one, by /proc."""
        found = descendants_of(self.pid)
        self._seen |= found
        return found

    def send(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def kill_group(self) -> None:
        """SIGKILL, for it and all that it started and that stayed in its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()

    def exit_code(self, within_seconds: float = WITHIN_SECONDS) -> int:
        """Its exit code, once it has ended by itself."""
        eventually(lambda: not self.is_running, f"the end of {self}", within_seconds)
        return self._popen.returncode

    def answers(self, condition: object) -> bool:
        """Whether a condition holds; fails at once where the process has died."""
        assert self.is_running, f"{self} has ended:\n{self.output[-3000:]}"
        return bool(condition)

    def kill(self) -> None:
        """SIGKILL, for it and all that it started, whatever their groups."""
        if self.is_running:
            self.descendants()
        self.kill_group()
        for pid in self._seen:
            pid.kill()

    def __str__(self) -> str:
        return f"{self._popen.args} (process {self.pid})"


def descendants_of(pid: int) -> set[Pid]:
    """Every living process below this one."""
    numbers = (int(p.name) for p in Path("/proc").iterdir() if p.name.isdecimal())
    everyone = [seen for number in numbers if (seen := _look_up(number))]
    below: set[Pid] = set()
    parents = {pid}
    while children := {p for p in everyone if p.parent in parents} - below:
        below |= children
        parents = {child.number for child in children}
    return below


def _look_up(number: int) -> Pid | None:
    """The process of this id, or None where there is none or only its exit code."""
    try:
        text = Path(f"/proc/{number}/stat").read_text(encoding="utf-8")
        command = Path(f"/proc/{number}/cmdline").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # Fields 3, 4 and 22 of proc(5); what stands before may hold anything.
    state, parent, *rest = text.rpartition(")")[2].split()
    if state == "Z":
        return None
    return Pid(number, int(parent), int(rest[17]), command.replace("\0", " "))
