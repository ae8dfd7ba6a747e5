"""What a person reads of a refused write: what is wrong, and where. Floor 3."""

from __future__ import annotations

from collections.abc import Sequence

from worker.crm.verdicts import Verdict, fill
from worker.model import Write


def refusal_hint(
    write: Write,
    object_name: str,
    verdict: Verdict,
    fields: Sequence[str] = (),
    matches: Sequence[str] = (),
) -> str:
    """Return a hint with field, object, ids and the mapping's file and line.

    The line is that of the field, where the write is of this object and has it.
    """
    own = write.places if object_name == write.object else {}
    known = dict.fromkeys(own[name] for name in fields if name in own)
    place = " and ".join(known) or write.place
    hint = fill(
        verdict.hint,
        object_name=object_name,
        fields=fields,
        place=place,
        matches=matches,
    )
    return hint if place in hint else f"{hint} ({place})"
