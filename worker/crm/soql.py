"""SOQL for look-ups: escaped, and cut to the length that a URL may have. Floor 2."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from urllib.parse import quote_plus

from simple_salesforce.format import format_soql

# Salesforce takes 16,384 bytes of URI and headers together; the token needs its share.
MAX_QUERY_BYTES = 12_000


def lookups(
    object_name: str, select: Collection[str], values: Mapping[str, Collection[str]]
) -> Iterator[str]:
    """Yield the fewest queries that find all the values.

    Names of objects and fields come from mappings, where they were checked to be
    names; values come from payloads and are escaped.
    """
    head = f"SELECT {', '.join(['Id', *sorted(set(select) - {'Id'})])}"
    head += f" FROM {object_name} WHERE "
    room = MAX_QUERY_BYTES - len(quote_plus(head))
    chunk: dict[str, list[str]] = {}
    used = 0
    for field in sorted(values):
        for value in sorted(set(values[field])):
            # Each field costs its name and ` IN () OR ` once; each value a comma too.
            cost = len(quote_plus(format_soql("{}", value))) + 3
            cost += 0 if field in chunk else len(field) + 30
            if used + cost > room and chunk:
                yield head + _where(chunk)
                chunk, used = {}, 0
                cost += len(field) + 30
            chunk.setdefault(field, []).append(value)
            used += cost
    if chunk:
        yield head + _where(chunk)


def _where(chunk: Mapping[str, list[str]]) -> str:
    return " OR ".join(
        format_soql("{:literal} IN {}", field, values)
        for field, values in chunk.items()
    )
