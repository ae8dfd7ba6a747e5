from __future__ import annotations

import contextlib
import copy
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from worker import sources
from worker.errors import BadPayload, BadSignature
from worker.model import Event

from .fixture_files import CONNECTIONS, PATHS, SIGNED_AT, delivery, read_http

ORIGINS = ("vendor-docs ", "reference ", "inferred")
TABLE = Path(__file__).with_name("fixture_parties.txt").read_text().splitlines()
PARTIES = {
    name: tuple(None if text == "-" else text for text in parties)
    for name, *parties in map(str.split, TABLE)
}


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def _read(path: Path) -> Event:
    _, _, headers, body = read_http(path)
    return sources.load(path.parent.name).read(delivery(headers, body))


each = pytest.mark.parametrize("path", PATHS, ids=_name)


@each
def test_a_fixture_is_a_whole_delivery(path: Path) -> None:
    method, target, headers, body = read_http(path)

    assert (method, target) == ("POST", f"/webhooks/{path.parent.name}")
    assert headers["content-length"] == str(len(body))
    assert headers["x-fixture-from"].startswith(ORIGINS)
    assert body == body.strip()


@each
def test_a_fixture_verifies(path: Path) -> None:
    name = path.parent.name
    _, _, headers, body = read_http(path)

    sources.load(name).verify(delivery(headers, body), CONNECTIONS[name], now=SIGNED_AT)


@each
def test_a_fixture_reads_as_the_event_of_its_name(path: Path) -> None:
    event = _read(path)

    assert (event.source, event.type) == (path.parent.name, path.stem.split("__")[0])
    parties = (event.call_id, event.file_number, event.foreign_id, event.phone)
    assert parties == PARTIES[_name(path)]
    assert event.dedupe_key.startswith(f"{event.type}:")
    check_promises(event)


def check_promises(event: Event) -> None:
    """Check what `Event` promises to the floors above."""
    assert event.dedupe_key.strip()
    assert len(event.content_hash) == 64
    assert event.occurred_at.tzinfo is UTC
    for text in (event.call_id, event.file_number, event.foreign_id, event.phone):
        assert text is None or text.strip()
    json.dumps([event.payload, event.body], allow_nan=False).encode()


@each
def test_a_changed_byte_is_refused(path: Path) -> None:
    name = path.parent.name
    _, _, headers, body = read_http(path)
    for position in range(0, len(body), 31):
        changed = bytearray(body)
        changed[position] ^= 1
        with pytest.raises(BadSignature, match="does not match the body"):
            sources.load(name).verify(
                delivery(headers, bytes(changed)), CONNECTIONS[name], now=SIGNED_AT
            )


@each
def test_a_signature_is_of_no_use_for_another_fixture(path: Path) -> None:
    name = path.parent.name
    _, _, headers, _ = read_http(path)
    for other in PATHS:
        if other.parent == path.parent and other != path:
            _, _, _, another = read_http(other)
            with pytest.raises(BadSignature, match="does not match the body"):
                sources.load(name).verify(
                    delivery(headers, another), CONNECTIONS[name], now=SIGNED_AT
                )


def test_only_the_two_versions_of_a_call_share_its_id() -> None:
    calls = Counter(
        (path.parent.name, _read(path).call_id)
        for path in PATHS
        # The utterance is of the call that another fixture ends.
        if not path.stem.endswith("_older") and path.stem != "record__utterance"
    )

    assert [call for call, count in calls.items() if count > 1 and call[1]] == []


def _variants(body: Any) -> Iterator[Any]:
    """Yield the body with each member gone or of another kind, one at a time."""
    steps: list[tuple[Any, ...]] = [()]
    while steps:
        step = steps.pop()
        node = body
        for key in step:
            node = node[key]
        if isinstance(node, dict):
            steps.extend((*step, key) for key in node)
        elif isinstance(node, list):
            steps.extend((*step, index) for index in range(min(len(node), 1)))
        for other in ("gone", None, "", " ", "x", 0, 1.5, True, [], {}, [[]], {"": 0}):
            variant = copy.deepcopy({"": body})
            parent, last = variant, ""
            for key in step:
                parent, last = parent[last], key
            if other == "gone":
                del parent[last]
            else:
                parent[last] = other
            yield variant.get("")


@each
def test_a_body_of_another_shape_is_read_or_refused(path: Path) -> None:
    _, _, headers, body = read_http(path)
    unchecked = {k: v for k, v in headers.items() if k != "x-webhook-timestamp"}
    source = sources.load(path.parent.name)
    for variant in _variants(json.loads(body)):
        # Any other exception fails the test.
        with contextlib.suppress(BadPayload):
            raw = json.dumps(variant).encode()
            check_promises(source.read(delivery(unchecked, raw)))
