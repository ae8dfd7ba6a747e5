"""Whom the calls are about stays in the database and in Salesforce, nowhere else."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import redis
import requests

from .deliveries import (
    PATHS,
    SECRETS,
    TIMEOUT_SECONDS,
    cora_call,
    fixture_body,
    new_id,
)
from .stacks import Pieces, Stack, accounts

# Parts of a body that say nothing of the debtor.
OF_OURS = {"agent", "organization", "assistant"}
# Members that say who the debtor is, or what was said.
PERSONAL = {
    "account_number",
    "bankruptcyAttorneyName",
    "bankruptcyAttorneyPhone",
    "bankruptcyCaseNumber",
    "callee_name",
    "contact",
    "content",
    "context",
    "display_name",
    "f_id",
    "fileNumber",
    "from",
    "from_number",
    "name",
    "note",
    "phoneNumber",
    "phone_number",
    "phone_number_from",
    "phone_number_to",
    "recordingUrl",
    "recording_url",
    "summary",
    "to",
    "to_number",
}
BASE64 = re.compile(rb"[A-Za-z0-9+/]{8,}={0,2}")


def personal_texts(node: Any) -> Iterator[str]:
    """Every text of a body that must stay out of logs and of Redis."""
    if isinstance(node, list):
        for part in node:
            yield from personal_texts(part)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name in PERSONAL and isinstance(value, str) and len(value) > 5:
                yield value
            elif name not in OF_OURS:
                yield from personal_texts(value)


def secret_texts() -> set[str]:
    texts: set[str] = set(SECRETS.values())
    for body in map(fixture_body, PATHS):
        texts |= set(personal_texts(json.loads(body)))
    for account in accounts():
        texts |= {str(account["Name"]), str(account["Account_Number__c"])}
    return texts


def found_in(content: bytes, texts: set[str]) -> list[str]:
    """Those of the texts that are in the content: as they are, escaped or encoded."""
    decoded = []
    for match in BASE64.findall(content):
        with suppress(ValueError):
            decoded.append(base64.b64decode(match + b"=" * (-len(match) % 4)))
    everything = b"\n".join([content, *decoded])
    return sorted(
        text
        for text in texts
        if text.encode() in everything or json.dumps(text)[1:-1].encode() in everything
    )


def redis_content(url: str) -> bytes:
    """All keys with all their values, one a line."""
    readers = {
        b"string": lambda key: [client.get(key)],
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": lambda key: client.smembers(key),
        b"zset": lambda key: client.zrange(key, 0, -1),
        b"hash": lambda key: [b for pair in client.hgetall(key).items() for b in pair],
    }
    with redis.Redis.from_url(url) as client:
        lines = []
        for key in client.scan_iter():
            # What has gone since the scan is of no type.
            if read := readers.get(client.type(key)):
                lines += [key, *read(key)]
    return b"\n".join(filter(None, lines))


@pytest.fixture
def troubled(stack: Stack, settled_fixtures: object) -> set[str]:
    """The texts of deliveries that go wrong in every way, now that they have."""
    call_id, number, phone = new_id("call"), new_id("ACC"), "+15005550142"
    summary = f"Told us of {number}, and more than we asked."
    personal = {"phoneNumber": phone, "summary": summary}
    stack.new_account(number)
    body = cora_call(call_id, number, **personal)
    tampered = cora_call(new_id("call"), number, **personal)
    assert (
        stack.vendor.post(
            "cora", tampered, **{"x-webhook-signature": "0" * 64}
        ).status_code
        == 401
    )
    assert stack.vendor.post("cora", body[:-1]).status_code == 400
    unreadable = cora_call(new_id("call"), number, duration=phone, createdAt=summary)
    stack.vendor.post("cora", unreadable)
    stack.org.set_faults(
        {"kind": "drop_before", "times": 1, "path": number},
        {
            "kind": "row_error",
            "object": "Task",
            "field": "External_Call_Id__c",
            "value": call_id,
            "statusCode": "STRING_TOO_LONG",
            "message": f"Comments: data value too large: {summary} {phone}",
            "fields": ["Description"],
        },
    )
    try:
        event = stack.ledger.settled(stack.vendor.accepted("cora", body))
    finally:
        stack.org.set_faults()
    assert (event["state"], event["reason"]) == ("parked", "string_too_long")
    stack.ledger.await_all_settled()
    return {number, phone, summary}


def test_no_log_says_whom_a_call_was_about(stack: Stack, troubled: set[str]) -> None:
    texts = secret_texts() | troubled
    logs = sorted((stack.state_dir / "logs").iterdir())

    assert {path.stem for path in logs} >= {"web", "worker", "beat", "org", "redis"}
    found = {path.name: found_in(path.read_bytes(), texts) for path in logs}
    assert found == {path.name: [] for path in logs}


def test_redis_holds_nothing_of_a_delivery_after_it_was_synced(
    stack: Stack, troubled: set[str]
) -> None:
    content = redis_content(stack.urls["redis"])

    assert b"_kombu.binding" in content
    assert found_in(content, secret_texts() | troubled) == []


def test_flower_shows_tasks_and_nothing_of_a_delivery(
    stack: Stack, troubled: set[str]
) -> None:
    columns = {"columns[0][data]": "name", "order[0][column]": "0"}
    page = {"draw": "1", "start": "0", "length": "1000", "order[0][dir]": "asc"}
    url = f"{stack.urls['flower']}/tasks/datatable"
    answer = requests.get(
        url, params={**page, **columns, "search[value]": ""}, timeout=TIMEOUT_SECONDS
    )

    assert answer.status_code == 200
    assert b"worker.drain" in answer.content
    assert found_in(answer.content, secret_texts() | troubled) == []


def test_no_error_text_or_hint_says_whom_a_call_was_about(
    stack: Stack, troubled: set[str]
) -> None:
    names = ("reason", "hint", "error_code", "error_fields")
    texts = [
        str(record.get(name))
        for event in stack.ledger.all().values()
        for record in (event, *event["records"])
        for name in names
    ]

    assert any("string_too_long" in text for text in texts)
    assert found_in("\n".join(texts).encode(), secret_texts() | troubled) == []


def test_redis_holds_lane_numbers_only_while_deliveries_wait(pieces: Pieces) -> None:
    pieces.start_redis()
    mapped = [name for name in PATHS if name != "freeclimb/record__utterance"]
    pieces.take_in((name.split("/")[0], fixture_body(name)) for name in mapped)
    content = redis_content(pieces.redis_url)

    assert content.count(b"worker.drain") == len(mapped)
    assert found_in(content, secret_texts()) == []


def test_the_search_finds_what_is_there() -> None:
    """Else nothing above would mean anything."""
    hidden = base64.b64encode(b'[[{"fileNumber": "ACC-429795"}], {}]')

    assert found_in(b'{"body": "' + hidden + b'"}', secret_texts()) == ["ACC-429795"]
    assert "+15125550101" in secret_texts()
    assert found_in(json.dumps("¿Hablo con X?").encode(), {"¿Hablo con X?"})
