"""The local org as an object: start it, seed it, break it, look at it, stop it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from worker.localorg.backend import Backend
from worker.localorg.bulk_jobs import BulkJobs
from worker.localorg.control import seed_records
from worker.localorg.faults import Faults
from worker.localorg.jwt_bearer import JwtApp
from worker.localorg.schema import SObject
from worker.localorg.server import LoopbackServer


class LocalOrg:
    """A stand-in for a Salesforce org, for demo, development and tests.

    `schema_dir` holds describe-shaped `<Object>.json` files. `database` is the SQLite
    file that keeps records and tokens; None keeps them in memory. The port is bound at
    once, so that `url` is known before `start`.
    """

    def __init__(
        self, schema_dir: Path, database: Path | None = None, port: int = 0
    ) -> None:
        self._backend = Backend(schema_dir, database)
        try:
            self._server = LoopbackServer(self._backend, port)
        except OSError:
            self._backend.store.close()
            raise
        self._thread: threading.Thread | None = None
        self._is_serving = False
        self._is_stopped = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The base URL, such as `http://127.0.0.1:40123`."""
        return self._server.url

    @property
    def faults(self) -> Faults:
        """The faults: add, replace, clear and list them."""
        return self._backend.faults

    @property
    def jobs(self) -> BulkJobs:
        """The bulk jobs, and after how many looks they are done."""
        return self._backend.jobs

    def register(self, app: JwtApp) -> None:
        """Let an app log in by its key; it takes the place of the one before."""
        self._backend.jwt_app = app

    def start(self) -> None:
        """Serve in a thread."""
        self._thread = threading.Thread(
            target=self.serve_forever, name="local-org", daemon=True
        )
        self._is_serving = True
        self._thread.start()

    def serve_forever(self) -> None:
        """Serve in the calling thread until another one calls `stop`."""
        self._is_serving = True
        self._server.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        """Finish what is being answered, close all connections and the database."""
        if self._is_stopped:
            return
        self._is_stopped = True
        if self._is_serving:
            self._server.shutdown()
        if self._thread is not None:
            self._thread.join()
        self._server.server_close()
        self._server.close_connections()
        self._backend.store.close()

    def stats(self) -> dict[str, Any]:
        """`api_requests`, `logins` and `by_path` since the start or the last reset."""
        return self._backend.stats.snapshot()

    def reset_stats(self) -> None:
        """Count from zero again."""
        self._backend.stats.reset()

    def limit(self, max_requests: int, used_by_others: int = 0) -> None:
        """Set the day's allowance of API requests, and what others used of it."""
        self._backend.stats.limit(max_requests, used_by_others)

    def insert(
        self, object_name: str, records: Iterable[Mapping[str, Any]]
    ) -> list[str]:
        """Create records without an API request, all or none, and give their ids.

        Raises ValueError with the results if a record is not valid.
        """
        rows = [dict(record) for record in records]
        results = seed_records(self._backend, self._object(object_name), rows)
        if not all(result["success"] for result in results):
            raise ValueError(f"not valid for {object_name}: {results}")
        return [result["id"] for result in results]

    def records(self, object_name: str) -> list[dict[str, Any]]:
        """Every living record of an object with all fields, in order of creation."""
        return self._backend.store.records(self._object(object_name))

    def _object(self, name: str) -> SObject:
        sobject = self._backend.schema.find(name)
        if sobject is None:
            raise ValueError(f"the local org has no object {name}")
        return sobject
