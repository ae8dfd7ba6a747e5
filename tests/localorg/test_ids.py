from __future__ import annotations

import pytest

from worker.localorg.ids import derive_prefix, make_id, normalise_id


def test_ids_of_an_object_grow_and_never_repeat() -> None:
    ids = [make_id("00T", number) for number in range(1, 5000)]

    assert len(set(ids)) == 4999
    assert ids == sorted(ids)
    assert {18} == {len(each) for each in ids}


# The pairs are Salesforce's own well-known examples of the conversion.
@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("001A0000006Vm9r", "001A0000006Vm9rIAC"),
        ("00570000001ZwTi", "00570000001ZwTiAAK"),
    ],
)
def test_the_checksum_is_salesforces(short: str, long: str) -> None:
    assert normalise_id(short) == long
    assert normalise_id(long.lower()) == long


@pytest.mark.parametrize(
    "text", ["", "003", "003-o0000000009", "003Lo0000000009AA9", "003Lo00000000091"]
)
def test_what_is_not_an_id_is_none(text: str) -> None:
    assert normalise_id(text) is None


def test_a_derived_prefix_is_stable_and_never_taken() -> None:
    first = derive_prefix("Debt_Account__c", custom=True, taken=[])
    again = derive_prefix("Debt_Account__c", custom=True, taken=[])
    other = derive_prefix("Debt_Account__c", custom=True, taken=[first])

    assert first == again
    assert first[0] == other[0] == "a"
    assert first != other
    assert derive_prefix("Contact", custom=False, taken=[]) == "003"
