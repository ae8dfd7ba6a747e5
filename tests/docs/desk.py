"""A copy of the project for a page's commands and edits, with an org of its own."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from tests.commands.running import Ended, crm_sync
from tests.databases import DATABASES
from tests.delivery.harness import Harness, add_account
from tests.docs.pages import ROOT
from tests.docs.papers import DONE, Papers
from tests.org_package.deployed import deploy
from tests.orgs import client_of
from worker.bootstrap import utc_now
from worker.checking import RecordedMappings
from worker.localorg import LocalOrg
from worker.mapping_folder import load_mappings
from worker.store.engine import open_engine
from worker.store.mapping_texts import MappingTexts
from worker.store.schema import migrate

LOAN = Path(__file__).with_name("Loan__c.json")
_DEPLOY = re.compile(r"cd (\S+) && sf project deploy start --source-dir force-app .*")


class Desk(Papers):
    """A folder with the project's files, a live org, and a database of what was used.

    `with_loans` says that the org keeps loans.
    """

    def __init__(self, folder: Path, *, with_loans: bool = False) -> None:
        super().__init__(
            folder / "project",
            {
                "CONFIG_DIR": "config",
                "MAPPINGS_DIR": "mappings",
                "DATABASE_URL": DATABASES.new(folder / "crm-sync.db"),
                "SALESFORCE_CLIENT_ID": "local",
                "SALESFORCE_CLIENT_SECRET": "local",
            },
        )
        self._org_folder = folder / "org"
        self._schema_dir = self._org_folder / "schema"
        shutil.copytree(ROOT / "config" / "salesforce", self._schema_dir)
        if with_loans:
            _add_loans(self._schema_dir)
        with self._engine() as engine:
            migrate(engine)
            self._recorded(engine).current()

    def run(self, line: str) -> Ended:
        """Run a line of a shell block: what an admin types, and nothing else."""
        deployed = _DEPLOY.fullmatch(line)
        if deployed:
            deploy(self._folder / deployed[1], self._schema_dir)
            return DONE
        return super().run(line)

    def add_value(self, object_name: str, name: str, value: str) -> None:
        """Add a value to a picklist of the org, as an administrator does in Setup."""
        path = self._schema_dir / f"{object_name}.json"
        with _described(path, name) as field:
            field["picklistValues"].append({"active": True, "value": value})

    def take(self, calls: Iterable[Mapping[str, Any]]) -> None:
        """Take calls in and write them, as events 1, 2, ... in the database."""
        with self._engine() as engine, self._live_org() as org:
            add_account(org, "ACC-1", Name="Account 1")
            with client_of(org.url) as crm:
                harness = Harness(engine, crm, self._recorded(engine))
                ids = [harness.send(call).event_id for call in calls]
                harness.drain()
            assert {harness.event(each).state for each in ids} == {"synced"}

    def _crm_sync(self, *arguments: str) -> Ended:
        with contextlib.chdir(self._folder), self._live_org() as org:
            return crm_sync(*arguments, **self._variables, SALESFORCE_DOMAIN=org.url)

    @contextlib.contextmanager
    def _engine(self) -> Iterator[Engine]:
        engine = open_engine(self._variables["DATABASE_URL"])
        try:
            yield engine
        finally:
            engine.dispose()

    def _recorded(self, engine: Engine) -> Any:
        """Return the shipped mappings, as those that were in use until now."""
        shipped = load_mappings(self._folder / "mappings")
        return RecordedMappings(shipped, MappingTexts(engine), utc_now)

    @contextlib.contextmanager
    def _live_org(self) -> Iterator[LocalOrg]:
        """Give the org as it is now; what was deployed to it is in it."""
        with LocalOrg(self._schema_dir, self._org_folder / "records.db") as org:
            yield org


def _add_loans(schema_dir: Path) -> None:
    """Let an org have loans, to which tasks may refer."""
    shutil.copy(LOAN, schema_dir)
    with _described(schema_dir / "Task.json", "WhatId") as field:
        field["referenceTo"].append(LOAN.stem)


@contextlib.contextmanager
def _described(path: Path, name: str) -> Iterator[dict[str, Any]]:
    """Give a field of a described object, and keep what is changed of it."""
    described = json.loads(path.read_bytes())
    (field,) = (each for each in described["fields"] if each["name"] == name)
    yield field
    path.write_text(json.dumps(described), encoding="utf-8")
