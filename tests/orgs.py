"""A local org with the project's objects, and a client for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.crm.salesforce import SalesforceCrm
from worker.crm.session import Session
from worker.localorg import LocalOrg
from worker.model import OrgLogin

SCHEMA = Path(__file__).parents[1] / "config" / "salesforce"


@contextmanager
def running_org() -> Iterator[LocalOrg]:
    with LocalOrg(SCHEMA) as org:
        yield org


@contextmanager
def client_of(url: str, client_secret: str = "local") -> Iterator[SalesforceCrm]:
    session = Session(OrgLogin(url, "local", client_secret, "67.0"))
    try:
        yield SalesforceCrm(session, blip_wait_seconds=0.0)
    finally:
        session.close()
