"""How an unknown path is refused, with what may have been meant. Floor 1, pure."""

from __future__ import annotations

from worker.mapping.findings import did_you_mean
from worker.mapping.path_check import EVENT_NAMES
from worker.mapping.payload_types.types import Type, below, step_of

SELECTION = "{}"
"""The place of an object that the path itself has put together."""


class UnknownPath(ValueError):
    """No known version of the vendor's payload has what the path reads."""


def is_slip(owner: Type, key: str) -> bool:
    """Return whether an unknown key is much like one that the object has."""
    return bool(_hint(owner, key))


def no_key(title: str, owner: Type, key: str) -> UnknownPath:
    """Return the refusal of a key that the object does not have."""
    place = below(owner.place, key)
    if owner.place == SELECTION:
        return UnknownPath(f"what is selected has no {key!r}{_hint(owner, key)}")
    if key in owner.properties:
        why = owner.properties[key].never
        return UnknownPath(f"{title} never gives {place}: {why}")
    if owner.place == "event" and key in EVENT_NAMES:
        return UnknownPath(f"{title} never gives {place}")
    return UnknownPath(f"no known version of {title} has {place}{_hint(owner, key)}")


def no_object(title: str, found: Type, key: str) -> UnknownPath:
    """Return the refusal of a key, or of `*`, of what is no object."""
    place = found.place or "this"
    step = key if key == "*" else step_of(key)
    if place.startswith("!"):
        inside = f"{place[1:]}.{step}"
        return UnknownPath(
            f"{place} alone is negated: put brackets round it all, as in !({inside})"
        )
    is_of_items = found.items is not None and key in found.items.properties
    hint = f" (did you mean {place}[].{step}?)" if is_of_items else ""
    return UnknownPath(
        f"no known version of {title} has {place}.{step}: {place} is {found}{hint}"
    )


def no_list(title: str, found: Type, suffix: str) -> UnknownPath:
    """Return the refusal of an index, or the like, of what is no list."""
    place = found.place or "this"
    return UnknownPath(
        f"no known version of {title} has {place}{suffix}: {place} is {found}"
    )


def _hint(owner: Type, key: str) -> str:
    given = [name for name, known in owner.properties.items() if not known.never]
    return did_you_mean(key, given)
