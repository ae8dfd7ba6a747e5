"""Beat's schedule, which goes on after the clock was set back. Floor 2."""

from __future__ import annotations

from celery.beat import PersistentScheduler


class Scheduler(PersistentScheduler):  # type: ignore[misc]
    """Like Celery's own, which sends nothing until the clock is where it was."""

    def tick(self) -> float:
        """Send one task that is due; return the seconds until the next may be."""
        for entry in self.schedule.values():
            now = entry.default_now()
            if entry.last_run_at > now:
                entry.last_run_at = now
                self._heap = None  # It is filled anew by these times.
        return float(super().tick())
