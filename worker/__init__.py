"""The crm-sync worker: voice-AI calls in by webhook, Salesforce records out.

`celery -A worker ...` finds the Celery app here. It is looked up when asked for, so
that importing a part of the package reads no settings and opens nothing.
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in ("app", "celery"):
        from worker.tasks import app

        return app
    raise AttributeError(f"module 'worker' has no attribute {name!r}")
