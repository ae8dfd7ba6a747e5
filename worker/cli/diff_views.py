"""The lines that `crm-sync diff` prints. Floor 5."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from worker.cli.shortening import printable, shown_pair

_SHOWN_EVENTS = 5


def lines_of(found: dict[str, Any], records: int) -> Iterator[str]:
    """Yield a report as lines: counts, ends, so many records (0: all), the cost."""
    if not found["events"]:
        yield _nothing_to_compare(found)
        return
    yield from _heading(found)
    if not (found["records"] or found["ends"]):
        yield "Nothing would change, so applying it would cost no API requests."
        return
    yield ""
    yield from _counts(found)
    yield from _ends(found)
    shown = found["records"][: records or None]
    for record in shown:
        yield ""
        yield from _record(record)
    rest = len(found["records"]) - len(shown)
    if rest:
        yield ""
        yield f"{_many(rest, 'more record')}: --records 0 shows all"
    yield ""
    yield _cost(found["cost"])


def _nothing_to_compare(found: dict[str, Any]) -> str:
    left_out = _left_out(found)
    if left_out:
        return f"No events to compare. {left_out}"
    return "No events to compare: none was received in this window."


def _heading(found: dict[str, Any]) -> Iterator[str]:
    by = "the values in Salesforce" if found["against"] == "org" else "what was sent"
    begin, end = (_minute(found[f"received_{side}"]) for side in ("from", "to"))
    of = f" of commit {found['commit']}" if found["commit"] else ""
    mappings = [_mapping(mapping) for mapping in found["mappings"]]
    first = f"{_many(found['events'], 'event')} received {begin} to {end} UTC"
    if len(mappings) == 1:
        yield f"{first}, {mappings[0]}{of}, compared with {by}"
    else:
        yield f"{first}, by the mappings{of}, compared with {by}:"
        for mapping, line in zip(found["mappings"], mappings, strict=True):
            yield f"  {line}: {_many(mapping['events'], 'event')}"
    left_out = _left_out(found)
    if left_out:
        yield left_out
    if found["not_found"] and found["against"] != "org":
        records = _many(found["not_found"], "record")
        yield (
            f"{records} were looked for that nothing was ever sent to, and are not"
            " known here: --against-org asks Salesforce."
        )
    if found["has_more"]:
        yield f"Only the newest {found['events']} were tried; there are older ones."


def _mapping(mapping: dict[str, Any]) -> str:
    new, old = (_version(mapping[side]) for side in ("new", "old"))
    return f"{mapping['type']} {old} -> {new}"


def _version(version: dict[str, Any] | None) -> str:
    if version is None:
        return "no mapping"
    return f"version {version['version']} ({(version['hash'] or 'unknown')[:8]})"


def _left_out(found: dict[str, Any]) -> str:
    pending, same = (found["left_out"][n] for n in ("pending", "written_by_these"))
    reasons = []
    if same:
        reasons.append(f"{same} that these mappings have written (--all tries them)")
    if pending:
        reasons.append(f"{pending} pending, which are still to be written")
    return f"Left out: {'; '.join(reasons)}." if reasons else ""


def _counts(found: dict[str, Any]) -> Iterator[str]:
    for name, count in found["new_records"].items():
        yield f"{name}: {_many(count, 'new record')}"
    for count in found["counts"]:
        line = (
            f"{count['object']}.{count['field']}: {count['set']} set,"
            f" {count['cleared']} cleared, {count['changed']} changed"
        )
        unsent = count["no_longer_sent"]
        yield f"{line}, {unsent} no longer sent" if unsent else line


def _ends(found: dict[str, Any]) -> Iterator[str]:
    ends = found["ends"]
    counted = Counter((end["before"], end["after"]) for end in ends)
    for (before, after), times in sorted(counted.items()):
        same = [end for end in ends if (end["before"], end["after"]) == (before, after)]
        named = ", ".join(str(end["event"]) for end in same[:_SHOWN_EVENTS])
        more = ", ..." if len(same) > _SHOWN_EVENTS else ""
        was = "was" if times == 1 else "were"
        yield (
            f"{_many(times, 'event')} that {was} {before} would be {after}:"
            f" {named}{more}"
        )
        for hint in sorted({end["hint"] for end in same if end["hint"]}):
            yield f"  {hint}"


def _record(record: dict[str, Any]) -> Iterator[str]:
    events = record["events"]
    numbers = ", ".join(str(event["event"]) for event in events[:_SHOWN_EVENTS])
    more = ", ..." if len(events) > _SHOWN_EVENTS else ""
    word = "event" if len(events) == 1 else "events"
    types = ", ".join(dict.fromkeys(event["type"] for event in events))
    new = "  new" if record["is_new"] else ""
    key = printable(record["key"])
    yield f"{record['object']} {key}{new}  ({word} {numbers}{more}, {types})"
    for change in record["fields"]:
        before, after = shown_pair(change["before"], change["after"])
        if change["kind"] == "no_longer_sent":
            yield f"  {change['name']}: no longer sent, stays {before}"
        else:
            yield f"  {change['name']}: {before} -> {after}   {change['mapping']}"


def _cost(cost: dict[str, Any]) -> str:
    events = len(cost["events"])
    if not events:
        return (
            "Applying it would change nothing in Salesforce and cost no API requests."
        )
    these = "this 1 event" if events == 1 else f"these {events} events"
    look_ups = _many(cost["look_ups"], "look-up")
    return (
        f"Applying it to {these} would cost about"
        f" {_many(cost['api_requests'], 'API request')}"
        f" ({look_ups}, {_many(cost['writes'], 'write')})."
    )


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")
