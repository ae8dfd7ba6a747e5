"""A real PostgreSQL server, for the tests and the benchmarks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def running_postgres(runtime: Path) -> Iterator[str]:
    """Give the URL of a server. `runtime` is an empty folder for what it asks of us."""
    runtime.chmod(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import pgserver  # it reads XDG_RUNTIME_DIR when imported

    # Run by root, the server is another user's. It must not stand in pytest's folder:
    # the next pytest that starts takes that from all others.
    with TemporaryDirectory(prefix="crm-sync-") as folder:
        server = pgserver.get_server(Path(folder) / "postgres")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
