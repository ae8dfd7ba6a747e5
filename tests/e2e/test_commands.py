"""The commands, each as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .deliveries import PATHS, ROOT, SECRETS, cora_call, new_id
from .stacks import BIN, PLAIN, Stack

WITHIN_SECONDS = 40
CRM_SYNC = str(BIN / "crm-sync")

# Runs `crm-sync explain` for each file in one process, which saves the start of forty.
EXPLAIN_EACH = """
import contextlib, io, sys
from worker.cli import main
for path in sys.argv[1:]:
    sys.argv = ["crm-sync", "explain", path]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    print(code, path, len(out.getvalue()) > 0)
"""


def run(
    *command: str | Path, env: dict[str, str] = PLAIN
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WITHIN_SECONDS,
    )


def test_the_demo_prints_one_object_with_every_vendor_synced(tmp_path: Path) -> None:
    ended = run(CRM_SYNC, "demo", "--json", "--state-dir", tmp_path / "demo")

    assert ended.returncode == 0, ended.stderr
    (line,) = ended.stdout.splitlines()
    shown: dict[str, Any] = json.loads(line)
    assert list(shown) == ["events", "api_requests"]
    assert shown["api_requests"] > 0
    events = shown["events"]
    assert {event["connection"] for event in events} == {
        "altur",
        "cora",
        "freeclimb",
        "vocobase",
    }
    for event in events:
        assert list(event) == ["connection", "type", "state", "records"]
        assert event["state"] == "synced"
        assert event["records"]
        for record in event["records"]:
            assert list(record) == ["object", "key", "salesforce_id", "fields"]
            assert record["salesforce_id"]
            assert record["fields"]
    assert {r["object"] for e in events for r in e["records"]} == {
        "Task",
        "Debt_Account__c",
        "Promise_To_Pay__c",
    }


@pytest.fixture
def delivery(tmp_path: Path) -> tuple[Path, str]:
    """A delivery in a file, of a debtor that is not in the org, and its call id."""
    call_id = new_id("call")
    path = tmp_path / "call.completed__sent.http"
    head = b"POST /webhooks/cora HTTP/1.1\r\nHost: crm-sync.example\r\n\r\n"
    path.write_bytes(head + cora_call(call_id, new_id("ACC"), phoneNumber=""))
    return path, call_id


def test_send_posts_a_file_and_events_lists_what_became_of_it(
    stack: Stack, delivery: tuple[Path, str]
) -> None:
    path, call_id = delivery
    send = (CRM_SYNC, "send", path, "--connection", "cora", "--url", stack.urls["web"])
    first, again = run(*send, env=PLAIN | SECRETS), run(*send, env=PLAIN | SECRETS)

    assert first.returncode == 0, first.stderr
    status, _, answer = first.stdout.partition(" ")
    event_id = json.loads(answer)["event"]
    assert (status, json.loads(answer)["status"]) == ("200", "accepted")
    assert json.loads(again.stdout.partition(" ")[2]) == {
        "status": "duplicate",
        "event": event_id,
    }

    settled = stack.ledger.settled(event_id)
    env = PLAIN | {"DATABASE_URL": stack.urls["database"]}
    listed = run(CRM_SYNC, "events", "--json", "--limit", "10000", env=env)
    assert listed.returncode == 0, listed.stderr
    (event,) = [
        e for e in json.loads(listed.stdout)["events"] if e["call_id"] == call_id
    ]
    assert event == settled
    assert (event["state"], event["reason"]) == ("parked", "no_match")

    wide = env | {"COLUMNS": "200"}
    table = run(CRM_SYNC, "events", "--state", "parked", env=wide)
    assert table.returncode == 0, table.stderr
    assert "parked (no_match)" in table.stdout


def test_send_with_another_secret_is_refused(
    stack: Stack, delivery: tuple[Path, str]
) -> None:
    path, _ = delivery
    env = PLAIN | {"CORA_WEBHOOK_SECRET": "another-secret-0001"}
    url = stack.urls["web"]
    ended = run(CRM_SYNC, "send", path, "--connection", "cora", "--url", url, env=env)

    assert ended.returncode == 1
    assert ended.stdout == '401 {"error": "bad_signature"}\n'


def test_explain_needs_no_environment_for_any_fixture() -> None:
    ended = run(sys.executable, "-c", EXPLAIN_EACH, *PATHS.values(), env={})

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [f"0 {p} True" for p in PATHS.values()]


def test_explain_says_which_line_gives_which_field() -> None:
    path = PATHS["cora/call.completed__compliance"]
    ended = run(CRM_SYNC, "explain", path, env={})

    assert ended.returncode == 0, ended.stderr
    mapping = ROOT / "mappings" / "cora" / "call.completed.yaml"
    lines = mapping.read_text(encoding="utf-8").splitlines()
    numbers = [n for n, text in enumerate(lines, 1) if "Do_Not_Call__c:" in text]
    expected = f"Do_Not_Call__c = true  [sticky]  (line {numbers[0]})"
    assert expected in ended.stdout
    assert "urgent: True" in ended.stdout
