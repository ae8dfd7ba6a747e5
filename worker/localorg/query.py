"""A SOQL tree as one SQLite statement, and its rows as Salesforce's records."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from worker.localorg.columns import Column, ColumnFinder
from worker.localorg.filters import where_sql
from worker.localorg.messages import Problem, Refused
from worker.localorg.records import RecordStore, table
from worker.localorg.schema import Schema, SObject
from worker.localorg.soql import Order, Query
from worker.localorg.soql_parser import parse_soql
from worker.localorg.values import answered_value


@dataclass(frozen=True, slots=True)
class QueryResult:
    """All rows of a query; `records` is empty for `COUNT()`."""

    total: int
    records: list[dict[str, Any]]


def run_soql(
    schema: Schema, store: RecordStore, text: str, *, version: str
) -> QueryResult:
    """Parse, translate and run a query; Refused says what is wrong with it."""
    query = parse_soql(text)
    sobject = schema.find(query.object_name)
    if sobject is None:
        message = f"sObject type '{query.object_name}' is not supported."
        raise Refused(Problem("INVALID_TYPE", message))
    finder = ColumnFinder(schema, sobject)
    selected = [finder.column(path) for path in query.paths]
    parameters: list[Any] = []
    tail = _tail(query, finder, parameters)
    links = {column.link: None for column in selected if column.link}
    sources = ['b."Id"', *links, *(column.sql for column in selected)]
    sql = f"SELECT {', '.join(sources)} {_from(sobject, finder)} {tail}"
    try:
        rows = store.fetch(sql, parameters)
    except sqlite3.OperationalError:
        message = "The query is too complicated. Use fewer terms."
        raise Refused(Problem("QUERY_TOO_COMPLICATED", message)) from None
    if not selected:
        return QueryResult(len(rows), [])
    shape = _RowShape(schema, sobject, selected, list(links), version)
    return QueryResult(len(rows), [shape.record(row) for row in rows])


def record_path(sobject_name: str, record_id: str, version: str) -> str:
    """The path of a record, as `attributes.url` gives it."""
    return f"/services/data/v{version}/sobjects/{sobject_name}/{record_id}"


def attributes(sobject_name: str, record_id: str, version: str) -> dict[str, str]:
    """The first member of every record in an answer."""
    url = record_path(sobject_name, record_id, version)
    return {"type": sobject_name, "url": url}


def _from(sobject: SObject, finder: ColumnFinder) -> str:
    return " ".join([f"FROM {table(sobject)} b", *finder.joins])


def _tail(query: Query, finder: ColumnFinder, parameters: list[Any]) -> str:
    clauses = ['WHERE b."IsDeleted" = 0']
    if query.where is not None:
        clauses.append(f"AND ({where_sql(query.where, finder, parameters)})")
    keys = [_order_key(order, finder) for order in query.orders]
    clauses.append(f"ORDER BY {', '.join([*keys, 'b._number'])}")
    clauses.append("LIMIT ? OFFSET ?")
    parameters += [-1 if query.limit is None else query.limit, query.offset]
    return " ".join(clauses)


def _order_key(order: Order, finder: ColumnFinder) -> str:
    column = finder.column(order.path)
    if column.field is not None and not column.field.described["sortable"]:
        message = f"field '{order.path}' can not be sorted in a query call"
        raise Refused(Problem("INVALID_FIELD", message))
    direction = "DESC" if order.descending else "ASC"
    return f"{column.sql} {direction} NULLS {'LAST' if order.nulls_last else 'FIRST'}"


@dataclass(frozen=True, slots=True)
class _RowShape:
    schema: Schema
    sobject: SObject
    selected: list[Column]
    links: list[str]
    version: str

    def record(self, row: tuple[Any, ...]) -> dict[str, Any]:
        linked_ids = dict(zip(self.links, row[1:], strict=False))
        values = row[1 + len(self.links) :]
        record: dict[str, Any] = {
            "attributes": attributes(self.sobject.name, row[0], self.version)
        }
        for column, value in zip(self.selected, values, strict=True):
            answered = answered_value(column.field, value) if column.field else value
            if column.link is None:
                record[column.name] = answered
                continue
            nested = self._nested(record, column, linked_ids[column.link])
            if nested is not None:
                nested[column.name] = answered
        return record

    def _nested(
        self, record: dict[str, Any], column: Column, linked_id: str | None
    ) -> dict[str, Any] | None:
        """The member that holds a related record's fields; None for an empty lookup."""
        if column.relationship not in record:
            target = self.schema.of_id(linked_id) if linked_id else None
            name = target.name if target else column.relationship
            record[column.relationship] = (
                {"attributes": attributes(name, linked_id, self.version)}
                if linked_id
                else None
            )
        nested: dict[str, Any] | None = record[column.relationship]
        return nested
