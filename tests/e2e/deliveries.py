"""Deliveries as vendors send them: bodies, signatures, the POST."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter

from worker import sources
from worker.cli.http_file import read_http_file
from worker.model import Connection, Delivery
from worker.settings import Needs, load_settings

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
PATHS = {f"{p.parent.name}/{p.stem}": p for p in sorted(FIXTURES.glob("*/*.http"))}
# What each vendor and this worker share in these tests.
SECRETS = {
    "CORA_WEBHOOK_SECRET": "e2e-cora-secret-0001",
    "ALTUR_WEBHOOK_SECRET": "ZTJlLWFsdHVyLXNlY3JldC0wMDAxLWUyZS0wMDAxIQ==",
    "VOCOBASE_WEBHOOK_SECRET": "whsec_e2eVocobaseSecret0001",
    "FREECLIMB_SIGNING_SECRET": "sigsec_e2eFreeClimbSecret0001",
}
TIMEOUT_SECONDS = 5


def new_id(word: str) -> str:
    """An id that no other delivery has."""
    return f"{word}-{uuid4().hex[:12]}"


def connections(secrets: dict[str, str]) -> dict[str, Connection]:
    variables = {**secrets, "CONFIG_DIR": str(ROOT / "config")}
    return dict(load_settings(variables, Needs.WEBHOOK_SECRETS).connections)


def fixture_body(name: str) -> bytes:
    return read_http_file(PATHS[name]).body


def cora_call(call_id: str, file_number: str, **payload: Any) -> bytes:
    """A Cora call of one's own."""
    body = json.loads(fixture_body("cora/call.completed__full_envelope"))
    body["idempotencyKey"] = f"call.completed:e2e:{call_id}"
    body["payload"] |= {"callId": call_id, "fileNumber": file_number, **payload}
    return json.dumps(body).encode()


def signed(connection: Connection, body: bytes) -> Delivery:
    """A delivery that its vendor sends now."""
    now = datetime.now(UTC)
    headers = sources.load(connection.source).sign(body, connection, now=now)
    return Delivery({k.lower(): v for k, v in headers.items()}, body, now)


class Vendor:
    """Signs and posts, for every connection."""

    def __init__(self, url: str, secrets: dict[str, str] = SECRETS) -> None:
        self._url = url
        self._connections = connections(secrets)
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.mount("http://", HTTPAdapter(pool_maxsize=32))

    def close(self) -> None:
        self._http.close()

    def post(self, connection: str, body: bytes, **headers: str) -> requests.Response:
        """The answer to a signed delivery; `headers` replace those of the vendor."""
        delivery = signed(self._connections[connection], body)
        return self._http.post(
            f"{self._url}/webhooks/{connection}",
            data=body,
            headers={**delivery.headers, **headers},
            timeout=TIMEOUT_SECONDS,
        )

    def accepted(self, connection: str, body: bytes) -> int:
        """The id of the event that a delivery has become."""
        answer = self.post(connection, body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "accepted"
        return int(answer.json()["event"])

    def get(self, path: str) -> requests.Response:
        return self._http.get(f"{self._url}{path}", timeout=TIMEOUT_SECONDS)
