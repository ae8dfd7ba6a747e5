"""`crm-sync parked`, `replay`, `discard`, `audit` and `events NUMBER`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import Engine, update

from tests.commands.running import Ended, crm_sync
from tests.databases import url_of
from tests.store.test_events import NOW, new_event
from tests.store.test_lanes import record
from tests.store.test_replays import settle
from worker import broker
from worker.errors import BrokerUnavailable
from worker.model import State
from worker.store.events import EVENT, Events

HINT = "cora/call.completed.yaml:5: no Debt_Account__c: create the record, then replay"
NOBODY_THERE = 2


@pytest.fixture(autouse=True)
def rung() -> Iterator[list[int]]:
    """The lanes that were rung for; there is no Redis."""
    lanes: list[int] = []
    with patch.object(broker, "ring", lambda _app, lane: lanes.append(lane)):
        yield lanes


@pytest.fixture
def parked(database: Engine) -> list[int]:
    """Three parked events, one of them for another reason, and a synced one."""
    refused = {
        "state": State.PARKED,
        "salesforce_id": None,
        "hint": HINT,
        "error_code": "NO_SUCH",
    }
    records = {"records": (record(**refused),)}
    settle(database, "0", state=State.SYNCED, reason=None)
    return [
        settle(database, "1", reason="ambiguous_match", lane=1, **records),
        settle(database, "2", lane=2, **records),
        settle(database, "3", lane=3, **records),
    ]


def run(database: Engine, *arguments: str | int, given: str = "") -> Ended:
    variables = {"DATABASE_URL": url_of(database)}
    named = variables | {"CRM_SYNC_ACTOR": "desk"}
    return crm_sync(*map(str, arguments), given=given, **named)


def states(database: Engine) -> list[str]:
    return [row.state for row in Events(database).newest(9)][::-1]


def audited(database: Engine) -> list[dict[str, Any]]:
    listed = json.loads(run(database, "audit", "--json").out)["audit"]
    return [dict(row) for row in listed]


def test_parked_events_are_shown_by_reason_with_what_to_do(
    database: Engine, parked: list[int]
) -> None:
    groups = json.loads(run(database, "parked", "--json").out)["parked"]

    assert [(g["reason"], g["events"], g["oldest"]) for g in groups] == [
        ("ambiguous_match", 1, parked[0]),
        ("no_match", 2, parked[1]),
    ]
    first = groups[0]
    assert (first["object"], first["error_code"]) == ("Task", "NO_SUCH")
    assert first["hint"] == HINT
    assert HINT in run(database, "parked").out


def test_the_events_of_a_reason_are_listed_the_oldest_first(
    database: Engine, parked: list[int]
) -> None:
    ended = run(database, "parked", "--reason", "no_match", "--json")

    listed = json.loads(ended.out)["parked"]
    assert [(e["event"], e["hint"]) for e in listed] == [(i, HINT) for i in parked[1:]]


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("body_purged", "discard it"),
        ("gave_up", "crm-sync events NUMBER"),
        ("internal_error", "the worker's log"),
        ("mapping_lost", "replay by today's"),
        ("bad_payload", "cannot read"),
    ],
)
def test_an_event_that_is_parked_without_a_record_has_a_hint_too(
    database: Engine, reason: str, hint: str
) -> None:
    settle(database, "1", reason=reason, records=())

    (group,) = json.loads(run(database, "parked", "--json").out)["parked"]

    assert hint in group["hint"]
    assert hint in run(database, "parked", "--reason", reason).out


def test_nothing_parked_is_said_to_be_so(database: Engine) -> None:
    assert run(database, "parked").out == "nothing is parked\n"
    listed = run(database, "parked", "--reason", "no_match")
    assert listed.out == "nothing is parked for no_match\n"


def test_a_replay_says_how_many_rings_their_lanes_and_is_written_down(
    database: Engine, parked: list[int], rung: list[int]
) -> None:
    ended = run(database, "replay", "--reason", "no_match", "--yes")

    assert ended.exit_code == 0, ended.err
    assert "2 events found" in ended.out
    assert "2 events due again" in ended.out
    assert states(database) == ["synced", "parked", "pending", "pending"]
    assert rung == [2, 3]
    (act,) = audited(database)
    assert (act["actor"], act["action"], act["count"]) == ("desk", "replay", 2)
    assert json.loads(act["subject"]) == {"state": "parked", "reason": "no_match"}
    assert act["detail"] == "mapping current, 50 a second"


def test_named_events_of_any_settled_state_are_replayed(
    database: Engine, parked: list[int]
) -> None:
    pending = Events(database).add(new_event(dedupe_key="9")).event_id

    ended = run(database, "replay", parked[0], 1, pending, 999, "--yes")

    assert "2 events found" in ended.out
    assert states(database) == ["pending", "pending", "parked", "parked", "pending"]
    (act,) = audited(database)
    assert json.loads(act["subject"])["events"] == [parked[0], 1, pending, 999]


@pytest.mark.parametrize(
    "command",
    [
        ("replay", "--all"),
        ("replay", "--reason", "no_match"),
        ("discard", "--all", "--reason", "sold"),
    ],
)
def test_without_a_terminal_or_yes_nothing_is_changed(
    database: Engine, parked: list[int], command: tuple[str, ...]
) -> None:
    ended = run(database, *command, given="y\n")

    assert ended.exit_code == NOBODY_THERE
    assert "Nobody is there to ask: say --yes" in ended.err
    assert states(database) == ["synced", "parked", "parked", "parked"]
    assert audited(database) == []


@pytest.mark.parametrize("command", [("replay",), ("discard", "--reason", "sold")])
def test_a_dry_run_only_counts(
    database: Engine, parked: list[int], command: tuple[str, ...]
) -> None:
    ended = run(database, *command, "--all", "--dry-run")

    assert (ended.exit_code, ended.out.splitlines()[0]) == (0, "3 events found")
    assert states(database) == ["synced", "parked", "parked", "parked"]
    assert audited(database) == []


@pytest.mark.parametrize(("answer", "exit_code"), [("y\n", 0), ("n\n", 1)])
def test_a_person_is_asked(
    database: Engine, parked: list[int], answer: str, exit_code: int
) -> None:
    with patch("worker.cli.selecting.is_terminal", return_value=True):
        ended = run(database, "replay", "--all", given=answer)

    assert ended.exit_code == exit_code
    assert "Replay 3 events?" in ended.out
    assert states(database).count("pending") == (3 if exit_code == 0 else 0)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["replay"], "say --all"),
        (["replay", "--all", "--state", "pending"], "none of synced, skipped, parked"),
        (["replay", "--since", "yesterday"], "is neither 2026-05-04"),
        (["replay", "--since", "0001-01-01T00:00:00+23:59"], "is neither 2026"),
        (["replay", "--until", "9999-12-31T23:59:59-10:00"], "is neither 2026"),
        (
            ["replay", "--since", "2026-05-05", "--until", "2026-05-04"],
            "--since has to be before",
        ),
        (["replay", "--all", "--rate", "-1"], "--rate"),
        (["replay", "--all", "--rate", "0.001"], "--rate"),
        (["discard", "--reason", "sold"], "say --all"),
        (["discard", "--all", "--reason", " "], "say why"),
        (["discard", "--all"], "--reason"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(
    database: Engine, arguments: list[str], hint: str
) -> None:
    ended = run(database, *arguments)

    assert ended.exit_code == NOBODY_THERE
    assert hint in ended.err


def test_what_is_not_replayed_is_said(database: Engine, parked: list[int]) -> None:
    ended = run(database, "replay", "--all", "--mapping-version", "original", "--yes")

    assert "3 of them are left as they are" in ended.out
    assert "not written by a mapping that is kept" in ended.out
    assert states(database) == ["synced", "parked", "parked", "parked"]


def test_what_was_purged_is_said_to_be_left(
    database: Engine, parked: list[int]
) -> None:
    with database.begin() as connection:
        query = update(EVENT).where(EVENT.c.id == parked[1])
        connection.execute(query.values(purged_at=NOW))

    ended = run(database, "replay", "--all", "--yes")
    again = run(database, "replay", "--all", "--yes")

    left = "1 of them is left as it is: the body was purged or erased"
    assert left in ended.out
    assert "2 events due again" in ended.out
    assert (again.exit_code, again.out) == (0, f"1 event found\n{left}\n")
    assert states(database) == ["synced", "pending", "parked", "pending"]


def test_ctrl_c_says_what_it_leaves_behind(database: Engine, parked: list[int]) -> None:
    with patch("worker.store.replays.add_attempts", side_effect=KeyboardInterrupt):
        ended = run(database, "replay", "--all", "--yes")

    assert ended.exit_code not in (0, None)
    assert "ended early: crm-sync audit says how many were done" in ended.err
    (act,) = audited(database)
    assert (act["action"], act["count"]) == ("replay", 0)


def test_whoever_gives_up_compliance_calls_is_told(
    database: Engine, parked: list[int]
) -> None:
    urgent = settle(database, "9", urgent=True)

    ended = run(database, "discard", urgent, parked[0], "--reason", "sold", "--dry-run")

    assert ended.out == "2 events found\ncompliance calls among them: 1\n"


def test_with_redis_away_the_sweep_rings(database: Engine, parked: list[int]) -> None:
    with patch.object(broker, "ring", side_effect=BrokerUnavailable("away")):
        ended = run(database, "replay", "--all", "--yes")

    assert ended.exit_code == 0
    assert "the sweep rings" in ended.err
    assert states(database).count("pending") == 3


def test_a_database_that_is_away_is_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}"

    ended = crm_sync("replay", "--all", "--yes", DATABASE_URL=url)

    assert ended.exit_code == 1
    assert ended.err == (
        "crm-sync: the database: OperationalError: see DATABASE_URL, and crm-sync"
        " doctor\n"
    )


def test_discarded_events_are_skipped_and_it_is_written_down_why(
    database: Engine, parked: list[int]
) -> None:
    ended = run(
        database, "discard", "--parked-reason", "no_match", "--reason", "sold", "--yes"
    )

    assert ended.out.splitlines()[-1] == "2 events discarded"
    assert states(database) == ["synced", "parked", "skipped", "skipped"]
    (act,) = audited(database)
    assert (act["action"], act["count"], act["detail"]) == ("discard", 2, "sold")
    assert "desk" in run(database, "audit").out


def test_one_event_is_shown_with_its_history(
    database: Engine, parked: list[int]
) -> None:
    Events(database).add(new_event(dedupe_key="2"))
    run(database, "replay", parked[1], "--yes")

    found = json.loads(run(database, "events", parked[1], "--json").out)["event"]

    assert (found["event"], found["revision"], found["duplicates"]) == (parked[1], 1, 1)
    acts = [(a["attempt"], a["state"], a["reason"]) for a in found["history"]]
    assert acts == [(1, "parked", "no_match"), (0, "pending", "replayed")]
    shown = run(database, "events", parked[1]).out
    assert "revision 1, duplicates: 1" in shown
    assert HINT in shown


def test_what_passed_at_once_has_a_history_of_one(
    database: Engine, parked: list[int]
) -> None:
    found = json.loads(run(database, "events", 1, "--json").out)["event"]

    (only,) = found["history"]
    assert (only["attempt"], only["state"]) == (1, "synced")
    assert only["at"] == NOW.isoformat(timespec="seconds")


@pytest.mark.parametrize("number", [77, 9 * 10**30])
def test_an_event_that_is_not_there_is_said_to_be_so(
    database: Engine, number: int
) -> None:
    ended = run(database, "events", number)

    assert ended.exit_code == 1
    assert f"no event {number}" in ended.err
