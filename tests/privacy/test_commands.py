"""`crm-sync rekey`, `purge`, `hold` and `erase`, run whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, text

from tests.commands.running import Ended, crm_sync, fresh
from tests.databases import url_of
from tests.privacy.ledger import KEY, Ledger
from tests.store.test_events import NOW
from worker import tasks
from worker.model import State
from worker.store.audit import Audit
from worker.store.engine import open_engine

Run = Callable[..., Ended]
DAYS_SINCE = (datetime.now(UTC) - NOW) // timedelta(days=1)


@pytest.fixture
def run(database: Engine) -> Run:
    """`crm-sync` on the test's database, with its key, by somebody with a name."""
    return partial(
        crm_sync,
        DATABASE_URL=url_of(database),
        DATA_KEY=KEY,
        CRM_SYNC_ACTOR="ops@desk",
    )


@pytest.fixture
def ledger(database: Engine) -> Iterator[Ledger]:
    engine = open_engine(url_of(database), [KEY])
    yield Ledger(engine)
    engine.dispose()


def acts(ledger: Ledger) -> list[tuple[str, str, int]]:
    return [
        (row.action, row.actor, row.count) for row in Audit(ledger.engine).newest(9)
    ]


def old(days: int) -> float:
    """How many days before `NOW` is so many days before today."""
    return days - DAYS_SINCE


def test_rekey_encrypts_what_was_in_clear(
    run: Run, database: Engine, ledger: Ledger
) -> None:
    Ledger(database).add("one")

    ended = run("rekey")

    assert (ended.exit_code, ended.err) == (0, "")
    assert ended.out.startswith("2 rows encrypted")
    with database.connect() as connection:
        stored = connection.execute(text("SELECT party_key, body FROM event")).one()
    assert "ACC-1" not in repr(stored)
    assert acts(ledger) == [("rekey", "ops@desk", 2)]


def test_rekey_without_a_key_says_what_is_missing(run: Run) -> None:
    ended = run("rekey", DATA_KEY="")

    assert ended.exit_code == 1
    assert "DATA_KEY is not set" in ended.err


def test_rekey_without_the_old_key_says_where_to_put_it(
    run: Run, ledger: Ledger
) -> None:
    ledger.add("one")

    ended = run("rekey", DATA_KEY=Fernet.generate_key().decode())

    assert ended.exit_code == 1
    assert "put it back, after a comma behind the newest key" in ended.err
    assert ledger.with_body() == {"one"}


def test_a_malformed_key_stops_every_command(run: Run) -> None:
    ended = run("events", DATA_KEY=f"{KEY},not-a-key")

    assert ended.exit_code == 1
    assert "DATA_KEY has to be 32 bytes" in ended.err
    assert "not-a-key" not in ended.err
    assert KEY not in ended.err


def test_purge_prints_counts_and_notes_who_did_it(run: Run, ledger: Ledger) -> None:
    ledger.add("old", old(91))
    ledger.add("newest", old(80))

    dry = run("purge", "--dry-run")
    assert dry.out.splitlines()[0] == "1 bodies would be emptied"
    assert ledger.with_body() == {"old", "newest"}
    assert acts(ledger) == []

    done = run("purge", RETAIN_BODY_DAYS=85)
    assert done.out.splitlines() == [
        "1 bodies emptied",
        "0 events deleted",
        "0 kept by a legal hold",
        "0 addresses of who was refused forgotten",
    ]
    assert ledger.with_body() == {"newest"}
    assert acts(ledger) == [("purge", "ops@desk", 1)]


def test_ledger_days_below_body_days_are_refused(run: Run) -> None:
    ended = run("purge", RETAIN_LEDGER_DAYS=300)

    assert ended.exit_code == 1
    assert "RETAIN_LEDGER_DAYS has to be at least" in ended.err


def test_a_hold_is_placed_listed_and_released(run: Run, ledger: Ledger) -> None:
    assert run("hold", "--party", "ACC-1", "--reason", "a lawsuit").exit_code == 0
    listed = run("hold", "--list").out
    assert "ACC-1" in listed
    assert "a lawsuit" in listed
    assert "ops@desk" in listed

    assert run("hold", "--release", "--party", "acc-1").out == "1 released\n"
    assert "ACC-1" not in run("hold", "--list").out
    assert run("hold", "--release", "--party", "acc-1").exit_code == 1
    assert [act[0] for act in acts(ledger)] == ["release", "hold"]
    assert all("ACC-1" not in row.subject for row in Audit(ledger.engine).newest(9))


def test_a_hold_says_what_it_does_not_hold(run: Run, ledger: Ledger) -> None:
    ledger.add("one")
    ledger.add("of the same call", party_key="+15125550101")

    ended = run("hold", "--party", "ACC-1", "--reason", "a lawsuit")

    assert "not held: the same calls are stored under +15125550101 too" in ended.out


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [([], "--party"), (["--party", "ACC-1"], "--reason")],
)
def test_a_hold_says_what_it_lacks(
    run: Run, arguments: list[str], missing: str
) -> None:
    ended = run("hold", *arguments)

    assert ended.exit_code == 2
    assert missing in ended.err


def test_erase_counts_asks_and_erases(run: Run, ledger: Ledger) -> None:
    ledger.add("one")
    ledger.add("two", state=State.PARKED)
    ledger.add("of the same call", party_key="+15125550101")

    dry = run("erase", "--party", "ACC-1", "--dry-run")
    assert dry.exit_code == 0
    assert "2 events (1 parked, 1 synced)" in dry.out
    assert "are stored under other names: +15125550101\n" in dry.out
    assert "Salesforce, backups and the vendor keep what they have" in dry.out
    declined = run("erase", "--party", "ACC-1", given="n\n")
    assert declined.exit_code == 1
    assert ledger.with_body() == {"one", "two", "of the same call"}

    done = run("erase", "--party", "ACC-1", given="y\n")

    assert done.exit_code == 0
    assert done.out.endswith("2 events erased\n")
    assert ledger.with_body() == {"of the same call"}
    (act,) = Audit(ledger.engine).newest(9)
    assert (act.action, act.actor, act.count) == ("erase", "ops@desk", 2)
    assert "ACC-1" not in act.subject


def test_erase_refuses_pending_events_unless_told(run: Run, ledger: Ledger) -> None:
    ledger.add("waits", state=State.PENDING)

    refused = run("erase", "--party", "ACC-1", "--yes")
    assert refused.exit_code == 1
    assert "1 wait to be delivered" in refused.err
    assert ledger.with_body() == {"waits"}

    done = run("erase", "--party", "ACC-1", "--yes", "--include-pending")
    assert done.exit_code == 0
    assert ledger.with_body() == set()


def test_erase_of_a_held_party_is_refused(run: Run, ledger: Ledger) -> None:
    ledger.add("one")
    run("hold", "--party", "ACC-1", "--reason", "a lawsuit")

    for way in (["--yes"], ["--dry-run"]):
        ended = run("erase", "--party", "ACC-1", *way)
        assert ended.exit_code == 1
        assert "legal hold" in ended.err
    assert ledger.with_body() == {"one"}


@pytest.mark.parametrize(
    "key", ["", Fernet.generate_key().decode()], ids=["no key", "another key"]
)
@pytest.mark.parametrize(
    "command",
    [
        ("erase", "--party", "ACC-1", "--dry-run"),
        ("erase", "--party", "ACC-1", "--yes"),
        ("hold", "--party", "ACC-1", "--reason", "a lawsuit"),
    ],
)
def test_without_the_key_nobody_is_said_to_be_unknown(
    run: Run, ledger: Ledger, command: tuple[str, ...], key: str
) -> None:
    ledger.add("one")
    ledger.add("of another", party_key="ACC-2")

    ended = run(*command, DATA_KEY=key)

    assert ended.exit_code == 1
    assert "DATA_KEY does not have" in ended.err
    assert "0 events" not in ended.out
    assert acts(ledger) == []


def test_erase_of_nobody_erases_nothing(run: Run, ledger: Ledger) -> None:
    ledger.add("one")

    assert run("erase", "--party", "ACC-9").out.startswith("0 events\n")
    unknown = run("erase", "--party", "ACC-1", "--connection", "nowhere", "--yes")
    assert unknown.exit_code == 1
    assert ledger.with_body() == {"one"}


def test_explain_says_that_a_body_was_purged(run: Run, ledger: Ledger) -> None:
    event_id = ledger.add("old", old(91))
    run("purge")

    ended = run("explain", str(event_id))

    assert ended.exit_code == 1
    assert "was purged on" in ended.err
    assert "body_purged" in ended.err


def test_events_are_listed_with_the_key_and_not_without(
    run: Run, ledger: Ledger
) -> None:
    ledger.add("one")

    assert "They talked." in run("events", "--json").out
    without = run("events", DATA_KEY="")
    assert without.exit_code == 1
    assert "DATA_KEY" in without.err


def test_doctor_finds_that_the_key_is_missing(run: Run, ledger: Ledger) -> None:
    ledger.add("one")

    def database(**variables: str) -> dict[str, object]:
        down = {"REDIS_URL": "redis://127.0.0.1:1/0", **variables}
        found: dict[str, object] = json.loads(run("doctor", "--json", **down).out)[
            "checks"
        ]["database"]
        return found

    assert database()["ok"]
    ill = database(DATA_KEY="")
    assert not ill["ok"]
    assert "DATA_KEY" in str(ill["says"])


def test_the_daily_task_purges_by_the_settings(
    database: Engine, ledger: Ledger
) -> None:
    ledger.add("old", old(91))
    ledger.add("newest", old(80))
    variables = {
        "DATABASE_URL": url_of(database),
        "DATA_KEY": KEY,
        "RETAIN_BODY_DAYS": "85",
    }

    with fresh(variables):
        tasks.purge()

    assert ledger.with_body() == {"newest"}
