"""Yes and no, in English and Spanish. Floor 1, pure."""

from __future__ import annotations

import unicodedata
from typing import Any

from worker.mapping.transforms.registry import transform

YES = frozenset({"yes", "y", "true", "1", "sí", "si", "s", "verdadero"})
NO = frozenset({"no", "n", "false", "0", "falso"})


@transform(
    ("yes", True),
    ("No.", False),
    ("sí", True),
    ("Falso", False),
    (True, True),
    (0, False),
    takes=("boolean", "integer", "text"),
    gives="boolean",
)
def to_boolean(value: Any) -> bool:
    """A boolean, from yes/no words in English and Spanish too.

    Read are yes, y, true, sí, si, s, verdadero and 1; no, n, false, falso and 0; in
    any case, with or without a full stop. Anything else is refused, not guessed.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float | str):
        word = unicodedata.normalize("NFC", str(value)).strip().casefold()
        word = word.removesuffix(".")
        if word in YES:
            return True
        if word in NO:
            return False
    raise ValueError("neither yes nor no")


@transform(
    (True, "Yes"),
    ("sí", "Yes"),
    ("falso", "No"),
    takes=("boolean", "integer", "text"),
    gives="text",
    results=("Yes", "No"),
)
def yes_no(value: Any) -> str:
    """`Yes` or `No`, for a picklist, from all that `to_boolean` reads.

    For other labels: `as: to_boolean` and `choose: {true: Sí, false: No}`.
    """
    return "Yes" if to_boolean(value) else "No"
