"""A client of its own process: new Cora calls over kept connections, each timed.

`python -m bench.posting PORT SECRET SECONDS CONNECTIONS` prints one line of JSON: how
many answers of each kind there were, in how many seconds, and what each took.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import uuid4

BODY_BYTES = 2048
_MARK = "@@@@@@@@@@@@"


def call_template() -> bytes:
    """Return a Cora call of 2 KB in which a mark stands for the call's id."""
    payload = {
        "callId": f"call-{_MARK}",
        "phoneNumber": "+15125550101",
        "fileNumber": f"ACC-{_MARK}",
        "status": "Completed",
        "duration": 61500,
        "direction": "OUTBOUND",
        "isTestCall": False,
        "outcomes": {"promiseToPayDays": 7},
        "summary": "",
        "createdAt": "2026-05-04T10:14:20.000Z",
        "endedAt": "2026-05-04T10:15:30.000Z",
    }
    body: dict[str, Any] = {
        "event": "call.completed",
        "eventCategory": "calls",
        "idempotencyKey": f"call.completed:org-1:{_MARK}",
        "organization": {"id": "org-1", "name": "Harbor Recovery"},
        "timestamp": "2026-05-04T10:15:30.000Z",
        "payload": payload,
    }
    missing = BODY_BYTES - len(json.dumps(body))
    payload["summary"] = ("They talked about the balance. " * 100)[:missing]
    return json.dumps(body).encode()


@dataclass
class Posts:
    """What was sent and what came of it."""

    port: int
    secret: bytes
    until: float
    answers: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._run = uuid4().hex[:5]
        self._numbers = count()
        self._parts = call_template().split(_MARK.encode())

    def request(self) -> bytes:
        """Return the whole of the next request."""
        number = f"{self._run}{next(self._numbers):07d}".encode()
        body = number.join(self._parts)
        signature = hmac.digest(self.secret, body, "sha256").hex()
        head = (
            "POST /webhooks/cora HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            "Content-Type: application/json\r\nUser-Agent: Cora-Webhooks/1.0\r\n"
            f"X-Webhook-Signature: {signature}\r\nX-Webhook-Event: call.completed\r\n"
            "X-Webhook-Timestamp: 2026-05-04T10:15:30.000Z\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def connection(self) -> None:
        """Post one after the other over one connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while (started := time.perf_counter()) < self.until:
            writer.write(self.request())
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            body = await reader.readexactly(int(length))
            self.latencies.append(time.perf_counter() - started)
            status = head[9:12].decode()
            self.answers[f"{status} {json.loads(body).get('status', '')}"] += 1
        writer.close()


async def post(port: int, secret: str, seconds: float, connections: int) -> Posts:
    """Post over so many connections at once for so long."""
    posts = Posts(port, secret.encode(), time.perf_counter() + seconds)
    await asyncio.gather(*(posts.connection() for _ in range(connections)))
    return posts


def main() -> None:
    port, secret, seconds, connections = sys.argv[1:]
    started = time.perf_counter()
    posts = asyncio.run(post(int(port), secret, float(seconds), int(connections)))
    told = {
        "seconds": time.perf_counter() - started,
        "answers": posts.answers,
        "latencies": posts.latencies,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
