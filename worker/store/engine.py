"""Opening the database; nothing of SQLAlchemy's errors gets past here. Floor 2."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DisconnectionError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from worker.errors import StoreUnavailable
from worker.store.vault import Vault, entrust

BUSY_TIMEOUT_SECONDS = 10
CONNECT_TIMEOUT_SECONDS = 5


def open_engine(url: str, data_keys: Sequence[str] = ()) -> Engine:
    """Return an engine for a `sqlite:///` or `postgresql://` URL; connects to nothing.

    It encrypts with the first of the keys, and decrypts with any of them.
    """
    engine = _engine(url)
    entrust(engine.dialect, Vault(data_keys))
    _ENGINES.add(engine)
    return engine


def _engine(url: str) -> Engine:
    """Return an engine that keeps what was committed, and waits for others.

    SQLite runs in WAL mode with `synchronous=FULL`: a commit that returned survives a
    power cut. Its write transactions take the lock at their beginning, since one that
    only reads first and writes later fails at once when another wrote in between.

    Connections are this process's own, opened as its threads need them: at most 16 are
    kept and 26 open. A fork begins without any.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(
            parsed,
            connect_args={"timeout": BUSY_TIMEOUT_SECONDS},
            pool_size=16,
            hide_parameters=True,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        if parsed.database:
            _refuse_a_lost_file(engine, parsed.database)
        return engine
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=16,
        hide_parameters=True,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS},
    )


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a transaction that commits. Raises `StoreUnavailable`.

    An `IntegrityError` passes: it is an answer, for the caller in this package.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except IntegrityError:
        raise
    except SQLAlchemyError as error:
        raise StoreUnavailable(type(error).__name__) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a transaction that only reads. Raises `StoreUnavailable`."""
    try:
        with engine.execution_options(read_only=True).connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StoreUnavailable(type(error).__name__) from error


def dialect_insert(connection: Connection) -> Any:
    """Return the `insert` that knows ON CONFLICT, which both engines spell alike."""
    is_sqlite = connection.dialect.name == "sqlite"
    return sqlite.insert if is_sqlite else postgresql.insert


def _prepare_sqlite(dbapi_connection: Any, _record: Any) -> None:
    # With None, Python's module begins no transactions behind our back.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is purged or erased is not to stand in free pages; `remains` does the rest.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _refuse_a_lost_file(engine: Engine, path: str) -> None:
    """Never write into a file that was removed or replaced: it would vanish with us."""

    def inode() -> int | None:
        try:
            return os.stat(path).st_ino
        except OSError:
            return None

    def note(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["inode"] = inode()

    def compare(_connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        if inode() is None or inode() != record.info["inode"]:
            raise DisconnectionError("the database file is another")

    event.listen(engine, "connect", note)
    event.listen(engine, "checkout", compare)


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("read_only")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


_ENGINES: WeakSet[Engine] = WeakSet()


def _close_idle() -> None:
    """Before a fork: what lies idle is closed, and opened again when next needed."""
    for engine in list(_ENGINES):
        pool = engine.pool
        if isinstance(pool, QueuePool) and not pool.checkedout():
            engine.dispose()


def _leave_to_the_parent() -> None:
    """In the child: what the parent was using is the parent's to go on with."""
    for engine in list(_ENGINES):
        engine.dispose(close=False)


# Two processes must not speak over one connection. Celery's parent reads the database
# before it forks.
os.register_at_fork(before=_close_idle, after_in_child=_leave_to_the_parent)
