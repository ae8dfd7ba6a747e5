"""The way of a call with the default mappings, for every test of the delivery."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import Harness, default_mappings
from tests.orgs import client_of
from worker.localorg import LocalOrg


@pytest.fixture
def harness(sqlite: Engine, org: LocalOrg) -> Iterator[Harness]:
    with client_of(org.url) as crm:
        yield Harness(sqlite, crm, default_mappings())
