"""Flower behind its login: every address of it, and its pages with headers. Floor 5.

`python -m worker.flower_door` takes what `celery -A worker flower` takes. Flower itself
shows `/metrics` to everybody, and fails at a login that is not ASCII.
"""

from __future__ import annotations

import sys
from typing import Any

from celery.__main__ import main as run_celery
from flower import command
from flower.app import Flower
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import OutputTransform, RequestHandler

from worker.credentials import holds_login

# Its pages have scripts and styles of their own in the text.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline';"
        " style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none';"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


class Headers(OutputTransform):
    """Puts the headers on every answer."""

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Return the answer with its headers."""
        headers.update(_HEADERS)
        return super().transform_first_chunk(status_code, headers, chunk, finishing)


class Refusal(RequestHandler):
    """Answers 401, whatever the method is."""

    def check_xsrf_cookie(self) -> None:
        """Ask for none: nothing is done."""

    def prepare(self) -> None:
        """Answer."""
        self.set_status(401)
        self.set_header("WWW-Authenticate", 'Basic realm="flower"')
        self.finish("Access denied")


class ClosedFlower(Flower):  # type: ignore[misc]
    """Flower, none of it without the login where one is set."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.add_transform(Headers)

    def find_handler(self, request: HTTPServerRequest, **more: Any) -> Any:
        """Return what answers a request: a refusal to who has no login."""
        logins = self.options.basic_auth
        if logins and not holds_login(request.headers.get("Authorization", ""), logins):
            return self.get_handler_delegate(request, Refusal)
        return super().find_handler(request, **more)


def main() -> None:
    """Run Flower with the arguments of this process."""
    command.Flower = ClosedFlower
    sys.argv = ["celery", "-A", "worker", "flower", *sys.argv[1:]]
    run_celery()


if __name__ == "__main__":
    main()
