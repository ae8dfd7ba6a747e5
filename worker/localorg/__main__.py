"""`python -m worker.localorg`: run a local org in the foreground."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from worker.localorg import LocalOrg


def main() -> None:
    """Serve until SIGTERM or SIGINT; prints one line of JSON once ready."""
    parser = argparse.ArgumentParser(prog="python -m worker.localorg")
    parser.add_argument("--schema", type=Path, required=True, metavar="DIR")
    parser.add_argument("--database", type=Path, metavar="FILE")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with LocalOrg(options.schema, options.database, options.port) as org:
        sys.stdout.write(json.dumps({"ready": True, "url": org.url}) + "\n")
        sys.stdout.flush()
        stopping.wait()


if __name__ == "__main__":
    main()
