"""What every test relies on: a clean environment, and a database of either engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.orgs import client_of, running_org
from tests.postgres import running_postgres
from tests.scheduling import OneSystem
from worker.crm.salesforce import SalesforceCrm
from worker.localorg import LocalOrg
from worker.store.engine import open_engine
from worker.store.schema import migrate
from worker.store.tables import SQLModel


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneSystem:
    """Give the scheduler that the pytest-xdist plugin asks for."""
    return OneSystem(config, log)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: what starts processes of its own mostly waits."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        choices=("sqlite", "postgres"),
        default="sqlite",
        help="where the tests keep events that are not for both engines anyway",
    )


PREFIXES = (
    "SALESFORCE_",
    "CORA_",
    "ALTUR_",
    "VOCOBASE_",
    "FREECLIMB_",
    "RETAIN_",
    "REDIS_",
    "BROKER_",
)
NAMES = (
    "DATABASE_URL",
    "TOKEN_KEY",
    "METRICS_TOKEN",
    "COMPLIANCE_ALARM_SECONDS",
    "COMPLIANCE_ALARM_URL",
    "FLOWER_BASIC_AUTH",
    "DATA_KEY",
    "CRM_SYNC_ACTOR",
    "CONFIG_DIR",
    "MAPPINGS_DIR",
    "LANES",
    "BODY_SECONDS",
    "RATE_LIMIT_PER_MINUTE",
    "REFUSALS_PER_MINUTE",
    "TRUSTED_PROXIES",
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of whoever runs the tests out of them."""
    for name in os.environ:
        if name.startswith(PREFIXES) or name in NAMES:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real PostgreSQL server, started for this session."""
    with running_postgres(tmp_path_factory.mktemp("runtime")) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_engine(postgres_url: str) -> Iterator[Engine]:
    engine = open_engine(postgres_url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for off in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.exec_driver_sql(f"ALTER SYSTEM SET {off} = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def postgres(postgres_engine: Engine) -> Engine:
    """A migrated, empty PostgreSQL database."""
    with postgres_engine.begin() as connection:
        for table in reversed(SQLModel.metadata.sorted_tables):
            connection.execute(table.delete())
        # Quicker than TRUNCATE by far, which makes new files.
        sequences = "SELECT setval(oid::regclass, 1, false) FROM pg_class"
        connection.exec_driver_sql(f"{sequences} WHERE relkind = 'S'")
    return postgres_engine


@pytest.fixture(scope="session")
def sqlite_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine for all tests: one of a test's own would compile each query again."""
    with sqlite_engine(tmp_path_factory.mktemp("sqlite")) as opened:
        yield opened


@pytest.fixture
def sqlite(sqlite_of_session: Engine) -> Iterator[Engine]:
    """A migrated, empty SQLite database, where the engine does not matter."""
    path = Path(str(sqlite_of_session.url.database))
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    path.write_bytes(_migrated())
    yield sqlite_of_session
    sqlite_of_session.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> Engine:
    """A migrated, empty database: first SQLite, then PostgreSQL."""
    opened: Engine = request.getfixturevalue(request.param)
    return opened


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Engine:
    """A migrated, empty database of the engine that `--engine` names."""
    opened: Engine = request.getfixturevalue(request.config.getoption("--engine"))
    return opened


@contextmanager
def sqlite_engine(folder: Path) -> Iterator[Engine]:
    path = folder / "events.db"
    path.write_bytes(_migrated())
    opened = open_engine(f"sqlite:///{path}")
    event.listen(opened, "connect", _wait_for_no_disk)
    try:
        yield opened
    finally:
        opened.dispose()


@cache
def _migrated() -> bytes:
    """The file of an empty database: migrating takes longer than many a test."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        engine = open_engine(f"sqlite:///{path}")
        migrate(engine)
        engine.dispose()
        return path.read_bytes()


def _wait_for_no_disk(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture
def org() -> Iterator[LocalOrg]:
    """An empty local org with the project's objects."""
    with running_org() as running:
        yield running


@pytest.fixture
def crm(org: LocalOrg) -> Iterator[SalesforceCrm]:
    """A client of the local org that waits for nothing."""
    with client_of(org.url) as client:
        yield client
