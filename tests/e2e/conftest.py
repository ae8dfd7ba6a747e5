"""What the end-to-end tests share: a running `crm-sync up`, and pieces of one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .deliveries import FIXTURES, PATHS, fixture_body
from .stacks import Pieces, Stack, Up, running_pieces


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything, with the debtors of the fixtures in the org."""
    up = Up(tmp_path_factory.mktemp("up"))
    try:
        stack = Stack(up, up.await_ready())
        for path in sorted((FIXTURES / "org").glob("*.json")):
            stack.org.seed(path.stem, json.loads(path.read_bytes()))
        yield stack
        stack.close()
    finally:
        up.process.stop()


@pytest.fixture(scope="session")
def settled_fixtures(stack: Stack) -> dict[str, dict[str, Any]]:
    """Every fixture delivery, posted and settled: its event, by `source/name`."""
    posted = {}
    for name, path in PATHS.items():
        answer = stack.vendor.post(path.parent.name, fixture_body(name))
        assert answer.status_code == 200, f"{name}: {answer.text}"
        posted[name] = answer.json()["event"]
    stack.ledger.await_all_settled()
    events = stack.ledger.all()
    return {name: events[event_id] for name, event_id in posted.items()}


@pytest.fixture
def pieces(tmp_path: Path) -> Iterator[Pieces]:
    """Redis, web, worker and beat, of which nothing runs yet, and a running org."""
    with running_pieces(tmp_path) as pieces:
        yield pieces
