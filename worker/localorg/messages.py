"""What goes in and out of the local org: requests, answers, and refusals.

Shapes and statuses follow Salesforce's REST API, as read in its documentation and in
recordings of real orgs, 2026-08.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

JSON_TYPE = "application/json;charset=UTF-8"
HTML_TYPE = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why Salesforce refuses a row or a whole request.

    `fields` is None where Salesforce names no fields at all.
    """

    code: str
    message: str
    fields: tuple[str, ...] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def as_row_error(self) -> dict[str, Any]:
        """The shape inside a collections row: the code is under `statusCode`."""
        fields = list(self.fields or ())
        shape = {"statusCode": self.code, "message": self.message, "fields": fields}
        return shape | dict(self.extra)

    def as_request_error(self) -> dict[str, Any]:
        """The shape of a refused request: the code is under `errorCode`."""
        shape: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            shape["fields"] = list(self.fields)
        return shape | dict(self.extra)


class Refused(Exception):
    """A row or a request that the org does not accept, with every reason."""

    def __init__(self, *problems: Problem, status: int = 400) -> None:
        super().__init__(*problems)
        self.problems = problems
        self.status = status


class ConnectionDropped(Exception):
    """The connection is to be closed without an answer."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; `path` is still percent-encoded, `query` is decoded."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Message
    body: bytes

    def json(self) -> Any:
        """The body as JSON; Refused with JSON_PARSER_ERROR if it is not JSON."""
        try:
            return json.loads(self.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise Refused(Problem("JSON_PARSER_ERROR", str(error))) from None

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object."""
        body = self.json()
        if not isinstance(body, dict):
            message = "The HTTP entity body is required to be a JSON object."
            raise Refused(Problem("JSON_PARSER_ERROR", message))
        return body


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(status: int, payload: Any, **headers: str) -> Answer:
    """An answer with a JSON body; header names are given with `_` for `-`."""
    body = json.dumps(payload, separators=(",", ":")).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, body, headers=named)


def refusal_answer(refused: Refused) -> Answer:
    """The answer to a request that is refused as a whole."""
    payload = [problem.as_request_error() for problem in refused.problems]
    return json_answer(refused.status, payload)


def not_found(message: str = "The requested resource does not exist") -> Refused:
    """The refusal of a path, record or field that is not there."""
    return Refused(Problem("NOT_FOUND", message), status=404)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
