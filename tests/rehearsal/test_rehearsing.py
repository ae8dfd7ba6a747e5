"""Which files are run, what stops a run, and what its coverage counts."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from worker.errors import MappingFault
from worker.mapping.coverage import NOT_LOOKED_AT, percent
from worker.mapping.findings import BadMapping
from worker.rehearsal.folders import choose
from worker.rehearsal.rehearsing import Rehearsal, rehearse

from .projects import MAPPING, stage, tried, write_cases, write_mapping

CASE = "\n  - {name: %s, expect: {urgent: false}}"


def names(rehearsal: Rehearsal) -> list[str]:
    return [result.case.name for result in rehearsal.results]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A mapping with two test files, and one of another event without any."""
    write_mapping(tmp_path)
    write_cases(tmp_path, CASE % "the usual")
    write_cases(tmp_path, CASE % "a flag", name="__compliance")
    other = (tmp_path / "cora" / "call.completed.yaml").read_text()
    other = other.replace("event: call.completed", "event: payment.failed")
    (tmp_path / "cora" / "payment.failed.yaml").write_text(other)
    return tmp_path


@pytest.mark.parametrize(
    ("chosen", "cases", "mappings"),
    [
        (".", ["a flag", "the usual"], ["call.completed", "payment.failed"]),
        ("cora", ["a flag", "the usual"], ["call.completed", "payment.failed"]),
        ("cora/call.completed.yaml", ["a flag", "the usual"], ["call.completed"]),
        ("cora/call.completed.test.yaml", ["the usual"], ["call.completed"]),
        ("cora/call.completed__compliance.test.yaml", ["a flag"], ["call.completed"]),
        ("cora/payment.failed.yaml", [], ["payment.failed"]),
    ],
)
def test_a_folder_a_mapping_or_a_test_file_may_be_chosen(
    project: Path, chosen: str, cases: list[str], mappings: list[str]
) -> None:
    rehearsal = rehearse(choose([project / chosen]), stage())

    assert sorted(names(rehearsal)) == cases
    covered = [Path(coverage.mapping).stem for coverage in rehearsal.coverages]
    assert covered == mappings


def test_what_is_chosen_twice_is_run_once(project: Path) -> None:
    path = project / "cora" / "call.completed.yaml"

    assert len(rehearse(choose([project, path, path]), stage()).results) == 2


def test_cases_are_chosen_by_a_part_of_their_name(project: Path) -> None:
    assert names(rehearse(choose([project]), stage(), "FLAG")) == ["a flag"]
    assert names(rehearse(choose([project]), stage(), "nothing")) == []


def test_a_mapping_without_a_test_file_counts_and_is_named(project: Path) -> None:
    rehearsal = rehearse(choose([project]), stage())
    untested = {str(project / "cora" / "payment.failed.yaml")}

    assert rehearsal.untested == untested
    (coverage,) = [c for c in rehearsal.coverages if c.mapping in untested]
    assert coverage.touched == 0


def test_mappings_of_one_event_in_two_folders_are_tested_each_by_its_own(
    tmp_path: Path,
) -> None:
    for folder, call_type in (("a", "Inbound"), ("b", "Call in")):
        text = MAPPING.replace("INBOUND: Inbound", f"INBOUND: {call_type}")
        write_mapping(tmp_path / folder, text)
        case = f"""
          - name: {folder}
            payload: {{direction: INBOUND}}
            expect: {{writes: [{{object: Task, fields: {{CallType: {call_type}}}}}]}}
        """
        write_cases(tmp_path / folder, case)

    rehearsal = rehearse(choose([tmp_path / "a", tmp_path / "b"]), stage())

    assert (names(rehearsal), rehearsal.failed) == (["a", "b"], [])


# What stops a run


def test_all_findings_of_all_files_stop_a_run_at_once(tmp_path: Path) -> None:
    path = write_mapping(tmp_path)
    write_cases(tmp_path, "\n  - {name: a}")
    write_cases(tmp_path, "\n  - {name: a, expect: {}}", name="__b")
    (tmp_path / "cora" / "call.finished.test.yaml").write_text("cases: []")
    bad = path.read_text().replace("ms_to_seconds", "ms_to_second")
    (tmp_path / "cora" / "payment.failed.yaml").write_text(bad)

    with pytest.raises(BadMapping, match="'expect' is missing") as found:
        rehearse(choose([tmp_path]), stage())

    lines = str(found.value).splitlines()
    told = [line.removeprefix(f"{tmp_path}/cora/") for line in lines]
    assert [line.split(": ")[0] for line in told] == [
        "call.completed.test.yaml:2:3",
        "call.completed__b.test.yaml:2:21",
        "call.finished.test.yaml:1:1",
        "payment.failed.yaml:13:59",
    ]
    assert told[2].endswith(
        "there is no mapping call.finished.yaml beside this test"
        " (did you mean 'call.completed.yaml'?)"
    )


def test_deliveries_that_can_never_arrive_are_all_told_before_any_result(
    tmp_path: Path,
) -> None:
    write_mapping(tmp_path)
    write_cases(
        tmp_path,
        """
          - {name: a, connection: no-such, expect: {urgent: true}}
          - {name: b, expect: {urgent: true}}
          - {name: c, fixture: no-such.http, expect: {urgent: true}}
        """,
    )

    with pytest.raises(BadMapping, match="no connection 'no-such'") as found:
        rehearse(choose([tmp_path]), stage())

    assert [finding.line for finding in found.value.findings] == [2, 4]


@pytest.mark.parametrize("name", ["nothing.yaml", "nothing.test.yaml", "nothing"])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(MappingFault, match=re.escape(f"{name} is not there")):
        choose([tmp_path / name])


def test_a_folder_without_anything_is_told(tmp_path: Path) -> None:
    with pytest.raises(MappingFault, match="no mappings and no tests in"):
        choose([tmp_path])


def test_a_test_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    write_mapping(tmp_path)
    (tmp_path / "cora" / "call.completed.test.yaml").write_bytes(b"\xff\xfe")

    with pytest.raises(MappingFault, match="is not UTF-8"):
        rehearse(choose([tmp_path]), stage())


# Coverage cannot lie

CASES = {
    "INBOUND is Inbound, linked": """
      - name: a call in
        payload: {fileNumber: ACC-1, direction: INBOUND, duration: 1000}
        records: {Debt_Account__c: [{Account_Number__c: ACC-1}]}
        expect:
          party: ACC-1
          writes:
            - object: Task
              fields: {Subject: "Cora call, Inbound", CallType: Inbound,
                       CallDurationInSeconds: 1}
              links: {WhatId: {Account_Number__c: ACC-1}}
    """,
    "OUTBOUND is Outbound": """
      - name: a call out
        payload: {direction: OUTBOUND}
        expect: {writes: [{object: Task, fields: {CallType: Outbound}}]}
    """,
    "no direction": """
      - name: nobody knows who called
        expect: {writes: [{object: Task, fields: {Subject: "Cora call, unknown"}}]}
    """,
    "a flag": """
      - name: a flag
        payload: {fileNumber: ACC-1, outcomes: {doNotCall: true}}
        expect: {writes: [{object: Debt_Account__c, fields: {Do_Not_Call__c: true}}]}
    """,
    "a false flag": """
      - name: no flag
        payload: {fileNumber: ACC-1, outcomes: {doNotCall: false}}
        records: {Debt_Account__c: [{Account_Number__c: ACC-1, Do_Not_Call__c: true}]}
        expect: {after: {Debt_Account__c: [{Do_Not_Call__c: true}]}}
    """,
    "nobody": """
      - name: nobody
        payload: {fileNumber: ACC-9, outcomes: {doNotCall: true}}
        records: {}
        expect:
          writes:
            - {object: Task, not_sent: [WhatId]}
            - {object: Debt_Account__c, parked: no_match}
    """,
    "two": """
      - name: two
        payload: {fileNumber: ACC-1, outcomes: {doNotCall: true}}
        records:
          Debt_Account__c: [{Account_Number__c: ACC-1}, {Account_Number__c: ACC-1}]
        expect:
          writes:
            - {object: Task, parked: ambiguous_match}
            - {object: Debt_Account__c, parked: ambiguous_match}
    """,
    "by phone": """
      - name: by phone
        payload: {phoneNumber: "+15125550101"}
        expect: {party: "+15125550101"}
    """,
}
LEFT_OUT = {
    "INBOUND is Inbound, linked": [
        f"party: event.file_number is the first with a value, {NOT_LOOKED_AT}",
        f"Task.Subject: {{payload.direction}} is given, {NOT_LOOKED_AT}",
        "Task.CallType: choose INBOUND is never taken",
        f"Task.CallDurationInSeconds is sent, {NOT_LOOKED_AT}",
    ],
    "OUTBOUND is Outbound": ["Task.CallType: choose OUTBOUND is never taken"],
    "no direction": [
        f"Task.Subject: the default of {{payload.direction}} is used, {NOT_LOOKED_AT}"
    ],
    "a flag": [f"Debt_Account__c.Do_Not_Call__c is sent, {NOT_LOOKED_AT}"],
    "a false flag": [
        "Debt_Account__c.Do_Not_Call__c: a false that leaves the flag is never given"
    ],
    "nobody": [
        "Task.WhatId: a missing record is never met",
        "Debt_Account__c: a missing record is never met",
    ],
    "two": [
        "Task.WhatId: an ambiguous match is never met",
        "Debt_Account__c: an ambiguous match is never met",
    ],
    "by phone": ["party: event.phone is never the first with a value"],
}


def left_out(folder: Path, cases: list[str]) -> tuple[list[str], float]:
    """Return what these cases leave out of the mapping itself, and the coverage."""
    rehearsal = tried(folder, "\n" + "\n".join(map(dedent, cases)))
    assert rehearsal.failed == []
    (coverage,) = rehearsal.coverages
    found = [f.message for kind, f in coverage.untouched if kind != "vendor key"]
    return found, percent([coverage])


@pytest.mark.parametrize("left", CASES)
def test_without_any_one_case_the_coverage_is_lower_by_what_it_alone_shows(
    tmp_path: Path, left: str
) -> None:
    everything, whole = left_out(tmp_path, list(CASES.values()))
    rest = [case for name, case in CASES.items() if name != left]
    found, share = left_out(tmp_path, rest)

    assert everything == []
    assert found == LEFT_OUT[left]
    assert share < whole


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Cora call, ", "Call, "),
        ("default:unknown", "default:?"),
        ("INBOUND: Inbound", "INBOUND: Call in"),
        ("OUTBOUND: Outbound", "OUTBOUND: Inbound"),
        ("as: ms_to_seconds", "as: to_integer"),
        ("payload.duration", "payload.direction"),
        ("payload.outcomes.doNotCall", "payload.outcomes.fraud"),
        ("write: sticky", "write: always"),
        ("missing: skip", "missing: park"),
        ("mode: update", "mode: update\n    missing: skip"),
        ("mode: update", "mode: update\n    ambiguous: skip"),
        ("match: [{Account_Number__c: event.file", "match: [{Phone__c: event.file"),
    ],
)
def test_no_change_of_a_mapping_gets_past_cases_that_cover_all_of_it(
    tmp_path: Path, old: str, new: str
) -> None:
    assert old in MAPPING
    cases = "\n" + "\n".join(map(dedent, CASES.values()))

    try:
        failed = tried(tmp_path, cases, MAPPING.replace(old, new)).failed
    except BadMapping:
        return  # A name in the cases is no longer there, which is told too.

    assert failed != []
