"""What SQLite leaves in its file of what was taken out of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.commands.running import crm_sync, fresh
from tests.databases import sqlite_engine, url_of
from tests.privacy.ledger import KEY, Ledger
from tests.privacy.test_whole_way import Kept
from worker import tasks
from worker.store.engine import reading, writing
from worker.store.remains import clear_remains

SAID = "Told us of a will"


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    with sqlite_engine(tmp_path) as engine:
        return Kept(url_of(engine), tmp_path)


@pytest.fixture
def engine(kept: Kept) -> Iterator[Engine]:
    """A database of whose rows that is gone, and which waits for no lock.

    SQLite moves rows between pages and leaves copies, now and then; here it always has.
    """
    engine = kept.opened()
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA secure_delete=OFF")
        connection.exec_driver_sql("CREATE TABLE moved (said TEXT)")
        connection.exec_driver_sql(f"INSERT INTO moved VALUES ('{SAID}')")
        connection.exec_driver_sql("DROP TABLE moved")
        connection.commit()
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
    yield engine
    engine.dispose()


def is_left(kept: Kept) -> bool:
    return SAID.encode() in kept.content()


def test_the_file_is_written_anew(kept: Kept, engine: Engine) -> None:
    assert is_left(kept)  # else this test would mean nothing

    assert clear_remains(engine) == ""

    assert not is_left(kept)


def test_a_large_file_is_not_written_anew_beside_running_calls(
    kept: Kept, engine: Engine
) -> None:
    why = clear_remains(engine, most_bytes=1000)

    assert "too many to write anew beside running calls" in why
    assert is_left(kept)


def test_whoever_reads_meanwhile_is_told_of(kept: Kept, engine: Engine) -> None:
    with reading(kept.opened()) as reader:
        reader.exec_driver_sql("SELECT count(*) FROM event")
        why = clear_remains(engine)

    assert why == "somebody reads the log just now"


def test_a_file_that_another_writes_is_left_alone(kept: Kept, engine: Engine) -> None:
    with writing(kept.opened()):
        why = clear_remains(engine)

    assert why == "the file could not be written anew (OperationalError)"
    assert is_left(kept)


@pytest.mark.parametrize(
    "command",
    [("rekey",), ("purge",), ("erase", "--party", "ACC-1", "--yes")],
    ids=lambda command: command[0],
)
def test_the_commands_leave_nothing(
    kept: Kept, engine: Engine, command: tuple[str, ...]
) -> None:
    Ledger(engine).add("one")
    variables = {"DATABASE_URL": kept.url, "DATA_KEY": KEY}

    ended = crm_sync(*command, **variables)

    assert (ended.exit_code, ended.err) == (0, "")
    assert not is_left(kept)


def test_a_command_says_what_may_be_left(kept: Kept, engine: Engine) -> None:
    with reading(kept.opened()) as reader, pytest.MonkeyPatch.context() as patch:
        reader.exec_driver_sql("SELECT count(*) FROM event")
        patch.setattr("worker.store.engine.BUSY_TIMEOUT_SECONDS", 0)
        ended = crm_sync("purge", DATABASE_URL=kept.url)

    assert ended.exit_code == 0
    assert "may be left in the file: somebody reads the log just now" in ended.err


def test_the_daily_purge_leaves_nothing(kept: Kept, engine: Engine) -> None:
    ledger = Ledger(engine)
    ledger.add("old", 91)

    with fresh({"DATABASE_URL": kept.url}):
        tasks.purge()

    assert ledger.with_body() == set()
    assert not is_left(kept)
