"""A changed mapping compared with the values that are in Salesforce now."""

from __future__ import annotations

from tests.comparing.conftest import MakeLab
from tests.comparing.lab import Lab, add_account, cora_call, lines
from tests.delivery.harness import delete_record
from tests.orgs import client_of

ACCOUNT = """
  - object: Debt_Account__c
    mode: update
    key: {Account_Number__c: event.file_number}
    fields:
      Last_Call_Result__c: payload.status
      Contact_Status__c: {from: payload.endedReason, write: always}
"""
FLAG = "      Do_Not_Call__c: {from: payload.outcomes.doNotCall, write: sticky}\n"


def change_by_hand(past: Lab, salesforce_id: str, **fields: object) -> None:
    """Change a record as a person would."""
    with client_of(past.org.url) as crm:
        crm.update("Debt_Account__c", [{"Id": salesforce_id, **fields}])


def test_a_persons_change_meanwhile_is_what_would_be_overwritten(lab: MakeLab) -> None:
    past = lab(ACCOUNT)
    account = add_account(past.org)
    past.send(cora_call("a", endedReason="busy"))
    change_by_hand(past, account, Contact_Status__c="by hand")
    changed = ACCOUNT + FLAG

    assert lines(past.compare(changed)) == []
    found = past.compare(changed, against_org=True)

    assert lines(found) == [
        "Debt_Account__c Contact_Status__c changed: by hand -> busy"
    ]
    past.assert_exact(changed, found)


def test_what_a_person_has_set_already_is_no_change(lab: MakeLab) -> None:
    past = lab(ACCOUNT)
    account = add_account(past.org)
    past.send(cora_call("a", outcomes={"doNotCall": True}))
    change_by_hand(past, account, Do_Not_Call__c=True)
    changed = ACCOUNT + FLAG

    announced = lines(past.compare(changed))
    found = past.compare(changed, against_org=True)

    assert announced == ["Debt_Account__c Do_Not_Call__c set: None -> True"]
    assert lines(found) == []
    past.assert_exact(changed, found)


def test_a_flag_that_a_person_cleared_stays_cleared(lab: MakeLab) -> None:
    past = lab(ACCOUNT + FLAG)
    account = add_account(past.org)
    past.send(cora_call("a", outcomes={"doNotCall": True}))
    change_by_hand(past, account, Do_Not_Call__c=False)
    changed = (ACCOUNT + FLAG).replace("payload.status", "payload.direction")

    found = past.compare(changed, against_org=True)

    assert lines(found) == [
        "Debt_Account__c Last_Call_Result__c changed: Completed -> OUTBOUND"
    ]
    past.assert_exact(changed, found)


def test_a_field_that_a_person_filled_is_not_filled_again(lab: MakeLab) -> None:
    writes = ACCOUNT.replace("endedReason, write: always", "none, write: always")
    past = lab(writes)
    account = add_account(past.org)
    past.send(cora_call("a", endedReason="busy"))
    change_by_hand(past, account, Contact_Status__c="by hand")
    changed = ACCOUNT.replace("always", "if_empty")

    assert len(lines(past.compare(changed))) == 1
    found = past.compare(changed, against_org=True)

    assert lines(found) == []
    past.assert_exact(changed, found)


def test_a_record_that_is_gone_is_no_match(lab: MakeLab) -> None:
    past = lab(ACCOUNT)
    account = add_account(past.org)
    past.send(cora_call("a", endedReason="busy"))
    delete_record(past.org, account)
    changed = ACCOUNT + FLAG

    found = past.compare(changed, against_org=True)

    ends = [(one.before, one.after) for one in found.ends]
    assert ends == [("synced", "parked(no_match)")]
    past.assert_exact(changed, found)


def test_an_account_that_was_added_since_lets_a_parked_event_pass(lab: MakeLab) -> None:
    past = lab(ACCOUNT)
    past.send(cora_call("a", endedReason="busy"))
    add_account(past.org)
    changed = ACCOUNT + FLAG

    found = past.compare(changed, against_org=True)

    ends = [(one.before, one.after) for one in found.ends]
    assert ends == [("parked(no_match)", "synced")]
    assert len(lines(found)) == 2
    past.assert_exact(changed, found)


def test_many_records_are_read_in_few_requests(lab: MakeLab) -> None:
    past = lab(ACCOUNT)
    numbers = [f"ACC-{number}" for number in range(250)]
    for number in numbers:
        add_account(past.org, number)
        call = cora_call(number, fileNumber=number, outcomes={"doNotCall": True})
        past.harness.send(call)
    past.harness.drain()
    changed = ACCOUNT + FLAG

    found = past.compare(changed, against_org=True)

    assert len(lines(found)) == len(numbers)
    assert past.org.stats()["by_path"]["GET query"] <= 4
    past.assert_exact(changed, found)
