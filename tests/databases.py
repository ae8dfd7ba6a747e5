"""New databases of the engine that `--engine` names, for tests and their processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, event, make_url

from tests.postgres import running_postgres
from worker.store.engine import open_engine
from worker.store.schema import migrate

ENGINES = ("sqlite", "postgres")
# Alembic's context is one for all threads.
_MIGRATING = threading.Lock()


def make_tables(engine: Engine) -> None:
    """Migrate a database, while no other thread migrates another."""
    with _MIGRATING:
        migrate(engine)


class Databases:
    """Of SQLite a file each; of PostgreSQL a database each, on one server a process."""

    def __init__(self) -> None:
        self.kind = ENGINES[0]
        self._stack = ExitStack()
        self._server: Engine | None = None
        self._template = ""
        self._numbers = count(1)
        self._lock = threading.RLock()

    def server(self) -> Engine:
        """An engine of the PostgreSQL server, which the first call starts."""
        with self._lock:
            if self._server is None:
                runtime = Path(self._stack.enter_context(TemporaryDirectory()))
                url = self._stack.enter_context(running_postgres(runtime))
                self._server = open_engine(url)
                self._stack.callback(self._server.dispose)
                for off in ("fsync", "full_page_writes", "synchronous_commit"):
                    self.do(f"ALTER SYSTEM SET {off} = off")
                self.do("SELECT pg_reload_conf()")
            return self._server

    def do(self, statement: str) -> None:
        """Have the server do what it does outside of transactions alone."""
        with self.server().connect() as connection:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            alone.exec_driver_sql(statement)

    def new(self, path: Path) -> str:
        """The URL of a new database; one of SQLite is to be at the path."""
        if self.kind == "sqlite":
            return f"sqlite:///{path}"
        return self._new_on_server("template1")

    @contextmanager
    def migrated(self, folder: Path) -> Iterator[Engine]:
        """An engine of a new database that has its tables."""
        if self.kind == "sqlite":
            with sqlite_engine(folder) as opened:
                yield opened
            return
        opened = open_engine(self._new_on_server(self._migrated_template()))
        try:
            yield opened
        finally:
            opened.dispose()

    def take_away(self, url: str) -> Callable[[], None]:
        """Let a database be nowhere to be found; return what gives it back."""
        if self.kind == "sqlite":
            folder = Path(str(make_url(url).database)).parent
            away = folder.rename(folder.with_name("elsewhere"))
            return lambda: away.rename(folder) and None
        name = make_url(url).database
        self.do(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        self.do(f"{end} WHERE datname = '{name}'")
        self.do(f"ALTER DATABASE {name} RENAME TO {name}_away")

        def give_back() -> None:
            self.do(f"ALTER DATABASE {name}_away RENAME TO {name}")
            self.do(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

        return give_back

    def close(self) -> None:
        self._stack.close()

    def _migrated_template(self) -> str:
        with self._lock:
            if not self._template:
                engine = open_engine(self._new_on_server("template1"))
                make_tables(engine)
                engine.dispose()
                self._template = str(engine.url.database)
            return self._template

    def _new_on_server(self, template: str) -> str:
        with self._lock:
            name = f"new_{next(self._numbers)}"
            self.do(f"CREATE DATABASE {name} TEMPLATE {template}")
            url = self.server().url.set(drivername="postgresql", database=name)
        return url.render_as_string(hide_password=False)


DATABASES = Databases()


def url_of(engine: Engine, **options: str) -> str:
    """The URL by which a command finds the database of an engine."""
    url = engine.url.update_query_dict(options)
    return url.render_as_string(hide_password=False)


@contextmanager
def sqlite_engine(folder: Path) -> Iterator[Engine]:
    """An engine of a new, migrated SQLite database."""
    path = folder / "events.db"
    path.write_bytes(migrated_file())
    opened = open_engine(f"sqlite:///{path}")
    hurry(opened)
    try:
        yield opened
    finally:
        opened.dispose()


def hurry(engine: Engine) -> None:
    """Let SQLite wait for no disk; a server of the tests does not anyway."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _wait_for_no_disk)


def _wait_for_no_disk(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


@cache
def migrated_file() -> bytes:
    """The file of an empty database: migrating takes longer than many a test."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        engine = open_engine(f"sqlite:///{path}")
        make_tables(engine)
        engine.dispose()
        return path.read_bytes()
