"""What the workers tell each other about the org, as far as this floor knows. Floor 2.

A board keeps small notes by name; a process's own does, and so does one in Redis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from worker.model import CLOCKS_APART

Note = dict[str, Any]


class Board(Protocol):
    """Notes by name. A note that nobody wrote is empty. Nothing is raised."""

    def read(self, name: str) -> Note:
        """Return a note."""

    def change(self, name: str, change: Callable[[Note], Note]) -> None:
        """Replace a note by what `change` makes of it, as one step for all workers.

        `change` is called again where another worker was faster.
        """


def number(note: Note, name: str) -> float:
    """Return a number of a note; 0 where there is none."""
    value = note.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def is_to_come(at: float, now: float, longest_seconds: float) -> bool:
    """Return whether a noted moment is still ahead, as one no farther off than that.

    One that is farther is of a clock that was set back since: nobody waits for it.
    """
    return 0 < at - now <= longest_seconds + CLOCKS_APART.total_seconds()


def take_turn(board: Board, name: str, now: float, every_seconds: float) -> bool:
    """Take the next turn at something that all workers do once in so many seconds."""
    is_taken = False

    def take(note: Note) -> Note:
        nonlocal is_taken
        is_taken = not is_to_come(number(note, "next_at"), now, every_seconds)
        return {"next_at": now + every_seconds} if is_taken else note

    board.change(name, take)
    return is_taken
