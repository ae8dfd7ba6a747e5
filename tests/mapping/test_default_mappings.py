from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sources.fixture_files import FOLDER, PATHS
from worker import sources
from worker.mapping.compiled import CompiledMapping
from worker.mapping.paths import ABSENT, compile_path
from worker.mapping.spec import WriteSpec
from worker.model import Plan, State, Unwritten, Write

from .defaults import context_in, event_in, fields, mappings

# Every key of Cora's outcomes, by the groups of its documents.
_FLAGS = """
    refuseToPay dispute engaged_negotiations acknowledgeDebt payDate sentSms
    useLenderAgain
    spanishCall
    confirmedName deceased wantedToTalkHuman statusTransfer wasTheRightNumber
    wasTheRightParty wasWrongNumber wasWrongParty
    ceaseAndDesist complaintAboutCollector doNotCall fraud lawSuitRisk legalAction
    callbackConsent emailOnlyPreference wantsCallBack
    cardDetailsProvided paymentFailed paymentMade plan_accepted
    isEmployed isUnemployed multipleJobs
    attemptedVerification debtMentioned mirandaRead offeredPaymentOptions
    bankruptcy claimsPaidDirect coDebtorRefused debtConsolidation deployed
    hospitalized jail
"""
FLAGS = _FLAGS.split()
OTHERS: dict[str, Any] = {
    "plan_type": "regular_plan",
    "promiseToPayDays": 7,
    "bankruptcyAttorneyName": "Birch Lane Legal",
    "bankruptcyAttorneyPhone": "+13125550191",
    "bankruptcyCaseNumber": "26-00555-QRS",
    "bankruptcyChapter": "7",
    "bankruptcyFilingDate": "2026-02-20",
    "debtConsolidationCompany": "Clearwater Debt Partners",
}
OUTCOMES = dict.fromkeys(FLAGS, True) | OTHERS
COMPLIANCE = {
    "doNotCall": "Do_Not_Call__c",
    "ceaseAndDesist": "Cease_And_Desist__c",
    "bankruptcy": "Bankruptcy__c",
    "deceased": "Deceased__c",
    "fraud": "Fraud__c",
    "legalAction": "Legal_Action__c",
}
# What may feed a field of a type, by the last transform or the path.
TYPED = {
    "date": {"to_date", "days_after", "event.occurred_on"},
    "datetime": {"to_datetime", "event.occurred_at", "event.received_at"},
    "int": {"to_integer", "ms_to_seconds"},
    "double": {"to_integer", "to_number", "to_money"},
    "currency": {"to_money"},
}
TEXTS = ("string", "textarea", "phone", "combobox", "picklist")
PICKLISTS = ("picklist", "multipicklist")
# An id that is cut short is that of something else, so nothing cuts these.
IDENTIFIERS = {"account_number", "callId", "call_id", "id", "session_id"}
LONG = "word " * 30_000  # longer than the longest field, of 131,072

MAPPINGS = list(mappings().mappings.values())


def _name(mapping: CompiledMapping) -> str:
    return f"{mapping.spec.source}/{mapping.spec.event}"


def _place(write: WriteSpec) -> str:
    path = Path(write.place.path)
    return f"{path.parent.name}/{path.stem}:{write.place.line}"


each_mapping = pytest.mark.parametrize("mapping", MAPPINGS, ids=_name)
each_write = pytest.mark.parametrize(
    "write",
    [write for mapping in MAPPINGS for write in mapping.spec.writes],
    ids=_place,
)


# Cora's outcomes


def cora_plan(outcomes: Any, name: str = "full_envelope") -> tuple[Plan, bool]:
    """Return the plan of a call with these outcomes, and whether it is urgent."""
    event, connection = event_in(FOLDER / "cora" / f"call.completed__{name}.http")
    event = replace(event, payload={**event.payload, "outcomes": outcomes})
    context = context_in(event, connection)
    mapping = mappings().find("cora", "call.completed")
    assert mapping is not None
    return mapping.plan(context), mapping.is_urgent(context)


def sent(plan: Plan) -> dict[str, Any]:
    """Return all that the plan sends to debt accounts, by field."""
    found: dict[str, Any] = {}
    for write in plan.writes:
        if isinstance(write, Write) and write.object == "Debt_Account__c":
            found |= write.fields
    return found


def test_the_fixture_of_every_outcome_has_every_outcome() -> None:
    event, _ = event_in(FOLDER / "cora" / "call.completed__every_outcome.http")

    assert OUTCOMES.keys() == event.payload["outcomes"].keys()


@pytest.mark.parametrize(("key", "value"), OUTCOMES.items())
def test_no_outcome_is_left_unread(key: str, value: Any) -> None:
    without, _ = cora_plan({})

    assert without.writes != cora_plan({key: value})[0].writes


@pytest.mark.parametrize("key", FLAGS)
def test_every_true_outcome_is_on_the_call_log(key: str) -> None:
    task = cora_plan({key: True})[0].writes[0]

    assert isinstance(task, Write)
    assert task.fields["Call_Outcomes__c"]
    assert ";" not in task.fields["Call_Outcomes__c"]


def test_an_outcome_that_is_not_known_yet_is_kept_too() -> None:
    """The documents: unknown keys must be kept."""
    without, _ = cora_plan({})

    assert without.writes != cora_plan({"attorneyRetained": True})[0].writes


@pytest.mark.parametrize(("key", "field"), COMPLIANCE.items())
def test_a_compliance_flag_is_sticky_and_urgent(key: str, field: str) -> None:
    plan, urgent = cora_plan({key: True})

    (write,) = [w for w in plan.writes if isinstance(w, Write) and field in w.fields]
    assert {field: True} == write.fields
    assert frozenset([field]) == write.sticky
    assert (write.object, write.mode, urgent) == ("Debt_Account__c", "update", True)


@pytest.mark.parametrize("value", [ABSENT, None, False, ""], ids=repr)
@pytest.mark.parametrize(("key", "field"), COMPLIANCE.items())
def test_a_compliance_flag_that_is_not_true_writes_nothing(
    key: str, field: str, value: Any
) -> None:
    plan, urgent = cora_plan({} if value is ABSENT else {key: value})

    assert field not in sent(plan)
    assert not urgent


@pytest.mark.parametrize("key", COMPLIANCE)
def test_a_compliance_flag_is_the_disposition_of_its_call(key: str) -> None:
    task = cora_plan({key: True, "wasTheRightParty": True})[0].writes[0]

    assert isinstance(task, Write)
    labels = task.fields["Call_Outcomes__c"].split(";")
    assert task.fields["CallDisposition"] in labels
    assert task.fields["CallDisposition"] != "Right party"


@pytest.mark.parametrize("key", [key for key in FLAGS if key not in COMPLIANCE])
def test_no_other_outcome_is_urgent(key: str) -> None:
    assert not cora_plan({key: True})[1]


@pytest.mark.parametrize(("key", "field"), COMPLIANCE.items())
def test_no_other_fault_holds_a_compliance_flag_up(key: str, field: str) -> None:
    faults = {"bankruptcyFilingDate": "soon", "promiseToPayDays": "soon"}

    plan, urgent = cora_plan({key: True, **faults})

    assert sent(plan)[field] is True
    assert urgent


@pytest.mark.parametrize("key", COMPLIANCE)
def test_a_compliance_flag_of_a_call_without_a_party_waits_for_a_person(
    key: str,
) -> None:
    """Skipped, a do-not-call would vanish behind a call log that is in sync."""
    plan, _ = cora_plan({key: True}, name="minimal")

    ends = [write.state for write in plan.writes if isinstance(write, Unwritten)]
    assert State.PARKED in ends


@each_write
def test_what_a_call_only_sets_is_a_checkbox(write: WriteSpec) -> None:
    described = fields(write.object)
    sticky = [field.name for field in write.fields if field.policy == "sticky"]

    assert [name for name in sticky if described[name]["type"] != "boolean"] == []


# Days


def plan_at(fixture: str, occurred_at: datetime) -> Plan:
    """Return the plan of a fixture's event, had it happened at that moment."""
    event, connection = event_in(FOLDER / f"{fixture}.http")
    mapping = mappings().find(event.source, event.type)
    assert mapping is not None
    return mapping.plan(context_in(replace(event, occurred_at=occurred_at), connection))


@pytest.mark.parametrize(
    ("fixture", "hour", "day"),
    [
        # Chicago is 5 hours behind UTC in May, Mexico City 6, Kolkata 5:30 ahead.
        ("cora/call.completed__minimal", "2026-05-05T04:59:59", "2026-05-04"),
        ("cora/call.completed__minimal", "2026-05-05T05:00:00", "2026-05-05"),
        ("altur/on_call_end__newest", "2026-05-05T05:59:59", "2026-05-04"),
        ("altur/on_call_end__newest", "2026-05-05T06:00:00", "2026-05-05"),
        ("vocobase/session.completed__full", "2026-05-04T18:29:59", "2026-05-04"),
        ("vocobase/session.completed__full", "2026-05-04T18:30:00", "2026-05-05"),
        ("freeclimb/callStatus__busy", "2026-05-05T04:59:59", "2026-05-04"),
        ("freeclimb/callStatus__busy", "2026-05-05T05:00:00", "2026-05-05"),
    ],
)
def test_a_call_is_logged_on_the_day_of_its_accounts_time_zone(
    fixture: str, hour: str, day: str
) -> None:
    task = plan_at(fixture, datetime.fromisoformat(hour).replace(tzinfo=UTC)).writes[0]

    assert isinstance(task, Write)
    assert day == task.fields["ActivityDate"]


def test_a_promise_counts_from_the_day_of_the_call_where_the_debtor_lives() -> None:
    late = datetime(2026, 5, 5, 3, 0, tzinfo=UTC)  # the evening of the 4th in Chicago

    plan = plan_at("cora/call.completed__payment_and_plan", late)

    assert sent(plan)["Promise_Date__c"] == "2026-05-18"  # 14 days


# Sources and events


def test_every_event_of_every_source_has_a_mapping_and_there_is_no_other() -> None:
    events = {(name, event) for name in sources.names() for event in _events(name)}

    assert events == set(mappings().mappings)


def _events(name: str) -> Any:
    return sources.load(name).EVENTS


# Objects and fields


@each_write
def test_a_key_is_a_unique_external_id(write: WriteSpec) -> None:
    described = fields(write.object)
    if write.mode != "update":
        (key,) = write.key
        assert described[key.field]["externalId"]
        assert described[key.field]["unique"]


@pytest.mark.parametrize(
    "write",
    [w for m in MAPPINGS for w in m.spec.writes if w.object == "Task"],
    ids=_place,
)
def test_a_task_is_cheap_to_write_and_fits(write: WriteSpec) -> None:
    """An open task locks more than a completed one, and a subtype is never changed."""
    given = {field.name: field for field in write.fields}
    status, subtype = given["Status"], given.get("TaskSubtype")
    described = fields("Task")

    assert status.policy == "always"
    assert (status.value.literal and status.value.literal.value) == "Completed"
    assert subtype is not None or "CallDurationInSeconds" not in given
    assert subtype is None or subtype.policy == "insert_only"
    assert given.keys().isdisjoint({"WhoId", "WhatId"})
    assert {link.field for link in write.links} <= {"WhoId", "WhatId"}
    if "Description" in given:
        last = given["Description"].value.steps[-1]
        assert last.transform.name == "truncate"
        assert last.argument <= described["Description"]["length"] == 32_000


@each_write
def test_a_match_is_by_a_text_field_of_the_object(write: WriteSpec) -> None:
    pairs = [(write.object, match.field) for match in write.key]
    pairs += [(link.object, m.field) for link in write.links for m in link.matches]

    for object_name, field in pairs:
        assert fields(object_name)[field]["type"] in ("string", "phone")


@each_write
def test_a_link_is_a_reference_to_its_object(write: WriteSpec) -> None:
    for link in write.links:
        described = fields(write.object)[link.field]
        assert link.object in described["referenceTo"]
        assert described["createable"]
        assert described["updateable"]


@each_write
def test_no_field_is_written_twice(write: WriteSpec) -> None:
    names = [field.name for field in write.fields]
    names += [link.field for link in write.links]
    names += [match.field for match in write.key]

    assert sorted(set(names)) == sorted(names)


@each_write
def test_a_field_exists_and_may_be_written(write: WriteSpec) -> None:
    described = fields(write.object)
    for field in write.fields:
        entry = described[field.name]
        assert entry["createable"], field.name
        assert entry["updateable"] or field.policy == "insert_only", field.name


# Values that fit


@cache
def tree_of(path: str) -> Any:
    return yaml.load(Path(path).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def nodes_of(write: WriteSpec) -> dict[str, Any]:
    """Return the fields of a write as the file has them; every scalar is text."""
    (mapping,) = [mapping for mapping in MAPPINGS if write in mapping.spec.writes]
    index = mapping.spec.writes.index(write)
    found: dict[str, Any] = tree_of(write.place.path)["writes"][index]["fields"]
    assert [field.name for field in write.fields] == list(found)
    return found


def steps_of(node: Any) -> list[tuple[str, Any]]:
    """Return the transforms of a field as name and argument."""
    steps = [] if isinstance(node, str) else node.get("as", [])
    listed = steps if isinstance(steps, list) else [steps]
    return [
        next(iter(step.items())) if isinstance(step, dict) else (step, None)
        for step in listed
    ]


def fixed_values(node: Any) -> set[str]:
    """Return every value that the mapping itself can give to the field."""
    if isinstance(node, str):
        return set()
    values = {node[key] for key in ("value", "otherwise", "default") if key in node}
    values |= set(node.get("choose", {}).values())
    for name, argument in steps_of(node):
        if name in ("flags", "first_flag"):
            values |= set(argument.values())
    return values


@each_write
def test_a_picklist_gets_only_its_own_values(write: WriteSpec) -> None:
    described = fields(write.object)
    for name, node in nodes_of(write).items():
        if described[name]["type"] in PICKLISTS:
            allowed = {entry["value"] for entry in described[name]["picklistValues"]}
            assert fixed_values(node), name
            assert fixed_values(node) <= allowed, name


@each_write
def test_a_restricted_picklist_gets_nothing_straight_from_a_payload(
    write: WriteSpec,
) -> None:
    described = fields(write.object)
    for name, node in nodes_of(write).items():
        if described[name].get("restrictedPicklist"):
            last = [step for step, _ in steps_of(node)][-1:]
            chosen = last in (["flags"], ["first_flag"])
            assert "value" in node or "choose" in node or chosen, name


@each_write
def test_a_typed_field_gets_a_value_of_its_type(write: WriteSpec) -> None:
    described = fields(write.object)
    for name, node in nodes_of(write).items():
        feeds = TYPED.get(described[name]["type"])
        if feeds is not None:
            path = node if isinstance(node, str) else node.get("from")
            last = [step for step, _ in steps_of(node)][-1:] or [path]
            assert last[0] in feeds, name


def leaves(value: Any, steps: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every text and null."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from leaves(member, (*steps, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*steps, index))
    elif value is None or isinstance(value, str):
        yield steps


def with_long(payload: Any, steps: tuple[Any, ...]) -> Any:
    changed = parent = copy.deepcopy(payload)
    for step in steps[:-1]:
        parent = parent[step]
    parent[steps[-1]] = LONG
    return changed


def too_long(plan: Plan) -> set[str]:
    """Return the fields whose text Salesforce would refuse for its length."""
    return {
        f"{write.object}.{name}"
        for write in plan.writes
        if isinstance(write, Write)
        for name, value in write.fields.items()
        if fields(write.object)[name]["type"] in TEXTS
        and len(value) > fields(write.object)[name]["length"]
    }


@each_mapping
def test_no_text_of_a_payload_is_too_long_for_its_field(
    mapping: CompiledMapping,
) -> None:
    found: set[str] = set()
    tried: set[str] = set()
    source = mapping.spec.source
    for path in PATHS:
        event, connection = event_in(path)
        if (event.source, event.type) != (source, mapping.spec.event):
            continue
        for root in ("payload", "body"):
            whole = getattr(event, root)
            for steps in leaves(whole):
                way = ".".join([root, *map(str, steps)])
                if steps[-1] in IDENTIFIERS or way in tried:
                    continue
                tried.add(way)
                changed = replace(event, **{root: with_long(whole, steps)})
                plan = mapping.plan(context_in(changed, connection))
                found |= {f"{name} <- {way}" for name in too_long(plan)}

    assert len(tried) > 5
    assert sorted(found) == []


@each_mapping
def test_a_mapping_reads_nothing_that_no_fixture_has(mapping: CompiledMapping) -> None:
    """A misspelt path is never found, and nothing else would tell."""
    events = [event_in(path) for path in PATHS]
    contexts = [
        context_in(event, connection)
        for event, connection in events
        if (event.source, event.type) == (mapping.spec.source, mapping.spec.event)
    ]
    values = [field.value for write in mapping.spec.writes for field in write.fields]
    inputs = dict.fromkeys(path for value in values for path in value.inputs)

    assert [path for path in inputs if not _is_in_any(path, contexts)] == []


def _is_in_any(path: str, contexts: list[Any]) -> bool:
    return any(compile_path(path)(context) is not ABSENT for context in contexts)
