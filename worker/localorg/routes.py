"""From a request to its answer: the table of API routes, and what is before it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from worker.localorg import api_bulk, api_collections, api_query, api_records
from worker.localorg.api_composite import composite_answer
from worker.localorg.arrivals import arrival_of, may_save_duplicates
from worker.localorg.backend import ApiCall, Backend
from worker.localorg.control import control_answer
from worker.localorg.messages import (
    Answer,
    Problem,
    Refused,
    Request,
    not_found,
    refusal_answer,
)
from worker.localorg.oauth import login_answer
from worker.localorg.pages import page_answer

Handler = Callable[[Backend, ApiCall], Answer]

_OLDEST_VERSION = 31
_API_PATH = re.compile(r"/services/data/v(\d{1,3}\.\d)/(.*)")
_EMPTY_KEY_PATH = re.compile(r"sobjects/[^/]+/(?!describe/)[^/]+/")
_LOGIN_PATH = "/services/oauth2/token"


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path; `label` counts its requests, `{object}` filled in."""

    method: str
    pattern: re.Pattern[str]
    label: str
    handle: Handler


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """The route of a request, if any, and the methods that its path takes."""

    route: Route | None
    parts: Mapping[str, str]
    allowed: tuple[str, ...]


def _route(method: str, path: str, handle: Handler) -> Route:
    # simple-salesforce puts a slash at the end of many paths.
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "/?"
    label = re.sub(r"/\{(?!object)\w+\}", "", path)
    return Route(method, re.compile(pattern), label, handle)


def _composite(backend: Backend, call: ApiCall) -> Answer:
    """`POST composite`: the parts count as one request; faults may hit each."""

    def serve(request: Request) -> Answer:
        found = _API_PATH.fullmatch(request.path)
        if found is None:
            return refusal_answer(not_found())
        match = _match(request.method, found[2])
        if match.route is None or match.route.handle is _composite:
            return refusal_answer(not_found())
        plan = call.plan.of_part(
            f"{request.method} {request.path}",
            may_save_duplicates=may_save_duplicates(request),
        )
        try:
            answer = plan.before(arrival_of(backend, request))
            if answer is None:
                part = ApiCall(request, call.version, match.parts, plan)
                answer = _handled(backend, part, match)
        except Refused as refused:
            answer = refusal_answer(refused)
        finally:
            plan.leave()
        return plan.after(answer)

    return composite_answer(call.request, serve)


ROUTES = (
    _route("POST", "composite", _composite),
    _route("GET", "query", api_query.query),
    _route("GET", "query/{locator}", api_query.query_more),
    _route("GET", "limits", api_query.limits),
    _route("GET", "sobjects", api_query.list_objects),
    _route("GET", "sobjects/{object}/describe", api_query.describe),
    _route("POST", "sobjects/{object}", api_records.create),
    _route("GET", "sobjects/{object}/{id}", api_records.get_by_id),
    _route("PATCH", "sobjects/{object}/{id}", api_records.update_by_id),
    _route("DELETE", "sobjects/{object}/{id}", api_records.delete_by_id),
    _route("GET", "sobjects/{object}/{field}/{value}", api_records.get_by_key),
    _route("PATCH", "sobjects/{object}/{field}/{value}", api_records.upsert_by_key),
    _route("POST", "composite/sobjects", api_collections.create_many),
    _route("PATCH", "composite/sobjects", api_collections.update_many),
    _route("PATCH", "composite/sobjects/{object}/{field}", api_collections.upsert_many),
    _route("POST", "jobs/ingest", api_bulk.create_job),
    _route("GET", "jobs/ingest/{id}", api_bulk.get_job),
    _route("PATCH", "jobs/ingest/{id}", api_bulk.change_job),
    _route("PUT", "jobs/ingest/{id}/batches", api_bulk.upload),
    _route("GET", "jobs/ingest/{id}/successfulResults", api_bulk.successful),
    _route("GET", "jobs/ingest/{id}/failedResults", api_bulk.failed),
    _route("GET", "jobs/ingest/{id}/unprocessedrecords", api_bulk.unprocessed),
)


def answer_request(backend: Backend, request: Request, target: str) -> Answer:
    """The answer to any request; `target` is its method and whole path, for faults.

    Raises ConnectionDropped if a fault wants no answer at all.
    """
    if request.path.startswith("/services/data/"):
        return _api_answer(backend, request, target)
    if request.path == _LOGIN_PATH and request.method == "POST":
        return _login_answer(backend, request, target)
    if request.path.startswith("/_local/"):
        return control_answer(backend, request)
    return page_answer(backend, request)


def _login_answer(backend: Backend, request: Request, target: str) -> Answer:
    backend.stats.count_login()
    plan = backend.faults.plan(target, is_api=False)
    try:
        fault_answer = plan.before(arrival_of(backend, request))
        answer = fault_answer or login_answer(backend.tokens, backend.jwt_app, request)
        return plan.after(answer)
    finally:
        plan.leave()


def _api_answer(backend: Backend, request: Request, target: str) -> Answer:
    found = _API_PATH.fullmatch(request.path)
    version, path = found.groups() if found else ("0.0", "")
    match = _match(request.method, path)
    backend.stats.count_api_request(_label(backend, request.method, match))
    may_save = may_save_duplicates(request)
    plan = backend.faults.plan(target, may_save_duplicates=may_save)
    try:
        answer = plan.before(arrival_of(backend, request))
        if answer is None:
            call = ApiCall(request, version, match.parts, plan)
            answer = _planned_answer(backend, call, match)
        return _with_usage(backend, answer)
    finally:
        plan.leave()


def _planned_answer(backend: Backend, call: ApiCall, match: RouteMatch) -> Answer:
    try:
        backend.tokens.check(call.request.headers.get("Authorization"))
        _check_allowance(backend)
        answer = _handled(backend, call, match)
    except Refused as refused:
        answer = refusal_answer(refused)
    return answer if answer.status == 401 else call.plan.after(answer)


def _with_usage(backend: Backend, answer: Answer) -> Answer:
    """The answer with its usage header, which a page in front of the org lacks.

    Recordings of real orgs have no such header on a 204.
    """
    if answer.status in (204, 401, 503):
        return answer
    usage = {"Sforce-Limit-Info": backend.stats.limit_info()}
    return replace(answer, headers={**answer.headers, **usage})


def _check_allowance(backend: Backend) -> None:
    used, most = backend.stats.allowance()
    if used > most:
        problem = Problem("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        raise Refused(problem, status=403)


def _handled(backend: Backend, call: ApiCall, match: RouteMatch) -> Answer:
    if float(call.version) < _OLDEST_VERSION:
        message = "This API version is retired or does not exist."
        raise Refused(Problem("UNSUPPORTED_API_VERSION", message), status=410)
    if match.route is not None:
        return match.route.handle(backend, call)
    if match.allowed:
        allowed = ",".join(match.allowed)
        message = f"HTTP Method '{call.request.method}' not allowed. Allowed are"
        problem = Problem("METHOD_NOT_ALLOWED", f"{message} {allowed}")
        raise Refused(problem, status=405)
    raise not_found()


def _match(method: str, path: str) -> RouteMatch:
    # A key that is empty leaves a slash at the end; Salesforce answers it with 405.
    if _EMPTY_KEY_PATH.fullmatch(path):
        return RouteMatch(None, {}, ("GET", "POST"))
    fitting = [
        (route, found) for route in ROUTES if (found := route.pattern.fullmatch(path))
    ]
    allowed = tuple(dict.fromkeys(route.method for route, _ in fitting))
    for route, found in fitting:
        if route.method == method:
            parts = {name: unquote(part) for name, part in found.groupdict().items()}
            return RouteMatch(route, parts, allowed)
    return RouteMatch(None, {}, allowed)


def _label(backend: Backend, method: str, match: RouteMatch) -> str:
    if match.route is None:
        return f"{method} (no such resource)"
    sobject = backend.schema.find(match.parts.get("object", ""))
    name = sobject.name if sobject else "(no such object)"
    return f"{method} {match.route.label.replace('{object}', name)}"
