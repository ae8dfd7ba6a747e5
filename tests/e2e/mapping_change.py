"""A picklist value changed as `docs/mapping.md` says, in front of a running worker."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from tests.commands.running import Ended
from tests.docs.pages import MAPPING, Section, sections
from tests.docs.papers import Papers
from tests.docs.reader import Reader, past_calls

from .commands import CRM_SYNC, run
from .deliveries import cora_call, new_id
from .polling import eventually
from .processes import Pid, Process
from .stacks import Pieces, running_pieces

ACCOUNT = "ACC-1"
CHAPTER = "Mappings / The way of a change / "
PUT_IN_PLACE = CHAPTER + "7. Put it in place"
USED = "the changed mappings are used from now on"
NOT_USED = "the changed mappings are not used"
BROKEN = "\nwrites: a second time\n"


@dataclass(frozen=True, slots=True)
class Seen:
    """What calls made of `Plan_Type__c` in the org, and the worker's processes."""

    before: str
    after: str
    with_a_broken_file: str
    live_seconds: float
    pids_before: set[Pid]
    pids_after: set[Pid]
    output: str


def run_mapping_change(folder: Path) -> Seen:
    """Follow the page, every block of it; then break a file."""
    project = folder / "project"
    folders = {
        "CONFIG_DIR": str(project / "config"),
        "MAPPINGS_DIR": str(project / "mappings"),
    }
    with running_pieces(folder, **folders) as pieces:
        return _change(LiveDesk(project, pieces), pieces, project)


class LiveDesk(Papers):
    """The files that the running processes use, and commands as processes."""

    def __init__(self, project: Path, pieces: Pieces) -> None:
        super().__init__(project, {**pieces.environment, "CONFIG_DIR": "config"})
        self._variables["MAPPINGS_DIR"] = "mappings"

    def _crm_sync(self, *arguments: str) -> Ended:
        ended = run(
            self._folder.parent,
            CRM_SYNC,
            *arguments,
            env=self._variables,
            cwd=self._folder,
        )
        return Ended(ended.exit_code, ended.out, ended.output.removeprefix(ended.out))


def _change(desk: LiveDesk, pieces: Pieces, project: Path) -> Seen:
    rows = [{"Name": "A", "Account_Number__c": ACCOUNT}]
    pieces.org.insert("Debt_Account__c", rows)
    pieces.start_redis()
    pieces.start_web()
    worker = pieces.start("worker")
    for call in past_calls():
        event_id = pieces.vendor.accepted("cora", json.dumps(call).encode())
        assert pieces.ledger.settled(event_id)["state"] == "synced"
    before, pids_before = _plan_type_of(pieces, "call-1"), worker.descendants()

    before_it, after_it = _parts()
    Reader(project, before_it, desk).read()
    saved_at = time.monotonic()
    _call_until(pieces, worker, USED)
    live_seconds = time.monotonic() - saved_at
    after = _plan_type_of_a_call(pieces)
    Reader(project, after_it, desk).read()

    mapping = project / "mappings" / "cora" / "call.completed.yaml"
    with mapping.open("a", encoding="utf-8") as file:
        file.write(BROKEN)
    _call_until(pieces, worker, NOT_USED)
    return Seen(
        before=before,
        after=after,
        with_a_broken_file=_plan_type_of_a_call(pieces),
        live_seconds=live_seconds,
        pids_before=pids_before,
        pids_after=worker.descendants(),
        output=worker.output,
    )


def _parts() -> tuple[list[Section], list[Section]]:
    """Return the chapter in two: until the change is in place, and what is after."""
    chapter = [part for part in sections(MAPPING) if part.title.startswith(CHAPTER)]
    titles = [part.title for part in chapter]
    end = titles.index(PUT_IN_PLACE) + 1
    return chapter[:end], chapter[end:]


def _call_until(pieces: Pieces, worker: Process, said: str) -> None:
    """Let calls come in until the worker has said something."""

    def call() -> bool:
        _plan_type_of_a_call(pieces)
        return worker.answers(worker.has_said(said))

    eventually(call, f"the worker says: {said}")


def _plan_type_of_a_call(pieces: Pieces) -> str:
    """Return what a new call makes of its plan to settle today."""
    call_id = new_id("call")
    outcomes = {"plan_type": "settle_today", "promiseToPayDays": 3}
    body = cora_call(call_id, ACCOUNT, outcomes=outcomes)
    event_id = pieces.vendor.accepted("cora", body)
    assert pieces.ledger.settled(event_id)["state"] == "synced"
    return _plan_type_of(pieces, call_id)


def _plan_type_of(pieces: Pieces, call_id: str) -> str:
    (promise,) = (
        promise
        for promise in pieces.org.records("Promise_To_Pay__c")
        if promise["Source_Call_Id__c"] == call_id
    )
    return str(promise["Plan_Type__c"])
