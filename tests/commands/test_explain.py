from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.commands.running import ROOT, crm_sync
from tests.delivery.harness import START, Harness, add_account, cora_call
from tests.orgs import client_of
from worker.checking import RecordedMappings
from worker.localorg import LocalOrg
from worker.mapping_folder import load_mappings
from worker.store.mapping_texts import MappingTexts

FIXTURE = ROOT / "tests" / "fixtures" / "cora" / "call.completed__compliance.http"


def field(explained: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the one field of this name in the writes."""
    (found,) = [
        f for w in explained["writes"] for f in w["fields"] if f["name"] == name
    ]
    return dict(found)


def test_a_fixture_is_explained_field_by_field() -> None:
    explained = json.loads(crm_sync("explain", FIXTURE, "--json").out)

    flag = field(explained, "Do_Not_Call__c")
    assert flag["value"] is True
    assert flag["policy"] == "sticky"
    assert flag["inputs"] == [["payload.outcomes.doNotCall", True]]
    path, line = flag["place"].rsplit(":", 1)
    text = Path(path).read_text(encoding="utf-8").splitlines()
    assert "Do_Not_Call__c" in text[int(line) - 1]
    assert flag["note"] is None


def explained_payload(payload: dict[str, Any], *options: str) -> dict[str, Any]:
    ended = crm_sync(
        "explain", "-", "--connection", "cora", "--event", "call.completed", "--json",
        *options,
        given=json.dumps(payload),
    )  # fmt: skip
    assert ended.exit_code == 0, ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found


@pytest.mark.parametrize(
    ("outcomes", "name", "note"),
    [
        ({}, "Do_Not_Call__c", "the payload does not have the path"),
        ({"doNotCall": False}, "Do_Not_Call__c", "a call only sets it"),
        ({"doNotCall": None}, "Do_Not_Call__c", "null, which leaves the field"),
        ({"spanishCall": False}, "Language__c", "`choose` has no false"),
        ({"isEmployed": False}, "Employment__c", "is not true"),
        ({"bankruptcyChapter": " "}, "Bankruptcy_Chapter__c", "a blank text"),
        ({"promiseToPayDays": "soon"}, "Promise_To_Pay_Days__c", "the event parked"),
    ],
)
def test_why_a_field_is_not_sent_is_said(
    outcomes: dict[str, Any], name: str, note: str
) -> None:
    explained = explained_payload({"fileNumber": "ACC-1", "outcomes": outcomes})

    found = field(explained, name)
    assert found["value"] is None
    assert note in found["note"]


def test_a_card_number_is_shown_as_it_would_be_written() -> None:
    summary = "Paid with 4111 1111 1111 1111."

    explained = explained_payload({"summary": summary, "outcomes": {}})

    assert "4111" not in field(explained, "Description")["value"]


def test_a_whole_body_may_be_pasted() -> None:
    ended = crm_sync(
        "explain", "-", "--connection", "cora", given=json.dumps(cora_call("call-7"))
    )

    assert ended.exit_code == 0
    assert "External_Call_Id__c=call-7" in ended.out


@pytest.mark.parametrize(
    ("arguments", "given", "hint"),
    [
        (["-"], "{}", "--connection NAME"),
        (
            ["-", "--connection", "cora", "--event", "call.done"],
            "{}",
            "it sends: call.",
        ),
        (
            ["-", "--connection", "cora", "--event", "call.completed"],
            "[]",
            "no JSON obj",
        ),
        (["-", "--connection", "nobody"], "{}", "no connection 'nobody'"),
        (["no.http"], "", "cannot be read"),
        (["no.json", "--connection", "cora"], "", "cannot be read"),
    ],
)
def test_what_cannot_be_explained_is_said_to_be_so(
    arguments: list[str], given: str, hint: str
) -> None:
    ended = crm_sync("explain", *arguments, given=given)

    assert ended.exit_code == 1
    assert hint in ended.err


@pytest.fixture
def recorded(database: Engine, org: LocalOrg) -> Iterator[Harness]:
    """The way of a call whose mapping is kept in the database."""
    shipped = load_mappings(ROOT / "mappings")
    mappings = RecordedMappings(shipped, MappingTexts(database), lambda: START)
    with client_of(org.url) as crm:
        yield Harness(database, crm, mappings)  # type: ignore[arg-type]


def test_a_stored_event_is_explained_by_the_mapping_that_wrote_it(
    recorded: Harness, org: LocalOrg, database: Engine, tmp_path: Path
) -> None:
    add_account(org)
    answer = recorded.send(cora_call())
    recorded.drain()
    assert recorded.ended(answer) == ("synced", None)
    changed = Path(shutil.copytree(ROOT / "mappings", tmp_path / "mappings"))
    file = changed / "cora" / "call.completed.yaml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("Cora call, ", "A call, ").replace("version: 2", "version: 3")
    file.write_text(text, encoding="utf-8")
    variables = {
        "DATABASE_URL": database.url.render_as_string(),
        "MAPPINGS_DIR": changed,
    }

    then = crm_sync("explain", str(answer.event_id), "--json", **variables)
    now = crm_sync("explain", str(answer.event_id), "--current", "--json", **variables)

    by_then, by_now = json.loads(then.out), json.loads(now.out)
    assert field(by_then, "Subject")["value"] == "Cora call, Outbound"
    assert by_then["version"] == "2"
    assert "it has changed" in by_then["remark"]
    assert field(by_now, "Subject")["value"] == "A call, Outbound"
    assert by_now["version"] == "3"
    (record, *_) = recorded.records(answer)
    assert record.mapping_hash == by_then["content_hash"] != by_now["content_hash"]

    file.write_text("broken: [", encoding="utf-8")
    still = crm_sync("explain", str(answer.event_id), "--json", **variables)
    assert json.loads(still.out) == by_then


@pytest.mark.parametrize("number", ["77", "9" * 30])
def test_an_event_that_is_not_there_is_said_to_be_so(
    database: Engine, number: str
) -> None:
    url = database.url.render_as_string()

    ended = crm_sync("explain", number, DATABASE_URL=url)

    assert ended.exit_code == 1
    assert f"no event {number}" in ended.err


def test_a_database_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'nowhere' / 'none.db'}"

    ended = crm_sync("explain", "77", DATABASE_URL=url)

    assert ended.exit_code == 1
    assert "the database with the events cannot be read" in ended.err
