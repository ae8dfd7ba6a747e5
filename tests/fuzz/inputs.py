"""What the fuzz tests are fed: bytes, texts, and real deliveries gone wrong."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.sources.fixture_files import PATHS, read_http
from worker import sources

names = st.sampled_from(sources.names())
jsons: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["", " ", "\x00", "\ud800", "NA", "0", "true", "9999-12-31T23:59:59+14:00"]
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=10,
)
PIECES = (
    *'[]{}",:\\ \n0-',
    *("\\u0000", "\\ud800", "\\udc00", "\ufeff", "\x00", "NaN", "Infinity", "1e999"),
    *('"a"', '"event"', '"timestamp"', '"payload"', "é", "\u2028", "9" * 40, "[" * 70),
)
fragments = st.lists(st.sampled_from(PIECES), max_size=30).map(
    lambda parts: "".join(parts).encode()
)
real_bodies = {
    name: [read_http(p)[3] for p in PATHS if p.parent.name == name]
    for name in sources.names()
}
# What a header may hold when a server hands it on, and what it may not.
header_texts = (
    st.text(st.characters(max_codepoint=255), max_size=60)
    | st.text(max_size=20)
    | st.sampled_from(
        [
            *("", " ", "=", ",", "t=,v1=", "t=1777889730,v1=00", "sha256=", "sha256"),
            *("2026-05-04T10:15:30Z", "0001-01-01T00:00:00Z", "t=99999999999,v1=aa"),
            *("t=٣,v1=٣", "t=²,v1=0", "0" * 64, "A" * 43 + "=", "a" * 5000, "\udcff"),
        ]
    )
)


@st.composite
def mutated_bytes(draw: st.DrawFn, original: bytes) -> bytes:
    """Bytes with a few runs replaced, cut out or put in."""
    body = original
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(body)))
        end = min(len(body), at + draw(st.integers(0, 8)))
        piece = draw(st.binary(max_size=6) | fragments)
        body = body[:at] + piece + body[end:]
    return body


@st.composite
def mutated_json(draw: st.DrawFn, original: bytes) -> bytes:
    """A real body with some members replaced, left out or added."""
    root = json.loads(original)
    for _ in range(draw(st.integers(1, 5))):
        node = root
        while node:
            key = draw(st.sampled_from(sorted(node)))
            if not isinstance(node[key], dict) or draw(st.booleans()):
                break
            node = node[key]
        else:
            key = draw(st.text(max_size=4))
        if key in node and draw(st.integers(0, 3)) == 0:
            del node[key]
        else:
            node[key] = draw(jsons)
    return json.dumps(root).encode()


@st.composite
def bodies(draw: st.DrawFn, name: str) -> bytes:
    """A body for a source: a real one, one gone wrong, or anything at all."""
    kind = draw(st.sampled_from(range(10)))
    real = draw(st.sampled_from(real_bodies[name]))
    if kind < 5:
        return draw(mutated_json(real))
    if kind < 7:
        return draw(mutated_bytes(real))
    if kind == 7:
        return real
    return draw(
        st.binary(max_size=80) | fragments | jsons.map(lambda v: json.dumps(v).encode())
    )
