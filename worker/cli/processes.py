"""Child processes: started, logged to files, revived, stopped. Floor 5."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STOP_TIMEOUT_SECONDS = 25.0
RESTART_DELAY_SECONDS = 1.0


@dataclass(slots=True)
class Child:
    """One process and the group of its own that it leads."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    log_path: Path
    process: subprocess.Popen[bytes] | None = None
    died_at: float | None = None

    def start(self) -> None:
        """Start the process; what it prints goes to its log."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  (commands of our own)
                self.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.died_at = None

    def is_running(self) -> bool:
        """Return whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def revive(self, now: float) -> bool:
        """Start it again, a moment after it died; return whether it was started."""
        if self.is_running():
            return False
        if self.died_at is None:
            self.died_at = now
            self._signal_group(signal.SIGKILL)
        if now - self.died_at < RESTART_DELAY_SECONDS:
            return False
        self.start()
        return True

    def terminate(self) -> None:
        """Ask it to stop."""
        if self.process is not None and self.is_running():
            self.process.terminate()

    def wait(self, deadline: float) -> None:
        """Wait until it has stopped; at the deadline it is killed with its group."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._signal_group(signal.SIGKILL)
            self.process.wait()
        self._signal_group(signal.SIGKILL)

    def log_tail(self, lines: int = 15) -> str:
        """Return the end of its log."""
        if not self.log_path.exists():
            return ""
        text = self.log_path.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def _signal_group(self, number: signal.Signals) -> None:
        """Signal what is left of the group that the process led."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return


def stop_all(children: Sequence[Child]) -> None:
    """Stop the children together and wait for them."""
    for child in children:
        child.terminate()
    deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
    for child in children:
        child.wait(deadline)


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
