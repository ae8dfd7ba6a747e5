"""Keys of one table: which was meant, and which do not go together. Floor 1, pure.

One slip is one finding: a misspelt key is not also missing, and a faulty one not also
in the way of another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from worker.mapping.findings import Finding, did_you_mean
from worker.mapping.strict_yaml import Scalar, Table


def key_hint(name: str, known: Collection[str]) -> str:
    """Return what an admin may have meant by a key that is not known."""
    if name.partition(":")[0] in known:
        return ": a space is missing after ':'"
    return did_you_mean(name, known)


def meant_by(names: Collection[str], known: Collection[str]) -> set[str]:
    """Return the known keys that are there, those that are misspelt among them."""
    found = {*known} & {*names}
    for name in names:
        if name not in known:
            before_colon = name.partition(":")[0]
            hint = key_hint(name, known)
            found |= {k for k in known if f"{k!r}" in hint or k == before_colon}
    return found


def find_exclusions(
    table: Table,
    one_of: Sequence[Sequence[str]],
    meant: Collection[str],
    why: str,
) -> list[Finding]:
    """Return the faults of groups of which not exactly one key is there.

    `meant` are the keys that are there, also misspelt; `why` is said where none is.
    """
    found = []
    for group in one_of:
        given = [name for name in group if name in table.entries]
        is_none = not {*meant} & {*group}
        if is_none or len(given) > 1:
            message = exactly_one_of(group, why if is_none else "")
            found.append(table.place.finding(message, "combination"))
    return found


def exactly_one_of(group: Sequence[str], why: str = "") -> str:
    """Return what to do where not exactly one key of a group is there."""
    return f"give exactly one of: {', '.join(group)}" + (f"; {why}" if why else "")


def find_needs(
    table: Table,
    needs: Mapping[str, tuple[str, str | None]],
    meant: Collection[str],
    faulty: Collection[str],
) -> list[Finding]:
    """Return the faults of keys that are there without another that they need.

    `meant` are the keys that are there, also misspelt; the values of `faulty` ones have
    faults of their own.
    """
    found = []
    for name, (other, value) in needs.items():
        is_there = name in table.entries
        is_misspelt = other in meant and other not in table.entries
        if is_there and not (
            is_misspelt or other in faulty or _has(table, other, value)
        ):
            wanted = f"{other}: {value}" if value else f"{other}"
            message = f"{name!r} goes with {wanted!r}"
            found.append(table.key_places[name].finding(message, "combination"))
    return found


def _has(table: Table, name: str, value: str | None) -> bool:
    child = table.entries.get(name)
    if value is None or child is None:
        return child is not None
    return isinstance(child, Scalar) and child.text == value
