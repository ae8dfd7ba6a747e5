"""The commands, each as a process of its own."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from .commands import CRM_SYNC, Ended, run
from .deliveries import PATHS, ROOT, SECRETS, cora_call, new_id
from .stacks import PLAIN, Stack


def test_the_demo_prints_one_object_with_every_vendor_synced(
    demo: Ended,
) -> None:
    assert demo.exit_code == 0, demo.output
    (line,) = demo.out.splitlines()
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
        "Call_Detail__c",
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
    url = stack.urls["web"]
    send = (CRM_SYNC, "send", path, "--connection", "cora", "--url", url)
    sent = run(path.parent, *send, env=PLAIN | SECRETS)
    assert sent.exit_code == 0, sent.output
    status, _, answer = sent.out.partition(" ")
    event_id = json.loads(answer)["event"]
    assert (status, json.loads(answer)["status"]) == ("200", "accepted")

    settled = stack.ledger.settled(event_id)
    env = PLAIN | {"DATABASE_URL": stack.database_url}
    listing = (CRM_SYNC, "events", "--state", "parked")
    with ThreadPoolExecutor(2) as pool:
        as_json = pool.submit(
            run, path.parent, *listing, "--json", "--limit", "10000", env=env
        )
        as_table = pool.submit(run, path.parent, *listing, env=env | {"COLUMNS": "200"})
    listed, table = as_json.result(), as_table.result()
    assert listed.exit_code == 0, listed.output
    (event,) = [e for e in json.loads(listed.out)["events"] if e["call_id"] == call_id]
    assert event == settled
    assert (event["state"], event["reason"]) == ("parked", "no_match")

    assert table.exit_code == 0, table.output
    assert "parked (no_match)" in table.out


def test_send_with_another_secret_is_refused(
    stack: Stack, delivery: tuple[Path, str]
) -> None:
    path, _ = delivery
    env = PLAIN | {"CORA_WEBHOOK_SECRET": "another-secret-0001"}
    url = stack.urls["web"]
    send = (CRM_SYNC, "send", path, "--connection", "cora", "--url", url)
    ended = run(path.parent, *send, env=env)

    assert ended.exit_code == 1
    assert ended.out == '401 {"error": "bad_signature"}\n'


def test_explain_needs_no_environment_for_any_fixture(
    explained: dict[str, tuple[int, str]],
) -> None:
    assert {name: code for name, (code, _) in explained.items()} == dict.fromkeys(
        PATHS, 0
    )


def test_explain_says_which_line_gives_which_field(
    explained: dict[str, tuple[int, str]],
) -> None:
    _, text = explained["cora/call.completed__compliance"]
    mapping = ROOT / "mappings" / "cora" / "call.completed.yaml"
    lines = mapping.read_text(encoding="utf-8").splitlines()
    numbers = [n for n, line in enumerate(lines, 1) if "Do_Not_Call__c:" in line]

    assert f"Do_Not_Call__c = true  [sticky]  (line {numbers[0]})" in text
    assert "urgent: True" in text
