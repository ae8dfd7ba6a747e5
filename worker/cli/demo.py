"""`crm-sync demo`: the main job on real input, on this machine, and shown. Floor 5."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import requests
import typer

from worker import bootstrap
from worker.cli.demo_views import demo_tables
from worker.cli.events import events_table, list_events
from worker.cli.http_file import read_http_file
from worker.cli.sample import SAMPLES, add_sample_debtors
from worker.cli.send import find_connection, post
from worker.cli.stack import Stack
from worker.cli.terminal import console
from worker.errors import SyncError
from worker.model import State
from worker.store.events import Events

SETTLE_TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.05
ORG_TIMEOUT_SECONDS = 10
MARKER = ".crm-sync-demo"
SHOWN = (
    "cora/call.completed__payment_and_plan",
    "cora/call.completed__compliance",
    "cora/call.completed__bankruptcy",
    "cora/call.completed__every_outcome",
    "cora/payment.success__card",
    "cora/payment.failed__declined",
    "cora/payment.plan_created__settlement",
    "altur/on_call_end__newest",
    "altur/on_call_end__voicemail",
    "vocobase/session.completed__full",
    "vocobase/session.completed__no_answer",
    "freeclimb/callStatus__completed_with_recording",
    "freeclimb/callStatus__busy",
)


class DemoFailed(SyncError):
    """The demo did not come to its end; the message says where it stopped."""

    reason = "demo_failed"


def demo(
    as_json: Annotated[bool, typer.Option("--json", help="Print one object.")] = False,
    state_dir: Annotated[
        Path, typer.Option(help="Where databases and logs go; emptied first.")
    ] = Path(".crm-sync/demo"),
) -> None:
    """Post signed deliveries of all four vendors and show what Salesforce has then."""
    screen = console(stderr=as_json)
    say = screen.print
    started_at = time.monotonic()
    _empty(state_dir)
    stack = Stack(state_dir, 0, with_flower=False)
    try:
        stack.start(say)
        add_sample_debtors(stack.urls.org)
        say(f"posting {len(SHOWN)} signed deliveries to {stack.urls.web}/webhooks/...")
        store = Events(stack.engine())
        for name in SHOWN:
            _post(stack, name)
        _post(stack, SHOWN[0])
        say("posted, and one of them twice; waiting until every event is settled")
        _await_settled(store)
        listed = list_events(store, len(SHOWN) * 2)[::-1]
        api_requests = _stats(stack.urls.org)["api_requests"]
        if as_json:
            typer.echo(json.dumps(_summary(listed, api_requests)))
            return
        screen.print(events_table(listed))
        for table in demo_tables(stack.urls.org, listed):
            screen.print(table)
    finally:
        stack.stop()
    took_seconds = time.monotonic() - started_at
    _say_what_next(say, len(listed), api_requests, took_seconds)


def _empty(state_dir: Path) -> None:
    """Empty the folder of an earlier demo; any other that holds files is left alone."""
    marker = state_dir / MARKER
    if state_dir.exists() and any(state_dir.iterdir()):
        if not marker.exists():
            raise DemoFailed(
                f"{state_dir} holds other files: name an empty folder with --state-dir"
            )
        shutil.rmtree(state_dir)
    state_dir.mkdir(parents=True, exist_ok=True)
    marker.write_text("crm-sync demo empties this folder when it starts\n")


def _post(stack: Stack, name: str) -> None:
    file = read_http_file(SAMPLES / f"{name}.http")
    connection = find_connection(file.connection, stack.urls.web, stack.environment)
    answer = post(connection, file.body, stack.urls.web, bootstrap.utc_now())
    if answer.status_code != 200:
        raise DemoFailed(f"{name} was answered {answer.status_code} {answer.text}")


def _await_settled(store: Events) -> None:
    deadline = time.monotonic() + SETTLE_TIMEOUT_SECONDS
    while store.count_by_state().get(State.PENDING.value):
        if time.monotonic() > deadline:
            raise DemoFailed("the events were not settled in time: see the logs")
        time.sleep(POLL_SECONDS)


def _stats(org_url: str) -> Any:
    return requests.get(f"{org_url}/_local/stats", timeout=ORG_TIMEOUT_SECONDS).json()


def _summary(listed: list[dict[str, Any]], api_requests: int) -> dict[str, Any]:
    record_keys = ("object", "key", "salesforce_id", "fields")
    return {
        "events": [
            {
                "connection": event["connection"],
                "type": event["type"],
                "state": event["state"],
                "records": [
                    {key: record[key] for key in record_keys}
                    for record in event["records"]
                    if record["state"] == State.SYNCED.value
                ],
            }
            for event in listed
        ],
        "api_requests": api_requests,
    }


def _say_what_next(
    say: Callable[[str], None], count: int, api_requests: int, took_seconds: float
) -> None:
    say(
        f"{count} events with {api_requests} Salesforce API requests,"
        f" {took_seconds:.1f} s in all with starting and stopping."
    )
    say("Where to look next:")
    say("  make up                                  the same, and it keeps running")
    fixture = SAMPLES / f"{SHOWN[1]}.http"
    say(f"  {os.path.join('.venv', 'bin', 'crm-sync')} explain {fixture}")
    say("  mappings/cora/call.completed.yaml        what goes where; change a line")
