from __future__ import annotations

from typing import Any

import pytest

from worker.model import Link, Match, State, Unwritten, Write

from .building import PATH, compiled, context, one, one_write, plan

MISSING = object()
GIVEN = [MISSING, None, False, "", " ", 0, True, "x"]
# What each policy sends of what is given: each of the four nothings by itself.
SENT: dict[str, list[Any]] = {
    "always": [False, "", " ", 0, True, "x"],
    "if_empty": [False, 0, True, "x"],
    "sticky": [" ", 0, True, "x"],
    "insert_only": [False, "", " ", 0, True, "x"],
    "clear_on_null": [None, False, "", " ", 0, True, "x"],
}
POLICY_CASES = [
    pytest.param(
        policy, given, id=f"{policy}-{'absent' if given is MISSING else given!r}"
    )
    for policy in SENT
    for given in GIVEN
]
TWO = "{Account_Number__c: payload.file}, {Phone__c: payload.phone}"


def same(left: Any, right: Any) -> bool:
    """Return whether both are equal and of one type: 0 is not False."""
    return type(left) is type(right) and left == right


@pytest.mark.parametrize(("policy", "given"), POLICY_CASES)
def test_a_policy_lets_through(policy: str, given: Any) -> None:
    payload = {} if given is MISSING else {"a": given}
    expected = {"A": given} if any(same(given, sent) for sent in SENT[policy]) else {}

    write = one_write(
        f"""
        - object: Task
          key: {{K__c: event.call_id}}
          fields: {{A: {{from: payload.a, write: {policy}}}}}
        """,
        payload,
    )

    assert [*expected.items()] == [*write.fields.items()]
    assert all(same(given, sent) for sent in write.fields.values())


def test_a_field_without_a_policy_is_always_written() -> None:
    text = "- {object: Task, key: {K__c: event.call_id}, fields: {A: payload.a}}"

    assert one_write(text, {"a": ""}).fields == {"A": ""}


def test_a_write_names_its_fields_by_policy_but_not_those_it_does_not_send() -> None:
    write = one_write(
        """
        - object: Task
          key: {K__c: event.call_id}
          fields:
            A: {from: payload.a, write: insert_only}
            B: {from: payload.a, write: if_empty}
            C: {from: payload.a, write: sticky}
            D: {from: payload.gone, write: insert_only}
            E: {from: payload.gone, write: if_empty}
            F: {from: payload.gone, write: sticky}
            G: payload.a
            H: {from: payload.null, write: clear_on_null}
        """,
        {"a": True, "null": None},
    )

    assert write == Write(
        object="Task",
        mode="upsert",
        key=Match("K__c", "call-1"),
        fields={"A": True, "B": True, "C": True, "G": True, "H": None},
        insert_only=frozenset("A"),
        if_empty=frozenset("B"),
        sticky=frozenset("C"),
        place=f"{PATH}:4",
    )


@pytest.mark.parametrize("mode", ["upsert", "insert", "update"])
def test_a_write_has_the_mode_that_the_mapping_says(mode: str) -> None:
    text = f"""
        - object: Task
          mode: {mode}
          key: {{K__c: event.call_id}}
          fields: {{A: {{value: x}}}}
        """

    assert one_write(text).mode == mode


@pytest.mark.parametrize(
    ("line", "allows"),
    [("", False), ("duplicates: park", False), ("duplicates: allow", True)],
)
@pytest.mark.parametrize("mode", ["upsert", "insert", "update"])
def test_a_write_says_whether_a_duplicate_is_saved(
    mode: str, line: str, allows: bool
) -> None:
    text = f"""
        - object: Task
          mode: {mode}
          key: {{K__c: event.call_id}}
          fields: {{A: {{value: x}}}}
          {line}
        """

    assert one_write(text).allows_duplicates is allows


def test_the_plan_says_which_mapping_and_version_made_it() -> None:
    made = plan("[]", head="version: 7")

    assert (
        made.skip_reason,
        made.writes,
        made.mapping,
        made.version,
    ) == (None, (), PATH, "7")


def test_a_mapping_without_a_version_is_version_one() -> None:
    assert plan("[]").version == "1"


def test_writes_stand_in_the_order_of_the_file() -> None:
    made = plan(
        """
        - {object: B, key: {K__c: event.call_id}, fields: {A: payload.a}}
        - {object: A, key: {K__c: event.call_id}, fields: {A: payload.a}}
        """,
        {"a": 1},
    )

    assert [write.object for write in made.writes] == ["B", "A"]


@pytest.mark.parametrize(
    ("condition", "written"),
    [(True, True), ("x", True), (0, True), (False, False), (None, False), ("", False)],
)
def test_a_write_is_made_only_when_its_condition_is_true(
    condition: Any, written: bool
) -> None:
    text = """
        - object: Task
          when: payload.if
          key: {K__c: event.call_id}
          fields: {A: {value: x}}
        """

    assert bool(plan(text, {"if": condition}).writes) is written
    assert plan(text, {}).writes == ()


def test_a_write_whose_condition_is_false_asks_for_no_key_and_refuses_nothing() -> None:
    text = """
        - object: Task
          when: payload.if
          key: {K__c: payload.gone}
          fields: {A: {from: payload.a, as: to_date}}
        """

    assert plan(text, {"a": "no date"}).writes == ()


SKIPS = """
skip:
  - {when: payload.isTestCall, reason: test_call}
  - {when: "payload.duration == `0`", reason: no_talk}
"""


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"isTestCall": True}, "test_call"),
        ({"isTestCall": True, "duration": 0}, "test_call"),
        ({"duration": 0}, "no_talk"),
        ({"isTestCall": False, "duration": 1}, None),
        ({"isTestCall": None}, None),
        ({}, None),
    ],
)
def test_the_first_true_condition_skips_the_event(
    payload: Any, reason: str | None
) -> None:
    text = "- {object: Task, key: {K__c: event.call_id}, fields: {A: {value: x}}}"

    made = plan(text, payload, head=SKIPS)

    assert reason == made.skip_reason
    assert (len(made.writes) == 0) is (reason is not None)


@pytest.mark.parametrize(
    ("payload", "urgent"),
    [
        ({"outcomes": {"doNotCall": True}}, True),
        ({"outcomes": {"deceased": True, "doNotCall": False}}, True),
        ({"outcomes": {"doNotCall": False}}, False),
        ({"outcomes": {"doNotCall": "true"}}, False),
        ({"outcomes": {"doNotCall": None}}, False),
        ({"outcomes": {}}, False),
        ({"outcomes": None}, False),
        ({"outcomes": [True]}, False),
        ({}, False),
    ],
)
def test_an_event_is_urgent_when_its_condition_is_true(
    payload: Any, urgent: bool
) -> None:
    head = """
    urgent:
      when: payload.outcomes.[doNotCall, deceased] | contains(@, `true`)
    """

    assert compiled("[]", head=head).is_urgent(context(payload)) is urgent


def test_an_event_is_not_urgent_where_the_mapping_says_nothing_of_it() -> None:
    assert compiled("[]").is_urgent(context({"urgent": True})) is False


@pytest.mark.parametrize(
    ("payload", "party"),
    [
        ({"file": "F-1", "phone": "+15005550006"}, "F-1"),
        ({"file": " ", "phone": "+15005550006"}, "+15005550006"),
        ({"file": None, "phone": "+15005550006"}, "+15005550006"),
        ({"file": 1001}, "1001"),
        ({"phone": ""}, None),
        ({}, None),
    ],
)
def test_the_party_is_the_first_that_has_a_value(
    payload: Any, party: str | None
) -> None:
    mapping = compiled("[]", head="party: [payload.file, payload.phone]")

    assert party == mapping.party(context(payload))


def test_a_mapping_without_parties_has_no_party() -> None:
    assert compiled("[]").party(context({"file": "F-1"})) is None


MATCHES: list[tuple[Any, Match | None]] = [
    ({"file": "F-1", "phone": "1"}, Match("Account_Number__c", "F-1")),
    ({"file": 1001, "phone": "1"}, Match("Account_Number__c", "1001")),
    ({"file": " ", "phone": "1"}, Match("Phone__c", "1")),
    ({"file": None, "phone": "1"}, Match("Phone__c", "1")),
    ({"phone": "1"}, Match("Phone__c", "1")),
    ({"file": "", "phone": ""}, None),
    ({}, None),
]


@pytest.mark.parametrize(("payload", "match"), MATCHES)
def test_the_first_match_that_has_a_value_decides_a_link(
    payload: Any, match: Match | None
) -> None:
    """A weaker match is never tried, so that no other debtor's record is linked."""
    write = one_write(
        f"""
        - object: Task
          key: {{K__c: event.call_id}}
          fields: {{}}
          links:
            WhatId: {{object: Debt_Account__c, match: [{TWO}]}}
        """,
        payload,
    )

    assert write.links == (Link("WhatId", "Debt_Account__c", match, "park", "park"),)


@pytest.mark.parametrize("missing", ["park", "skip"])
@pytest.mark.parametrize("ambiguous", ["park", "skip"])
def test_a_link_says_what_becomes_of_it_where_no_record_matches(
    missing: str, ambiguous: str
) -> None:
    write = one_write(
        f"""
        - object: Task
          key: {{K__c: event.call_id}}
          fields: {{}}
          links:
            WhatId:
              object: Debt_Account__c
              match: [{TWO}]
              missing: {missing}
              ambiguous: {ambiguous}
        """
    )

    assert (missing, ambiguous) == (write.links[0].missing, write.links[0].ambiguous)


@pytest.mark.parametrize("missing", ["park", "skip"])
@pytest.mark.parametrize("ambiguous", ["park", "skip"])
def test_an_update_says_what_becomes_of_it_where_no_record_matches(
    missing: str, ambiguous: str
) -> None:
    write = one_write(
        f"""
        - object: Debt_Account__c
          mode: update
          match: [{TWO}]
          missing: {missing}
          ambiguous: {ambiguous}
          fields: {{A: {{value: x}}}}
        """,
        {"phone": "1"},
    )

    assert (missing, ambiguous) == (write.missing, write.ambiguous)


@pytest.mark.parametrize(("payload", "match"), MATCHES)
def test_the_first_match_that_has_a_value_finds_the_record_to_update(
    payload: Any, match: Match | None
) -> None:
    member = one(
        f"""
        - object: Debt_Account__c
          mode: update
          match: [{TWO}]
          fields: {{A: {{value: x}}}}
        """,
        payload,
    )

    assert match == (member.key if isinstance(member, Write) else None)


@pytest.mark.parametrize("payload", [{}, {"k": None}, {"k": ""}, {"k": " "}])
@pytest.mark.parametrize(
    ("mode", "state"),
    [
        ("update", State.SKIPPED),
        ("upsert", State.PARKED),
        ("insert", State.PARKED),
    ],
)
def test_a_write_without_a_value_for_its_key_ends_there(
    mode: str, state: State, payload: Any
) -> None:
    member = one(
        f"""
        - object: Promise_To_Pay__c
          mode: {mode}
          key: {{K__c: payload.k}}
          fields: {{A: {{value: x}}}}
        """,
        payload,
    )

    place = f"{PATH}:4"
    hint = f"{place}: the payload has no value for the key"
    assert member == Unwritten("Promise_To_Pay__c", state, "no_key", hint, place)


def test_a_key_in_a_text_has_no_holes() -> None:
    text = """
        - object: Task
          key: {K__c: {text: "payment:{event.call_id}:{payload.amount}"}}
          fields: {A: {value: x}}
        """

    member = one(text)
    assert isinstance(member, Unwritten)
    assert (member.state, member.reason) == ("parked", "no_key")
    assert one_write(text, {"amount": 5}).key == Match("K__c", "payment:call-1:5")


def test_a_refused_transform_leaves_its_field_out_and_says_so() -> None:
    made = plan(
        """
        - {object: Task, key: {K__c: event.call_id}, fields: {A: payload.when}}
        - object: Promise_To_Pay__c
          key: {K__c: event.call_id}
          fields:
            B: payload.when
            C: {from: payload.when, as: to_date}
        - object: Note
          mode: update
          key: {K__c: event.call_id}
          fields: {D: {from: payload.when, as: to_date}}
        """,
        {"when": "SECRET"},
    )

    task, promise, note = made.writes
    fault = f"{PATH}:9: C: to_date: not a date in ISO 8601"
    assert (task.faults, promise.faults) == ((), (fault,))
    assert promise.fields == {"B": "SECRET"}
    assert note == Unwritten(
        "Note",
        State.PARKED,
        "transform_refused",
        f"{PATH}:13: D: to_date: not a date in ISO 8601",
        f"{PATH}:10",
    )


@pytest.mark.parametrize(
    "text",
    [
        """
        - object: Task
          key: {K__c: {from: payload.when, as: to_date}}
          fields: {A: {value: x}}
        """,
        """
        - object: Task
          key: {K__c: event.call_id}
          fields: {}
          links:
            WhatId: {object: A, match: [{K__c: {from: payload.when, as: to_date}}]}
        """,
    ],
    ids=["key", "link"],
)
def test_a_refused_transform_parks_the_write_wherever_it_stands(text: str) -> None:
    member = one(text, {"when": "SECRET"})

    assert isinstance(member, Unwritten)
    assert (member.state, member.reason) == ("parked", "transform_refused")


@pytest.mark.parametrize(
    ("payload", "step"),
    [
        ({"a": "0001-01-01T00:00:00+10:00"}, "to_datetime"),
        ({"a": "1e999999999"}, "to_integer"),
        ({"a": " " * 7 + "x" * 40}, "{truncate: 10}"),
        ({"a": "9" * 400}, "to_money"),
    ],
)
def test_no_value_of_a_payload_can_break_the_plan(payload: Any, step: str) -> None:
    """One that could would hold up its lane for ever."""
    text = f"""
        - object: Task
          key: {{K__c: event.call_id}}
          fields: {{A: {{from: payload.a, as: {step}}}}}
        """

    assert len(plan(text, payload).writes) == 1


@pytest.mark.parametrize("payload", [{}, {"a": None}])
def test_an_update_with_no_fields_is_no_write(payload: Any) -> None:
    text = """
        - object: Debt_Account__c
          mode: update
          key: {K__c: event.call_id}
          fields:
            A: payload.a
            B: {from: payload.b, write: sticky}
        """

    assert plan(text, payload | {"b": False}).writes == ()


def test_an_update_with_no_fields_and_no_key_is_no_write() -> None:
    text = """
        - object: Debt_Account__c
          mode: update
          match: [{K__c: payload.k}]
          fields: {A: {from: payload.a, write: sticky}}
        """

    assert plan(text, {"a": False}).writes == ()


def test_an_update_that_clears_a_field_is_a_write() -> None:
    text = """
        - object: Debt_Account__c
          mode: update
          key: {K__c: event.call_id}
          fields: {A: {from: payload.a, write: clear_on_null}}
        """

    assert one_write(text, {"a": None}).fields == {"A": None}


def test_an_update_of_a_link_alone_is_a_write() -> None:
    text = """
        - object: Task
          mode: update
          key: {K__c: event.call_id}
          fields: {}
          links: {WhatId: {object: A, match: [{K__c: payload.k}]}}
        """

    assert one_write(text, {"k": "1"}).fields == {}


def test_an_upsert_with_no_fields_makes_the_record() -> None:
    text = "- {object: Task, key: {K__c: event.call_id}, fields: {A: payload.a}}"

    assert one_write(text).fields == {}


def test_planning_leaves_the_payload_as_it_is() -> None:
    payload = {"outcomes": {"a": True}, "tags": ["x"]}
    before = repr(payload)

    plan(
        """
        - object: Task
          key: {K__c: event.call_id}
          fields:
            A: payload.outcomes
            B: {from: payload.tags, as: {join: ", "}}
            C: {from: payload.outcomes, as: pairs}
        """,
        payload,
    )

    assert before == repr(payload)


APPENDED = """
- object: Debt_Account__c
  mode: update
  key: {K__c: event.call_id}
  fields: {Notes__c: {from: payload.a, write: append}}
"""


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("They talked.", "They talked."),
        ("  two \n lines\t", "two lines"),
        (7, "7"),
        (True, "true"),
        (["a", "b"], '["a", "b"]'),
    ],
)
def test_an_appended_value_is_a_dated_line_that_names_its_call(
    given: Any, words: str
) -> None:
    write = one_write(APPENDED, {"a": given})

    assert write.fields == {"Notes__c": f"2026-05-04 {words} [call-1]"}
    assert write.append == frozenset({"Notes__c"})


@pytest.mark.parametrize("payload", [{}, {"a": None}, {"a": ""}, {"a": " \n"}])
def test_nothing_to_append_is_no_line(payload: Any) -> None:
    assert plan(APPENDED, payload).writes == ()


def test_a_line_names_the_event_where_there_is_no_call() -> None:
    write = one_write(
        APPENDED.replace("event.call_id", "event.dedupe_key"),
        {"a": "x"},
        call_id=None,
        dedupe_key="event-1",
    )

    assert write.fields == {"Notes__c": "2026-05-04 x [event-1]"}


def test_no_call_id_can_end_a_line_or_its_mark() -> None:
    write = one_write(
        APPENDED.replace("event.call_id", "event.dedupe_key"),
        {"a": "x"},
        call_id="a]\n[b",
        dedupe_key="event-1",
    )

    assert write.fields == {"Notes__c": "2026-05-04 x [a_b]"}


def test_a_card_number_is_taken_out_of_a_line() -> None:
    write = one_write(APPENDED, {"a": ["card 4111 1111 1111 1111"]})

    assert "4111 1111" not in write.fields["Notes__c"]


FORMS = "{Phone__c: payload.forms}"


def test_several_forms_of_a_value_are_one_match() -> None:
    write = one_write(
        f"""
        - object: Task
          key: {{K__c: event.call_id}}
          fields: {{}}
          links: {{WhatId: {{object: A, match: [{FORMS}]}}}}
        """,
        {"forms": [" +15005550006 ", "5005550006", None, ""]},
    )

    match = Match("Phone__c", "+15005550006", ("5005550006",))
    assert write.links[0].match == match


@pytest.mark.parametrize("forms", [[], [None], ["", " "]])
def test_a_match_without_any_form_gives_way_to_the_next(forms: list[Any]) -> None:
    write = one_write(
        f"""
        - object: Task
          key: {{K__c: event.call_id}}
          fields: {{}}
          links: {{WhatId: {{object: A, match: [{FORMS}, {{F__c: payload.file}}]}}}}
        """,
        {"forms": forms, "file": "F-1"},
    )

    assert write.links[0].match == Match("F__c", "F-1")


def test_the_key_of_an_upsert_has_one_form() -> None:
    text = """
        - object: Debt_Account__c
          key: {Phone__c: payload.forms}
          fields: {A: {value: x}}
        """

    assert one_write(text, {"forms": ["1", "2"]}).key == Match("Phone__c", "1")


MAKING = """
- object: Task
  key: {K__c: event.call_id}
  fields: {A: {value: x}}
  links:
    WhatId:
      object: Debt_Account__c
      match: [{F__c: payload.file}, {Phone__c: payload.phone}]
      missing: create
      create:
        Name: {text: "Debtor {payload.file}"}
        Phone__c: {from: payload.phone}
"""


def test_a_link_that_creates_puts_an_insert_before_its_write() -> None:
    made = plan(MAKING, {"file": "F-1", "phone": "1"})

    parent, child = made.writes
    assert parent == Write(
        object="Debt_Account__c",
        mode="insert",
        key=Match("F__c", "F-1"),
        fields={"Name": "Debtor F-1", "Phone__c": "1"},
        missing="create",
        place=parent.place,
    )
    assert isinstance(child, Write)
    assert child.links == (
        Link("WhatId", "Debt_Account__c", Match("F__c", "F-1"), "park", "park"),
    )


@pytest.mark.parametrize("forms", [{}, {"file": " "}, {"file": []}])
def test_a_link_creates_nothing_by_a_weaker_match(forms: Any) -> None:
    (child,) = plan(MAKING, {"phone": "1", **forms}).writes

    assert isinstance(child, Write)
    assert child.links[0].match == Match("Phone__c", "1")


def test_what_a_link_creates_is_made_without_what_a_transform_refuses() -> None:
    text = MAKING.replace("payload.phone}\n", "payload.phone, as: to_date}\n")

    parent, _ = plan(text, {"file": "F-1", "phone": "SECRET"}).writes

    assert isinstance(parent, Write)
    assert (parent.fields, len(parent.faults)) == ({"Name": "Debtor F-1"}, 1)


GATE = """
right_party:
  wrong_when: payload.outcomes.[wasWrongNumber, wasWrongParty] | contains(@, `true`)
"""
GATED = """
- object: Task
  wrong_party: write
  key: {K__c: event.call_id}
  fields: {Reason__c: {value: x}}
  links:
    WhoId: {object: Contact, match: [{Phone: payload.phone}]}
    WhatId: {object: A, match: [{K__c: payload.file}], wrong_party: keep}
- object: A
  mode: update
  key: {K__c: payload.file}
  fields: {Balance__c: {value: x}}
- object: B
  when: payload.if
  key: {K__c: event.call_id}
  fields: {Amount__c: {value: x}}
"""
REACHED = {"phone": "1", "file": "F-1", "if": True}
WRONG = [
    {"wasWrongNumber": True},
    {"wasWrongNumber": False, "wasWrongParty": True},
]


@pytest.mark.parametrize("outcomes", WRONG)
def test_nothing_about_the_debt_is_written_where_another_person_was_reached(
    outcomes: Any,
) -> None:
    task, *others = plan(GATED, {**REACHED, "outcomes": outcomes}, head=GATE).writes

    assert isinstance(task, Write)
    assert [(link.field, link.match, link.missing) for link in task.links] == [
        ("WhoId", None, "drop"),
        ("WhatId", Match("K__c", "F-1"), "park"),
    ]
    assert [(w.object, w.state, w.reason) for w in others] == [
        ("A", State.SKIPPED, "wrong_party"),
        ("B", State.SKIPPED, "wrong_party"),
    ]


def test_what_would_not_be_written_anyway_is_not_held_back() -> None:
    payload = {**REACHED, "if": False, "outcomes": WRONG[0]}

    writes = plan(GATED, payload, head=GATE).writes

    assert [write.object for write in writes] == ["Task", "A"]


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"outcomes": None},
        {"outcomes": {}},
        {"outcomes": {"wasWrongNumber": False, "wasWrongParty": None}},
        {"outcomes": {"wasWrongNumber": "true"}},
    ],
)
def test_nothing_changes_where_no_wrong_party_is_said(payload: Any) -> None:
    gated = plan(GATED, {**REACHED, **payload}, head=GATE)
    without_gate = plan(GATED, {**REACHED, **payload})

    written = [(w.object, w.fields, w.links) for w in gated.writes]
    assert written == [(w.object, w.fields, w.links) for w in without_gate.writes]
    assert len(written) == 3


def test_a_record_that_a_dropped_link_would_make_is_not_made() -> None:
    text = MAKING.replace("key: {K__c", "wrong_party: write\n  key: {K__c")
    payload = {"file": "F-1", "outcomes": WRONG[0]}

    (task,) = plan(text, payload, head=GATE).writes

    assert isinstance(task, Write)
    assert task.object == "Task"
