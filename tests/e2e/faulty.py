"""Web and worker as the Procfile starts them, with settings that cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .processes import Process
from .stacks import FOLDERS, PLAIN, PROCFILE

# Each is wrong, or stands beside one that is.
SECRETS = {
    "CORA_WEBHOOK_SECRET": "hidden-of-cora-1,hidden-of-cora-2",
    "ALTUR_WEBHOOK_SECRET": "hidden of altur: no base64",
    "SALESFORCE_CLIENT_SECRET": "hidden-of-salesforce",
    "REDIS_URL": "http://:hidden-of-redis@127.0.0.1/0",
    "DATABASE_URL": "mysql://user:hidden-of-database@127.0.0.1/crm",
}
CASES: dict[str, dict[str, str]] = {"nothing": {}, "secrets": SECRETS}


@dataclass(frozen=True, slots=True)
class Start:
    """How a start has ended, and what it said."""

    exit_code: int
    output: str


def run_faulty(folder: Path) -> dict[tuple[str, str], Start]:
    """Start web and worker in every case, side by side, until they end."""
    processes: dict[tuple[str, str], Process] = {}
    try:
        for case, variables in CASES.items():
            env = {**PLAIN, **FOLDERS, "PORT": "0", "WEB_WORKERS": "1", **variables}
            for name in ("web", "worker"):
                command = ("sh", "-c", PROCFILE[name].rpartition("&& ")[2])
                log_stem = folder / f"{case}-{name}"
                processes[case, name] = Process(command, env, folder, log_stem)
        return {
            key: Start(process.exit_code(), process.output)
            for key, process in processes.items()
        }
    finally:
        for process in processes.values():
            process.kill_group()
