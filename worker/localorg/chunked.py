"""A request's body that comes in chunks, as Node sends one of unknown length."""

from __future__ import annotations

import re
from io import BufferedIOBase

from worker.localorg.messages import ConnectionDropped, Problem, Refused

_MAX_LINE_BYTES = 1_024
_MAX_TRAILER_LINES = 32
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(;.*)?")


def read_chunks(stream: BufferedIOBase, max_bytes: int) -> bytes:
    """Return the whole body, and leave the stream at the next request.

    Raises Refused if it is too large or not in chunks; what follows in the stream is
    then unknown. Raises ConnectionDropped if it ends too soon.
    """
    body = bytearray()
    while length := _chunk_length(stream):
        if len(body) + length > max_bytes:
            text = f"The body exceeds {max_bytes} bytes."
            raise Refused(Problem("REQUEST_TOO_LARGE", text), status=413)
        chunk = stream.read(length)
        if len(chunk) < length:
            raise ConnectionDropped
        body += chunk
        if _line(stream):
            raise _not_chunks()
    for _ in range(_MAX_TRAILER_LINES):
        if not _line(stream):
            return bytes(body)
    raise _not_chunks()


def _chunk_length(stream: BufferedIOBase) -> int:
    found = _SIZE.fullmatch(_line(stream))
    if found is None:
        raise _not_chunks()
    return int(found[1], 16)


def _line(stream: BufferedIOBase) -> bytes:
    line = stream.readline(_MAX_LINE_BYTES)
    if line.endswith(b"\r\n"):
        return line[:-2]
    if len(line) < _MAX_LINE_BYTES and not line.endswith(b"\n"):
        raise ConnectionDropped
    raise _not_chunks()


def _not_chunks() -> Refused:
    return Refused(Problem("BAD_REQUEST", "The body's chunks cannot be read."))
