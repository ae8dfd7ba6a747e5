"""Wrong settings stop a start: every fault with its fix, and no secret in the text."""

from __future__ import annotations

import pytest

from .faulty import Start

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
FAULTS = {
    "web": ("ALTUR_WEBHOOK_SECRET is not base64", "VOCOBASE_WEBHOOK_SECRET is not set"),
    "worker": ("SALESFORCE_DOMAIN is not set", "SALESFORCE_CLIENT_ID is not set"),
}
FAULTS_OF_BOTH = ("REDIS_URL has to be", "DATABASE_URL has to be")


@pytest.mark.parametrize("name", MISSING)
def test_an_empty_environment_stops_the_start_with_every_variable_and_its_fix(
    name: str, faulty_starts: dict[tuple[str, str], Start]
) -> None:
    start = faulty_starts["nothing", name]

    assert start.exit_code != 0
    assert [text for text in MISSING[name] if text not in start.output] == []


@pytest.mark.parametrize("name", MISSING)
def test_wrong_variables_stop_the_start_with_every_fault_and_no_secret(
    name: str, faulty_starts: dict[tuple[str, str], Start]
) -> None:
    start = faulty_starts["secrets", name]

    assert start.exit_code != 0
    assert "hidden" not in start.output
    faults = (*FAULTS[name], *FAULTS_OF_BOTH)
    assert [text for text in faults if text not in start.output] == []
