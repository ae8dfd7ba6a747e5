"""Wrong settings stop a start: every fault with its fix, and no secret in the text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from .processes import Process
from .stacks import PLAIN, PROCFILE, WEBHOOK_CONFIG

MISSING = {
    "web": (
        "CORA_WEBHOOK_SECRET is not set: put the secret that cora shows",
        "ALTUR_WEBHOOK_SECRET is not set: put the secret that altur shows",
        "VOCOBASE_WEBHOOK_SECRET is not set: put the secret that vocobase shows",
        "FREECLIMB_SIGNING_SECRET is not set: put the secret that freeclimb shows",
    ),
    "worker": (
        "SALESFORCE_DOMAIN is not set: set the org's My Domain name",
        "SALESFORCE_CLIENT_ID is not set: copy it from the org's External Client App",
        "SALESFORCE_CLIENT_SECRET is not set: copy it from",
    ),
}
# Each is wrong or beside something that is.
SECRETS = {
    "CORA_WEBHOOK_SECRET": "hidden-of-cora-1,hidden-of-cora-2",
    "ALTUR_WEBHOOK_SECRET": "hidden of altur: no base64",
    "SALESFORCE_CLIENT_SECRET": "hidden-of-salesforce",
    "REDIS_URL": "http://:hidden-of-redis@127.0.0.1/0",
    "DATABASE_URL": "mysql://user:hidden-of-database@127.0.0.1/crm",
}
FAULTS = {
    "web": ("ALTUR_WEBHOOK_SECRET is not base64", "VOCOBASE_WEBHOOK_SECRET is not set"),
    "worker": ("SALESFORCE_DOMAIN is not set", "SALESFORCE_CLIENT_ID is not set"),
}
FAULTS_OF_BOTH = ("REDIS_URL has to begin with", "DATABASE_URL has to begin with")


@pytest.fixture(scope="module", params=[{}, SECRETS], ids=["nothing", "secrets"])
def ended(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Mapping[str, str], dict[str, Process]]]:
    """Web and worker, started side by side with such variables; they end."""
    folder = tmp_path_factory.mktemp("faults")
    processes = {name: start(name, folder, request.param) for name in MISSING}
    yield request.param, processes
    for process in processes.values():
        process.stop()


def start(name: str, folder: Path, variables: Mapping[str, str]) -> Process:
    command = PROCFILE[name].rpartition("&& ")[2]
    env = {**PLAIN, **WEBHOOK_CONFIG, "PORT": "0", **variables}
    return Process(("sh", "-c", command), env, folder, folder / name)


@pytest.mark.parametrize("name", MISSING)
def test_wrong_settings_stop_the_start_with_every_fault_and_no_secret(
    name: str, ended: tuple[Mapping[str, str], dict[str, Process]]
) -> None:
    variables, processes = ended
    expected = (*FAULTS[name], *FAULTS_OF_BOTH) if variables else MISSING[name]

    assert processes[name].exit_code() != 0
    output = processes[name].output
    assert "hidden" not in output
    assert [text for text in expected if text not in output] == []
