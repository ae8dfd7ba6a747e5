"""`crm-sync diff` in this process: what it prints and the messages that it has."""

from __future__ import annotations

import json
from pathlib import Path

from tests.comparing.lab import Lab
from tests.diff_command.diffing import (
    ACCOUNT,
    FLAG,
    TASK,
    diff,
    found,
    org_of,
    save,
)


def test_the_counts_come_first_and_the_cost_last(past: Lab, folder: Path) -> None:
    ended = diff(past, folder)

    assert (ended.exit_code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].startswith(
        "3 events received 2026-05-04 10:15 to 2026-05-04 10:17 UTC,"
        " cora call.completed version 1 ("
    )
    assert lines[0].endswith("compared with what was sent")
    assert lines[2:] == [
        "Debt_Account__c.Do_Not_Call__c: 1 set, 0 cleared, 0 changed",
        "",
        "Debt_Account__c Account_Number__c=ACC-1  (event 1, cora call.completed)",
        f"  Do_Not_Call__c: (nothing) -> true   {folder}/cora/call.completed.yaml:17",
        "",
        "Applying it to this 1 event would cost about 3 API requests"
        " (1 look-up, 2 writes).",
    ]


def test_all_is_there_as_json(past: Lab, folder: Path) -> None:
    data = found(diff(past, folder, "--json"))

    assert data["against"] == "last_sent"
    assert data["counts"][0]["set"] == 1
    (record,) = data["records"]
    assert record["events"] == [{"event": 1, "type": "cora call.completed"}]
    (change,) = record["fields"]
    assert (change["before"], change["after"]) == (None, True)
    assert data["cost"] == {
        "events": [1], "api_requests": 3, "look_ups": 1, "writes": 2
    }  # fmt: skip


def test_the_org_is_read_and_never_written(past: Lab, folder: Path) -> None:
    past.org.reset_stats()

    ended = diff(past, folder, "--against-org", **org_of(past))

    assert "compared with the values in Salesforce" in ended.out
    assert "Debt_Account__c.Do_Not_Call__c: 1 set" in ended.out
    stats = past.org.stats()
    assert set(stats["by_path"]) == {"GET query"}
    assert stats["api_requests"] <= 3


def test_only_so_many_records_are_shown(past: Lab, folder: Path) -> None:
    save(folder, TASK.replace("value: Call", "value: Talk"))

    few = diff(past, folder, "--records", "4").out
    all_but_one = diff(past, folder, "--records", "5").out
    everything = diff(past, folder, "--records", "0").out

    assert few.count('Subject: "Call" -> "Talk"') == 1
    assert "1 more record: --records 0 shows all" in all_but_one
    assert "2 more records: --records 0 shows all" in few
    assert everything.count('Subject: "Call" -> "Talk"') == 3
    assert "3 no longer sent" in everything


def test_findings_are_shown_and_nothing_is_compared(past: Lab, folder: Path) -> None:
    save(folder, TASK.replace("Status", "Statis") + ACCOUNT, version=2)

    ended = diff(past, folder)
    as_json = diff(past, folder, "--json")

    assert (ended.exit_code, as_json.exit_code) == (1, 1)
    assert f"{folder}/cora/call.completed.yaml:10:" in ended.out
    assert "did you mean 'Status'?" in ended.out
    assert ended.err == "1 finding: nothing was compared\n"
    assert len(json.loads(as_json.out)) == 1


def test_changed_content_of_the_same_version_is_a_finding(
    past: Lab, folder: Path
) -> None:
    save(folder, TASK + ACCOUNT + FLAG, version=1)

    ended = diff(past, folder)

    assert ended.exit_code == 1
    assert "version" in ended.out


def test_no_database_is_said_to_be_missing(past: Lab, folder: Path) -> None:
    ended = diff(past, folder, DATABASE_URL=f"sqlite:///{folder / 'none.db'}")

    assert ended.exit_code == 1
    assert "set DATABASE_URL to the one that the workers use" in ended.err
    assert not (folder / "none.db").exists()


def test_an_org_that_does_not_answer_is_said_to(past: Lab, folder: Path) -> None:
    away = {**org_of(past), "SALESFORCE_DOMAIN": "http://127.0.0.1:9"}

    ended = diff(past, folder, "--against-org", **away)

    assert ended.exit_code == 1
    assert "Salesforce does not answer" in ended.err
    assert "without --against-org it is not asked" in ended.err


def test_an_org_that_is_not_set_is_said_to_be_missing(past: Lab, folder: Path) -> None:
    ended = diff(past, folder, "--against-org")

    assert ended.exit_code == 1
    assert "SALESFORCE_" in ended.err
