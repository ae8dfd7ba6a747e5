"""A `.http` file: one whole delivery, request line to last byte. Floor 5."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from worker.errors import SyncError


class BadHttpFile(SyncError):
    """The file is not a whole HTTP request."""

    reason = "bad_http_file"


@dataclass(frozen=True, slots=True)
class HttpFile:
    """A delivery in a file. `headers` have lower-case names."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def connection(self) -> str:
        """The connection that the request line names."""
        return self.path.rsplit("/", 1)[-1]


def read_http_file(path: Path) -> HttpFile:
    """Return the delivery in a file. Raises `BadHttpFile`."""
    try:
        head, separator, body = path.read_bytes().partition(b"\r\n\r\n")
        request_line, *lines = head.decode("ascii").split("\r\n")
        _method, target, _version = request_line.split(" ")
        pairs = [line.split(":", 1) for line in lines]
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
    except OSError as error:
        raise BadHttpFile(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        separator = b""
    if not separator:
        raise BadHttpFile(
            f"{path} is no delivery: it has to be a request line, headers, a blank"
            " line and the body, with CRLF before the body"
        )
    return HttpFile(target, headers, body)
