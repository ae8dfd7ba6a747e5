"""Look-ups in the fewest requests; one that runs too long goes by halves. Floor 3."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from worker.crm import CompositeCrm, Crm, Find
from worker.errors import CrmRefused, CrmUnavailable

# A query that runs for too long takes Salesforce two minutes.
MOST_HALVINGS = 3


def find_each(
    finds: Sequence[Find], crm: Crm
) -> Iterator[list[dict[str, Any]] | CrmRefused]:
    """Yield what each look-up finds, asked in one request where the CRM takes it.

    A query that runs for too long is asked by halves. Raises `CrmUnavailable`.
    """
    if len(finds) < 2 or not isinstance(crm, CompositeCrm):
        yield from (_find(find, crm) for find in finds)
        return
    for find, found in zip(finds, crm.find_each(finds), strict=True):
        if isinstance(found, CrmUnavailable):
            yield _halved(find, crm, found, MOST_HALVINGS)
        else:
            yield found


def _find(
    find: Find, crm: Crm, halvings: int = MOST_HALVINGS
) -> list[dict[str, Any]] | CrmRefused:
    try:
        return crm.find(find.object_name, find.select, find.values)
    except CrmRefused as error:
        return error
    except CrmUnavailable as error:
        return _halved(find, crm, error, halvings)


def _halved(
    find: Find, crm: Crm, error: CrmUnavailable, halvings: int
) -> list[dict[str, Any]] | CrmRefused:
    """Ask by halves where the query ran for too long; raise what is no matter of it."""
    pairs = sorted((name, text) for name in find.values for text in find.values[name])
    if error.code != "QUERY_TIMEOUT" or not halvings or len(pairs) < 2:
        raise error
    found: dict[str, dict[str, Any]] = {}
    for half in (pairs[: len(pairs) // 2], pairs[len(pairs) // 2 :]):
        values: dict[str, list[str]] = defaultdict(list)
        for name, text in half:
            values[name].append(text)
        # Every field is read of every record: another half's may match it too.
        select = {*find.select, *find.values}
        records = _find(Find(find.object_name, select, values), crm, halvings - 1)
        if isinstance(records, CrmRefused):
            return records
        found |= {record["Id"]: record for record in records}
    return list(found.values())
