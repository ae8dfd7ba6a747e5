"""`POST composite`: several requests in one, each answered as if it came alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from worker.localorg.messages import (
    JSON_TYPE,
    Answer,
    Problem,
    Refused,
    Request,
    json_answer,
)

_MOST_PARTS = 25
# Of those that query, or write collections.
_MOST_LARGE = 5

Serve = Callable[[Request], Answer]


@dataclass(frozen=True, slots=True)
class Part:
    """A request inside another."""

    reference: str
    request: Request

    @property
    def is_large(self) -> bool:
        """Whether only five of its kind may be in one request."""
        _, _, path = self.request.path.partition("/services/data/v")
        below = path.partition("/")[2]
        return below.startswith(("query", "composite/sobjects"))


def composite_answer(request: Request, serve: Serve) -> Answer:
    """Serve every part in its order, and answer with all of their answers."""
    parts = _parts(request)
    if sum(part.is_large for part in parts) > _MOST_LARGE:
        message = f"at most {_MOST_LARGE} subrequests may query or take collections"
        raise Refused(Problem("LIMIT_EXCEEDED", message))
    answers = [_part_answer(part, serve(part.request)) for part in parts]
    return json_answer(200, {"compositeResponse": answers})


def inner_rows(request: Request) -> list[Any]:
    """Return the records that all parts write; none of what cannot be read."""
    try:
        parts = _parts(request)
    except Refused:
        return []
    return [row for part in parts for row in _rows(part.request)]


def _rows(request: Request) -> Iterator[Any]:
    body = json.loads(request.body) if request.body else None
    rows = body.get("records") if isinstance(body, dict) else None
    yield from rows if isinstance(rows, list) else ()


def _parts(request: Request) -> list[Part]:
    body = request.json_object()
    given = body.get("compositeRequest")
    if not isinstance(given, list) or not given:
        raise _malformed("'compositeRequest' has to be a list of requests")
    if body.get("allOrNone", False) is not False:
        raise _malformed("this local org knows no 'allOrNone' of a composite request")
    if len(given) > _MOST_PARTS:
        message = f"at most {_MOST_PARTS} subrequests in one request"
        raise Refused(Problem("LIMIT_EXCEEDED", message))
    parts = [_part(each, request) for each in given]
    if len({part.reference for part in parts}) < len(parts):
        raise _malformed("each 'referenceId' may stand there once")
    return parts


def _part(given: Any, outer: Request) -> Part:
    given = given if isinstance(given, Mapping) else {}
    method, url = given.get("method"), given.get("url")
    reference = given.get("referenceId")
    if not (isinstance(method, str) and isinstance(url, str)):
        raise _malformed("a subrequest needs a 'method' and a 'url'")
    if not (isinstance(reference, str) and reference):
        raise _malformed("a subrequest needs a 'referenceId'")
    if "@{" in json.dumps([url, given.get("body")]):
        raise _malformed("this local org resolves no references such as '@{id}'")
    headers = given.get("httpHeaders", {})
    if not isinstance(headers, dict):
        raise _malformed("'httpHeaders' has to be an object")
    target = urlsplit(url)
    request = Request(
        method=method,
        path=target.path,
        query=dict(parse_qsl(target.query, keep_blank_values=True)),
        headers=_with(headers, outer.headers),
        body=json.dumps(given["body"]).encode() if "body" in given else b"",
    )
    return Part(reference, request)


def _with(own: Mapping[str, Any], outer: Message) -> Message:
    headers = Message()
    given = {**dict(outer.items()), **own}
    for name, value in given.items():
        headers[name] = str(value)
    return headers


def _part_answer(part: Part, answer: Answer) -> dict[str, Any]:
    body: Any = answer.body.decode() or None
    if body and answer.content_type == JSON_TYPE:
        body = json.loads(body)
    return {
        "body": body,
        "httpHeaders": {},
        "httpStatusCode": answer.status,
        "referenceId": part.reference,
    }


def _malformed(message: str) -> Refused:
    return Refused(Problem("JSON_PARSER_ERROR", message))
