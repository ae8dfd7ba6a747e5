"""The debtors that the sample deliveries speak of, put into a local org. Floor 5."""

from __future__ import annotations

from pathlib import Path

import requests

from worker.errors import SyncError

SAMPLES = Path("tests/fixtures")
TIMEOUT_SECONDS = 10


class SampleRefused(SyncError):
    """The local org does not take the sample debtors."""

    reason = "sample_refused"


def add_sample_debtors(org_url: str) -> None:
    """Create the debtors; those that are there already stay as they are.

    Raises `SampleRefused`.
    """
    for path in sorted((SAMPLES / "org").glob("*.json")):
        answer = requests.post(
            f"{org_url}/_local/records/{path.stem}",
            data=path.read_bytes(),
            headers={"Content-Type": "application/json"},
            timeout=TIMEOUT_SECONDS,
        )
        if answer.status_code != 200 and "DUPLICATE_VALUE" not in answer.text:
            raise SampleRefused(f"{path} was answered {answer.status_code}")
