"""The way of a call, in one process and over a line that may fail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import Harness, default_mappings
from tests.orgs import client_of
from worker.localorg import LocalOrg

from .line import Line


@pytest.fixture
def harness(database: Engine, org: LocalOrg) -> Iterator[Harness]:
    with client_of(org.url) as crm:
        yield Harness(database, crm, default_mappings())


@pytest.fixture
def line(org: LocalOrg) -> Iterator[Line]:
    made = Line(int(org.url.rpartition(":")[2]))
    yield made
    made.close()
