"""The payloads' schemas fit the vendors' deliveries, the sources and the path types."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.mapping.defaults import context_in, event_in
from tests.sources.fixture_files import FOLDER, PATHS, event_of
from worker import sources
from worker.mapping.payload_types.schemas import type_of_root
from worker.mapping.payload_types.types import Type
from worker.payloads import events, load_payload_schema, minimal_body

KINDS = {
    bool: {"boolean"},
    dict: {"object"},
    float: {"number"},
    int: {"integer", "number"},
    list: {"list"},
    str: {"text", "date", "datetime", "uri"},
    type(None): {"null"},
}
COMBINING = ("type", "$ref", "anyOf", "not")

MAPPABLE = [path for path in PATHS if not path.stem.startswith("record__")]

each_event = pytest.mark.parametrize(("source", "event"), events())


@cache
def contexts(source: str, event: str) -> list[Any]:
    """Return the contexts of an event's fixtures, as plain JSON."""
    found = [event_in(path) for path in PATHS]
    return [
        json.loads(json.dumps(context_in(of, connection)))
        for of, connection in found
        if (of.source, of.type) == (source, event)
    ]


def validator(source: str, event: str) -> Draft202012Validator:
    return Draft202012Validator(load_payload_schema(source, event))


def faults(source: str, event: str, context: Any) -> list[str]:
    return [fault.message for fault in validator(source, event).iter_errors(context)]


def parts(known: Type, value: Any) -> Iterator[tuple[Type, Any]]:
    """Yield every value in a value with its type, but not what is below open ones."""
    yield known, value
    if isinstance(value, dict):
        for key in value.keys() & known.properties.keys():
            yield from parts(known.properties[key], value[key])
    elif isinstance(value, list) and known.items is not None:
        for item in value:
            yield from parts(known.items, item)


def test_every_event_of_every_source_has_a_schema_and_there_is_no_other() -> None:
    assert events() == sorted(
        (name, event) for name in sources.names() for event in sources.load(name).EVENTS
    )


def test_an_event_without_a_schema_is_a_key_error() -> None:
    with pytest.raises(KeyError, match=r"freeclimb record"):
        load_payload_schema("freeclimb", "record")


@each_event
def test_a_schema_is_valid_and_named_after_its_event(source: str, event: str) -> None:
    schema = load_payload_schema(source, event)

    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert schema["title"] == f"{source} {event}"


@pytest.mark.parametrize("path", MAPPABLE, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_fixture_fits_its_schema(path: Path) -> None:
    event, connection = event_in(path)
    context = json.loads(json.dumps(context_in(event, connection)))

    assert faults(event.source, event.type, context) == []


@each_event
def test_the_smallest_body_is_read_and_fits(source: str, event: str) -> None:
    read = event_of(source, minimal_body(source, event))

    assert (read.source, read.type) == (source, event)
    assert faults(source, event, context_in(read, source)) == []


def test_the_smallest_body_is_the_callers_own() -> None:
    minimal_body("cora", "call.completed")["payload"]["outcomes"]["deceased"] = True

    assert minimal_body("cora", "call.completed")["payload"]["outcomes"] == {}


@each_event
def test_a_schema_lists_the_event_names_that_the_source_gives(
    source: str, event: str
) -> None:
    known = load_payload_schema(source, event)["$defs"]["event"]
    given = {key for context in contexts(source, event) for key in context["event"]}
    always = set.intersection(
        *(set(context["event"]) for context in contexts(source, event))
    )

    assert set(known["properties"]) == given
    assert set(known["required"]) <= always


@each_event
def test_a_misspelt_key_fits_only_into_an_open_object(source: str, event: str) -> None:
    tried = set()
    for context in contexts(source, event):
        changed = copy.deepcopy(context)
        for known, value in parts(
            type_of_root(load_payload_schema(source, event)), changed
        ):
            if not isinstance(value, dict):
                continue
            value["a new key"] = "x"
            is_open = known.is_open or known.rest is not None
            assert (faults(source, event, changed) == []) is is_open, known.place
            del value["a new key"]
            tried.add(known.place)
        assert changed == context

    assert {"payload", "event", "body"} < tried


@each_event
def test_a_value_of_a_fixture_is_of_the_type_of_its_path(
    source: str, event: str
) -> None:
    root = type_of_root(load_payload_schema(source, event))
    values = [
        part for context in contexts(source, event) for part in parts(root, context)
    ]

    assert len(values) > 20
    for known, value in values:
        assert known.kinds & KINDS[type(value)], known.place
        if known.max_length is not None and isinstance(value, str):
            assert len(value) <= known.max_length, known.place


@each_event
def test_a_schema_explains_every_key(source: str, event: str) -> None:
    schema = load_payload_schema(source, event)

    waiting = [("", schema)]
    while waiting:
        name, node = waiting.pop()
        for key, member in node.get("properties", {}).items():
            target = member.get("$ref", "").removeprefix("#/$defs/")
            described = member if "description" in member else schema["$defs"][target]
            assert described["description"].endswith("."), (name, key)
            waiting.append((key, member))
        waiting += [(name, m) for m in node.get("$defs", {}).values()]
        waiting += [(name, node[key]) for key in ("items",) if key in node]


def test_the_envelope_of_cora_is_the_same_in_every_event() -> None:
    envelopes = []
    for source, event in events():
        if source == "cora":
            body = copy.deepcopy(load_payload_schema(source, event)["$defs"]["body"])
            assert body["properties"]["event"].pop("const") == event
            del body["properties"]["eventCategory"]["const"]
            envelopes.append(body)

    assert len(envelopes) == 4
    assert all(envelope == envelopes[0] for envelope in envelopes)


def test_every_outcome_of_cora_is_known_and_there_may_be_others() -> None:
    outcomes = load_payload_schema("cora", "call.completed")["$defs"]["outcomes"]
    path = FOLDER / "cora" / "call.completed__every_outcome.http"
    event, _ = event_in(path)

    assert list(outcomes["properties"]) == list(event.payload["outcomes"])
    assert len(outcomes["properties"]) == 51
    assert outcomes["additionalProperties"] is True


def test_what_is_taken_out_of_every_body_fits_nowhere() -> None:
    context = copy.deepcopy(contexts("cora", "payment.plan_created")[0])
    context["body"]["payload"]["tokenized"] = "x"

    assert len(faults("cora", "payment.plan_created", context)) == 1
