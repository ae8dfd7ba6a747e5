from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.localorg import LocalOrg

from .client import Client, write_schema


@pytest.fixture
def schema_dir(tmp_path: Path) -> Path:
    return write_schema(tmp_path / "schema")


@pytest.fixture
def org(schema_dir: Path) -> Iterator[LocalOrg]:
    with LocalOrg(schema_dir) as org:
        yield org


@pytest.fixture
def client(org: LocalOrg) -> Iterator[Client]:
    client = Client(org)
    yield client
    client.session.close()
