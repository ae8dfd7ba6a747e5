"""What every test relies on: a clean environment, and a database of either engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.orgs import client_of, running_org
from tests.scheduling import OneSystem
from worker.crm.salesforce import SalesforceCrm
from worker.localorg import LocalOrg
from worker.store.engine import open_engine
from worker.store.schema import migrate
from worker.store.tables import SQLModel


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneSystem:
    """Give the scheduler that the pytest-xdist plugin asks for."""
    return OneSystem(config, log)


PREFIXES = ("SALESFORCE_", "CORA_", "ALTUR_", "VOCOBASE_", "FREECLIMB_", "RETAIN_")
NAMES = (
    "DATABASE_URL",
    "REDIS_URL",
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
    runtime = tmp_path_factory.mktemp("runtime")
    runtime.chmod(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import pgserver  # it reads XDG_RUNTIME_DIR when imported

    # Run by root, the server is another user's. It must not stand in pytest's folder:
    # the next pytest that starts takes that from all others.
    with TemporaryDirectory(prefix="crm-sync-") as folder:
        server = pgserver.get_server(Path(folder) / "postgres")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_engine(postgres_url: str) -> Iterator[Engine]:
    engine = open_engine(postgres_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A migrated, empty database: first SQLite, then PostgreSQL."""
    if request.param == "sqlite":
        with sqlite_engine(tmp_path) as opened:
            yield opened
        return
    opened = request.getfixturevalue("postgres_engine")
    names = ", ".join(SQLModel.metadata.tables)
    with opened.begin() as connection:
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    yield opened


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    """A migrated, empty SQLite database, where the engine does not matter."""
    with sqlite_engine(tmp_path) as opened:
        yield opened


@contextmanager
def sqlite_engine(folder: Path) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{folder / 'events.db'}")
    migrate(opened)
    try:
        yield opened
    finally:
        opened.dispose()


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
