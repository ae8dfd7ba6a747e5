"""Links that Salesforce has resolved: what is compared is whom they lead to."""

from __future__ import annotations

import pytest

from tests.comparing.conftest import MakeLab
from tests.comparing.lab import add_account, cora_call, lines

PROMISE = """
  - object: Promise_To_Pay__c
    key: {External_Id__c: event.call_id}
    fields: {Amount__c: payload.amount}
    links:
      Debt_Account__c:
        object: Debt_Account__c
        match: [{Account_Number__c: event.file_number}]
"""
TWICE = PROMISE.replace("payload.amount", "payload.twice")
FLAGS = """
  - object: Debt_Account__c
    mode: update
    when: payload.outcomes.doNotCall
    key: {Account_Number__c: event.file_number}
    fields: {Do_Not_Call__c: payload.outcomes.doNotCall}
"""
EVERY = [False, True]


@pytest.mark.parametrize("against_org", EVERY)
@pytest.mark.parametrize("outcomes", [{}, {"doNotCall": True}])
def test_a_link_that_stays_is_no_change(
    lab: MakeLab, against_org: bool, outcomes: dict[str, bool]
) -> None:
    past = lab(PROMISE + FLAGS)
    for number in ("ACC-1", "ACC-2"):
        add_account(past.org, number)
    past.send(
        cora_call("a", amount=1, twice=2),
        cora_call("b", amount=2, twice=4, fileNumber="ACC-2", outcomes=outcomes),
    )
    changed = TWICE + FLAGS

    found = past.compare(changed, against_org=against_org)

    assert [line.split(":")[0] for line in lines(found)] == [
        "Promise_To_Pay__c Amount__c changed"
    ] * 2
    assert found.ends == ()
    past.assert_exact(changed, found)


@pytest.mark.parametrize("against_org", EVERY)
def test_a_link_that_leads_to_somebody_else_is_a_change(
    lab: MakeLab, against_org: bool
) -> None:
    past = lab(PROMISE)
    for number in ("ACC-1", "ACC-2"):
        add_account(past.org, number)
    past.send(cora_call("a", other="ACC-2"), cora_call("b", fileNumber="ACC-2"))
    changed = PROMISE.replace("event.file_number", "payload.other || event.file_number")

    found = past.compare(changed, against_org=against_org)

    assert [(r.key, [f.name for f in r.fields]) for r in found.records] == [
        ("External_Id__c=a", ["Debt_Account__c"])
    ]


def test_a_link_that_is_no_longer_sent_says_whom_it_led_to(lab: MakeLab) -> None:
    past = lab(PROMISE)
    add_account(past.org)
    past.send(cora_call("a", amount=1))

    found = past.compare(PROMISE[: PROMISE.index("    links:")])

    assert lines(found) == [
        "Promise_To_Pay__c Debt_Account__c no_longer_sent:"
        " {'Account_Number__c': 'ACC-1'} -> None"
    ]
