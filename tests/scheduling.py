"""How the tests are spread over processes."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

# What starts processes of its own.
END_TO_END = (
    "tests/e2e/",
    "tests/faults/test_set_clock.py",
    "tests/faults/test_soak.py",
)


class OneSystem(LoadScopeScheduling):
    """Keeps in one process what shares a running system, and spreads the rest."""

    def _split_scope(self, nodeid: str) -> str:
        """Return the name of what a test has to stay with."""
        if nodeid.startswith(END_TO_END):
            return END_TO_END[0]
        # The cases of one test: what the scheduler does for each scope adds up.
        return nodeid.partition("[")[0]
