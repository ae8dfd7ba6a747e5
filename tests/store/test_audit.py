"""The record of who did what, on both engines."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests.store.test_events import NOW
from worker.cli.acting import actor
from worker.store.audit import Audit


def test_acts_are_given_back_as_they_were_noted_newest_first(engine: Engine) -> None:
    audit = Audit(engine)
    filtered = json.dumps({"reason": "no_match"})

    for number, action in enumerate(("replay", "discard", "erase")):
        audit.note(
            action,
            actor="ops@desk",
            subject=filtered,
            count=number,
            detail="duplicates",
            at=NOW + timedelta(minutes=number),
        )

    newest = audit.newest(2)
    assert [row.action for row in newest] == ["erase", "discard"]
    assert (newest[0].actor, newest[0].subject) == ("ops@desk", filtered)
    assert (newest[0].count, newest[0].detail) == (2, "duplicates")
    assert newest[0].at == NOW + timedelta(minutes=2)


def test_the_actor_is_the_one_that_the_environment_names() -> None:
    assert actor({"CRM_SYNC_ACTOR": " night shift "}) == "night shift"


def test_an_unnamed_actor_is_the_user_at_the_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ops")
    monkeypatch.setattr("socket.gethostname", lambda: "desk")

    assert actor({}) == "ops@desk"


def test_a_user_without_a_name_can_act(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nameless)
    monkeypatch.setattr("socket.gethostname", lambda: "box")

    assert actor({}) == "?@box"
