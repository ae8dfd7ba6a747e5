"""What SQLite leaves in its file of what was overwritten, and taking it out. Floor 2.

`secure_delete` clears what is freed, but not the copies that stay within a page when
SQLite moves rows to another one, nor the write-ahead log.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from worker.errors import StoreUnavailable

# Nobody else writes meanwhile: so much takes three seconds or four, and whoever takes
# calls in waits for ten.
MOST_BYTES = 400_000_000
_SIZE = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"


def clear_remains(engine: Engine, most_bytes: int = MOST_BYTES) -> str:
    """Write SQLite's file anew and empty its log; return why some may be left, or "".

    It takes as much room again as the database has. Raises nothing: what was to be
    taken out is out of the rows already.
    """
    if engine.dialect.name != "sqlite":
        return ""
    try:
        with closing(engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(_SIZE)
            (size,) = cursor.fetchall()[0]
            if size <= most_bytes:
                # Inside of a transaction SQLite does neither.
                cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (is_read, *_) = cursor.fetchall()[0]
            cursor.close()
    except (SQLAlchemyError, sqlite3.Error, StoreUnavailable) as error:
        return f"the file could not be written anew ({type(error).__name__})"
    if size > most_bytes:
        return f"{size // 1_000_000} MB are too many to write anew beside running calls"
    return "somebody reads the log just now" if is_read else ""
