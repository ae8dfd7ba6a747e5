"""What every test relies on: a clean environment, and a database of either engine."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.databases import (
    DATABASES,
    ENGINES,
    make_tables,
    migrated_file,
    sqlite_engine,
)
from tests.orgs import client_of, running_org
from tests.scheduling import OneSystem
from worker.crm.salesforce import SalesforceCrm
from worker.localorg import LocalOrg
from worker.store.tables import SQLModel


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneSystem:
    """Give the scheduler that the pytest-xdist plugin asks for."""
    return OneSystem(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        choices=ENGINES,
        default=ENGINES[0],
        help="where the tests keep events that are not for both engines anyway",
    )


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # Until all is collected, of which nothing is garbage.
    DATABASES.kind = config.getoption("--engine")


def pytest_unconfigure() -> None:
    DATABASES.close()


def pytest_collection_finish() -> None:
    """Keep the garbage collection from going through all tests again and again."""
    gc.freeze()
    gc.set_threshold(50_000)
    gc.enable()


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out what is about SQLite itself where the engine is another."""
    for item in items if config.getoption("--engine") != "sqlite" else ():
        if own := item.get_closest_marker("sqlite"):
            item.add_marker(pytest.mark.skip(reason=own.args[0]))


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
def postgres_engine() -> Engine:
    """The first database of a real PostgreSQL server, started for this session."""
    engine = DATABASES.server()
    make_tables(engine)
    return engine


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
    """A migrated, empty SQLite database, for what is about SQLite itself."""
    path = Path(str(sqlite_of_session.url.database))
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    path.write_bytes(migrated_file())
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
