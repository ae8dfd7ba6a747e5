"""`crm-sync send`: sign a delivery as its vendor would, and post it. Floor 5."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import requests
import typer

from worker import bootstrap, sources
from worker.cli.http_file import read_http_file
from worker.cli.local_secrets import fill_in, is_loopback
from worker.errors import SyncError
from worker.model import Connection
from worker.settings import Needs, load_settings
from worker.settings.connections import named

TIMEOUT_SECONDS = 30


class SendFailed(SyncError):
    """The endpoint could not be reached."""

    reason = "send_failed"


def send(
    delivery: Annotated[Path, typer.Argument(help="A .http file.")],
    connection: Annotated[str, typer.Option(help="Whose secret signs it.")],
    url: Annotated[
        str, typer.Option(help="Where crm-sync listens.")
    ] = "http://127.0.0.1:8000",
) -> None:
    """Sign a delivery with the connection's secret, post it, print the answer."""
    signer = find_connection(connection, url, os.environ)
    answer = post(signer, read_http_file(delivery).body, url, bootstrap.utc_now())
    typer.echo(f"{answer.status_code} {answer.text.strip()}")
    if answer.status_code != 200:
        raise typer.Exit(1)


def find_connection(name: str, url: str, variables: Any) -> Connection:
    """Return the connection with a secret: its own, or for loopback the local one."""
    connections = load_settings(variables, Needs.NOTHING).connections
    named(connections, name)
    # The secrets of other connections are not needed, and may be unset.
    replaceable = {
        other: connection
        for other, connection in connections.items()
        if other != name or is_loopback(url)
    }
    filled = fill_in(variables, replaceable)
    return load_settings(filled, Needs.WEBHOOK_SECRETS).connections[name]


def post(
    connection: Connection, body: bytes, url: str, now: datetime
) -> requests.Response:
    """Post a delivery as the vendor would. Raises `SendFailed`."""
    headers = sources.load(connection.source).sign(body, connection, now=now)
    try:
        return requests.post(
            f"{url.rstrip('/')}/webhooks/{connection.name}",
            data=body,
            headers=headers,
            timeout=TIMEOUT_SECONDS,
        )
    except requests.RequestException as error:
        raise SendFailed(f"{url} does not answer: {type(error).__name__}") from None
