"""Plain pages on which a person can look at the records."""

from __future__ import annotations

from html import escape
from typing import Any

from worker.localorg.backend import Backend
from worker.localorg.ids import normalise_id
from worker.localorg.messages import HTML_TYPE, Answer, Request
from worker.localorg.schema import Field, SObject

_NEWEST = 200
_SHORT_LENGTH = 60
_OBJECT_PATH = "/objects/"
_AUDIT_FIELDS = ("CreatedDate", "LastModifiedDate", "SystemModstamp")
_BANNER = "Local org: for demo, development and tests. Not Salesforce."
_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;margin:0;color:#222}"
    "header{background:#fff4ce;border-bottom:1px solid #e3cf86;padding:.6rem 1.2rem}"
    "main{padding:0 1.2rem 2rem;overflow-x:auto}"
    "h1{font-size:1.3rem}"
    "table{border-collapse:collapse}"
    "th,td{border-bottom:1px solid #ddd;padding:.35rem .7rem;text-align:left;"
    "vertical-align:top}"
    "td{overflow-wrap:anywhere;max-width:45rem}"
    "table.list th{background:#f5f5f5;position:sticky;top:0;white-space:nowrap}"
    "table.list td{white-space:nowrap}"
    "table.record td{white-space:pre-wrap}"
    "td.number{text-align:right}"
)
_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def page_answer(backend: Backend, request: Request) -> Answer:
    """The answer to a request for a page."""
    if request.method != "GET":
        return _page(405, "Method not allowed", "<p>Pages can only be read.</p>")
    if request.path == "/":
        return _index(backend)
    sobject = None
    if request.path.startswith(_OBJECT_PATH):
        sobject = backend.schema.find(request.path.removeprefix(_OBJECT_PATH))
    if sobject is None:
        return _missing()
    record_id = request.query.get("id")
    if record_id is not None:
        return _one(backend, sobject, record_id)
    return _newest(backend, sobject)


def _index(backend: Backend) -> Answer:
    rows = [
        f"<tr><td>{_link(sobject.name, f'{_OBJECT_PATH}{sobject.name}')}</td>"
        f"<td>{escape(sobject.label_plural)}</td>"
        f'<td class="number">{backend.store.count(sobject)}</td></tr>'
        for sobject in backend.schema
    ]
    head = "<tr><th>Object</th><th>Label</th><th>Records</th></tr>"
    return _page(200, "Objects", f'<table class="list">{head}{"".join(rows)}</table>')


def _newest(backend: Backend, sobject: SObject) -> Answer:
    records = backend.store.records(sobject, newest=_NEWEST)
    total = backend.store.count(sobject)
    content = f"<p>{len(records)} of {total} records, newest first.</p>"
    if records:
        used = _used_fields(sobject, records)
        head = "".join(_heading(field) for field in used)
        rows = "".join(_row(backend, sobject, used, record) for record in records)
        content += f'<table class="list"><tr>{head}</tr>{rows}</table>'
    return _page(200, sobject.label_plural, content)


def _used_fields(sobject: SObject, records: list[dict[str, Any]]) -> list[Field]:
    """The fields with a value in some record, the audit fields last."""
    used = [
        field
        for field in sobject.fields
        if any(_has_value(record[field.name]) for record in records)
    ]
    return sorted(used, key=lambda field: field.name in _AUDIT_FIELDS)


def _has_value(value: Any) -> bool:
    return value is not None and value is not False and value != ""


def _one(backend: Backend, sobject: SObject, given_id: str) -> Answer:
    record_id = normalise_id(given_id)
    record = backend.store.record(sobject, record_id) if record_id else None
    if record is None:
        return _missing()
    rows = "".join(
        f"<tr>{_heading(field)}"
        f"<td>{_shown(backend, sobject, field, record[field.name], whole=True)}</td>"
        "</tr>"
        for field in sobject.fields
    )
    back = _link(f"All {sobject.label_plural}", f"{_OBJECT_PATH}{sobject.name}")
    table = f'<p>{back}</p><table class="record">{rows}</table>'
    return _page(200, f"{sobject.label} {record_id}", table)


def _missing() -> Answer:
    return _page(
        404, "Not found", '<p>There is nothing here. <a href="/">Objects</a></p>'
    )


def _row(
    backend: Backend, sobject: SObject, used: list[Field], record: dict[str, Any]
) -> str:
    cells = []
    for field in used:
        value = record[field.name]
        is_long = isinstance(value, str) and len(value) > _SHORT_LENGTH
        title = f' title="{escape(value)}"' if is_long else ""
        shown = _shown(backend, sobject, field, value, whole=False)
        cells.append(f"<td{title}>{shown}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _shown(
    backend: Backend, sobject: SObject, field: Field, value: Any, *, whole: bool
) -> str:
    """A value as HTML; ids of known objects as links."""
    if not _has_value(value):
        return ""
    if value is True:
        return "&#10003;"
    text = str(value)
    if field.type in ("id", "reference"):
        target = sobject if field.type == "id" else backend.schema.of_id(text)
        if target is not None:
            return _link(text, f"{_OBJECT_PATH}{target.name}?id={text}")
    if not whole and len(text) > _SHORT_LENGTH:
        return escape(text[:_SHORT_LENGTH]) + "&hellip;"
    return escape(text)


def _heading(field: Field) -> str:
    return f'<th title="{escape(field.label)}">{escape(field.name)}</th>'


def _link(text: str, path: str) -> str:
    return f'<a href="{escape(path)}">{escape(text)}</a>'


def _page(status: int, title: str, content: str) -> Answer:
    html = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)} - local org</title>"
        f"<style>{_STYLE}</style></head><body>"
        f"<header>{_BANNER} {_link('Objects', '/')}</header>"
        f"<main><h1>{escape(title)}</h1>{content}</main></body></html>"
    )
    return Answer(status, html.encode(), HTML_TYPE, _SECURITY_HEADERS)
