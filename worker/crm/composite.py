"""Several look-ups or writes in one API request, Salesforce's `/composite`. Floor 2.

It takes 25 subrequests, of which 5 may be queries or collections, does them in their
order, each in a transaction of its own, and counts as one request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

# What refuses the resource, and not what stands in the request.
NO_COMPOSITE = frozenset({"NOT_FOUND", "METHOD_NOT_ALLOWED", "HTTP 404", "HTTP 405"})


@dataclass(frozen=True, slots=True)
class Part:
    """A request that may be part of another; `path` is below the API's."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None


def query_part(soql: str) -> Part:
    """Return the request of a query."""
    return Part("GET", f"query?{urlencode({'q': soql})}")


def composite_body(parts: Sequence[Part], api_path: str) -> dict[str, Any]:
    """Return what to send; `api_path` is such as `/services/data/v67.0/`."""
    requests = []
    for number, part in enumerate(parts):
        request: dict[str, Any] = {
            "method": part.method,
            "url": f"{api_path}{part.path}",
            "referenceId": f"part{number}",
        }
        if part.body is not None:
            request["body"] = part.body
        if part.headers is not None:
            request["httpHeaders"] = part.headers
        requests.append(request)
    # Without the last, Salesforce may put requests of one type into one transaction.
    return {
        "allOrNone": False,
        "collateSubrequests": False,
        "compositeRequest": requests,
    }


def composite_answers(answer: Any, count: int) -> list[tuple[int, Any]] | None:
    """Return status and body of each part, or None of what is no such answer."""
    answers = answer.get("compositeResponse") if isinstance(answer, dict) else None
    if not isinstance(answers, list) or len(answers) != count:
        return None
    read = []
    for number, part in enumerate(answers):
        if not isinstance(part, dict) or part.get("referenceId") != f"part{number}":
            return None
        status = part.get("httpStatusCode")
        if not isinstance(status, int):
            return None
        read.append((status, part.get("body")))
    return read
