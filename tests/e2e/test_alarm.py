"""The alarm of the compliance lane is given by beat alone."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from tests.databases import DATABASES, url_of
from tests.store.test_events import new_event
from tests.test_alarm import webhook
from worker.store.events import Events

from .deliveries import ROOT
from .polling import eventually
from .processes import Process
from .stacks import FOLDERS, PLAIN, PROCFILE


def test_neither_a_broker_nor_a_worker_is_needed_for_it(tmp_path: Path) -> None:
    with DATABASES.migrated(tmp_path) as engine:
        url = url_of(engine)
        late = Events(engine).add(new_event(urgent=True))
    seen: list[Any] = []
    with webhook(200, seen) as hook:
        variables = {
            **PLAIN,
            **FOLDERS,
            "DATABASE_URL": url,
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "SWEEP_SECONDS": "1",
            "BEAT_SCHEDULE": str(tmp_path / "schedule"),
            "COMPLIANCE_ALARM_URL": hook,
        }
        command = ("sh", "-c", PROCFILE["beat"])
        beat = Process(command, variables, ROOT, tmp_path / "beat")
        try:
            eventually(lambda: beat.answers(seen), "the alarm")
            beat.send(signal.SIGTERM)
            assert beat.exit_code() == 0
        finally:
            beat.kill()

    words = f"event {late.event_id} of cora: pending after "
    assert [words in said["text"] for said in seen] == [True]
    assert beat.output.count(f"compliance alarm: {words}") == 1
    assert "secret-token" not in beat.output
