"""Lanes by number: a party's, and beside it the one of its urgent events. Floor 0.

Urgent events have lanes of their own, so that none waits for a batch of usual ones.
"""

from __future__ import annotations

import hashlib


def lane_of(party: str, lanes: int) -> int:
    """Return the party's lane: the same in every process and on every day."""
    digest = hashlib.sha256(party.casefold().encode()).digest()
    return int.from_bytes(digest[:8]) % lanes


def urgent_lane(lane: int) -> int:
    """Return the lane of the urgent events beside a usual one: -1 for 0, -2 for 1."""
    return -1 - lane


def is_urgent(lane: int) -> bool:
    """Return whether a lane is one of urgent events."""
    return lane < 0


def usual_lane(lane: int) -> int:
    """Return the usual lane of the same parties."""
    return -1 - lane if is_urgent(lane) else lane
