"""The way of a call with the default mappings, for every test of the delivery."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import Harness, default_mappings
from tests.delivery.schemas import write_schema
from tests.orgs import client_of
from worker.localorg import LocalOrg


@pytest.fixture
def harness(database: Engine, org: LocalOrg) -> Iterator[Harness]:
    with client_of(org.url) as crm:
        yield Harness(database, crm, default_mappings())


@pytest.fixture
def schema_dir(tmp_path: Path) -> Path:
    """The project's objects, contacts, and accounts with call notes."""
    return write_schema(tmp_path / "schema")


@pytest.fixture
def wide_org(schema_dir: Path) -> Iterator[LocalOrg]:
    """An empty local org with those objects."""
    with LocalOrg(schema_dir) as running:
        yield running
