"""How the database goes about what a method asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

Statement = tuple[str, Any]


@contextmanager
def statements(engine: Engine) -> Iterator[list[Statement]]:
    """Collect each statement with its parameters."""
    seen: list[Statement] = []

    def note(
        _connection: Any, _cursor: Any, text: str, parameters: Any, *_rest: Any
    ) -> None:
        seen.append((text, parameters))

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
        for text, parameters in asked:
            if "SELECT" in text:
                plan = connection.exec_driver_sql(f"{explain} {text}", parameters)
                lines += [str(row[-1]) for row in plan]
    return "\n".join(lines)
