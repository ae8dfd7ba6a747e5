"""How the database goes about what a method asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event, text

Statement = tuple[str, Any]


@contextmanager
def statements(engine: Engine) -> Iterator[list[Statement]]:
    """Collect each statement with its parameters."""
    seen: list[Statement] = []

    def note(
        _connection: Any, _cursor: Any, query: str, parameters: Any, *_rest: Any
    ) -> None:
        seen.append((query, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def plans_of(engine: Engine, call: Callable[[], object]) -> str:
    """Return the query plans of what a call asks."""
    with statements(engine) as asked:
        call()
    is_sqlite = engine.dialect.name == "sqlite"
    explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
    lines = []
    with engine.connect() as connection:
        for query, parameters in asked:
            if "SELECT" in query:
                plan = connection.exec_driver_sql(f"{explain} {query}", parameters)
                lines += [str(row[-1]) for row in plan]
    return "\n".join(lines)


def without_a_past(engine: Engine) -> Engine:
    """Give PostgreSQL new files: what other tests left in the old ones costs too."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("TRUNCATE event CASCADE"))
    return engine


def analyze(engine: Engine) -> None:
    """Let the planner know what is there."""
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))
