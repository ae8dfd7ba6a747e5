"""Where the log goes. Floor 2."""

from __future__ import annotations

import logging
import sys


def log_to_stderr() -> None:
    """Set logging up: one line an outcome, no payloads."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    # It logs every path it asks for; a record page's may hold an id.
    logging.getLogger("urllib3").setLevel(logging.WARNING)
