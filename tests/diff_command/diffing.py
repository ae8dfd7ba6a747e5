"""A past, a changed mapping, and `crm-sync diff` in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.commands.running import Ended, crm_sync
from tests.comparing.lab import Lab, add_account, cora_call, lab_of
from tests.databases import DATABASES, url_of
from tests.orgs import running_org

TASK = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields:
      Subject: {value: Call}
      Status: {value: Completed}
"""
ACCOUNT = """
  - object: Debt_Account__c
    mode: update
    key: {Account_Number__c: event.file_number}
    fields:
      Last_Call_Result__c: {from: payload.status, as: {truncate: 255}}
"""
FLAG = "      Do_Not_Call__c: {from: payload.outcomes.doNotCall, write: sticky}\n"
HEAD = "source: cora\nevent: call.completed\nversion: {}\nwrites:\n"


@contextmanager
def three_calls(folder: Path) -> Iterator[Lab]:
    """Give three calls, a minute apart; only the first wants no more of them."""
    with DATABASES.migrated(folder) as engine, running_org() as org:
        for number in ("ACC-1", "ACC-2", "ACC-3"):
            add_account(org, number)
        with lab_of(engine, org, TASK + ACCOUNT) as lab:
            lab.send(
                cora_call("a", outcomes={"doNotCall": True}),
                cora_call("b", fileNumber="ACC-2"),
                cora_call("c", fileNumber="ACC-3"),
            )
            yield lab


def save(folder: Path, writes: str, version: int = 2) -> Path:
    """Save a mapping of Cora's calls in this folder."""
    file = folder / "cora" / "call.completed.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(HEAD.format(version) + writes, encoding="utf-8")
    return folder


def diff(past: Lab, folder: Path, *options: str, **variables: object) -> Ended:
    named: dict[str, Any] = {"DATABASE_URL": url_of(past.engine), **variables}
    return crm_sync("diff", *options, MAPPINGS_DIR=folder, **named)


def found(ended: Ended) -> dict[str, Any]:
    assert ended.exit_code == 0, ended.err
    data: dict[str, Any] = json.loads(ended.out)
    return data


def org_of(past: Lab) -> dict[str, str]:
    return {
        "SALESFORCE_DOMAIN": past.org.url,
        "SALESFORCE_CLIENT_ID": "local",
        "SALESFORCE_CLIENT_SECRET": "local",
    }
