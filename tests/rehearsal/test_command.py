"""`crm-sync test`, as an admin calls it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.running import ROOT, Ended, crm_sync

from .projects import write_cases, write_mapping

CASES = """
  - name: an incoming call is one
    payload: {callId: call-1, fileNumber: ACC-1, direction: INBOUND, duration: 61500}
    expect:
      urgent: true
      writes:
        - object: Task
          fields: {CallType: Outbound, CallDurationInSeconds: 62}
          not_sent: [WhatId]
        - object: Debt_Account__c
          fields: {Do_Not_Call__c: true}
  - name: a flag is set
    payload: {fileNumber: ACC-1, outcomes: {doNotCall: true}}
    expect:
      writes: [{object: Debt_Account__c, fields: {Do_Not_Call__c: true}}]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_mapping(tmp_path)
    write_cases(tmp_path, CASES)
    return tmp_path


def run(*arguments: str | Path) -> Ended:
    return crm_sync("test", *arguments)


def test_the_shipped_mappings_pass_their_tests_and_are_covered_whole() -> None:
    ended = run("--min-coverage", "100", "--coverage")

    assert (ended.exit_code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert [line.split(": ")[1].split(",")[0] for line in lines[:-1]] == [
        "100 % covered"
    ] * 8
    assert lines[-1].endswith(" passed, 0 failed")


def test_the_shipped_mappings_pass_in_a_process_of_their_own() -> None:
    command = [Path(sys.executable).with_name("crm-sync"), "test", "--min-coverage=100"]

    ended = subprocess.run(
        command, cwd=ROOT, env={}, capture_output=True, text=True, timeout=60
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith(" passed, 0 failed\n")


def test_every_difference_is_shown_with_its_lines(project: Path) -> None:
    folder = project / "cora"
    ended = run(project)

    assert ended.exit_code == 1
    assert (
        ended.out
        == f"""\
FAILED {folder}/call.completed.test.yaml:2: an incoming call is one
  event
    expected urgent, got not urgent
  Task External_Call_Id__c=call-1
    CallType  ({folder}/call.completed.yaml:10)
      expected  "Outbound"
      got       "Inbound"
    WhatId  ({folder}/call.completed.yaml:15)
      expected  not sent
      got       Account_Number__c=ACC-1
  Debt_Account__c
    expected sent, got no such record

2 cases, 1 passed, 1 failed
"""
    )


def test_long_texts_are_shown_where_they_begin_to_differ(tmp_path: Path) -> None:
    text = " ".join(f"w{number}" for number in range(60))
    write_mapping(
        tmp_path,
        """
        writes:
          - object: Task
            key: {External_Call_Id__c: event.call_id}
            fields: {Description: payload.summary}
        """,
    )
    write_cases(
        tmp_path,
        f"""
          - name: a
            payload: {{summary: {text}}}
            expect:
              writes: [{{object: Task, fields: {{Description: {text} more}}}}]
        """,
    )

    lines = run(tmp_path).out.splitlines()

    assert lines[3].split(None, 1)[1] == '... w55 w56 w57 w58 w59 more"'
    assert lines[4].split(None, 1)[1] == '... w55 w56 w57 w58 w59"'


def test_what_no_case_touches_is_shown_with_its_place(project: Path) -> None:
    mapping = project / "cora" / "call.completed.yaml"
    ended = run(project, "--coverage", "-k", "flag")

    assert ended.exit_code == 0
    lines = ended.out.splitlines()
    assert lines[0].startswith(f"{mapping}: ")
    assert " % covered, " in lines[0]
    assert "(untouched: " in lines[0]
    branch = "Task.CallType: choose INBOUND is never taken"
    assert f"  {mapping}:12:27: {branch}" in lines
    assert f"  {mapping}:1:1: no case sends payload.outcomes.jail" in lines
    assert lines[-1] == "1 case, 1 passed, 0 failed"


def test_too_low_a_coverage_fails_and_shows_what_is_missing(project: Path) -> None:
    low = run(project, "-k", "flag", "--min-coverage", "80.5")
    enough = run(project, "-k", "flag", "--min-coverage", "1")

    assert low.exit_code == 1
    assert "choose INBOUND is never taken" in low.out
    assert low.out.splitlines()[-2:] == [
        "1 case, 1 passed, 0 failed",
        "coverage is below 80.5 %",
    ]
    assert (enough.exit_code, enough.out) == (0, "1 case, 1 passed, 0 failed\n")


def test_a_mapping_without_tests_is_named(tmp_path: Path) -> None:
    mapping = write_mapping(tmp_path)
    ended = run(tmp_path, "--coverage", "--min-coverage", "1")

    assert ended.exit_code == 1
    assert f"  {mapping}:1:1: has no tests" in ended.out.splitlines()
    assert "0 cases, 0 passed, 0 failed" in ended.out


def test_json_has_all_of_it(project: Path) -> None:
    ended = run(project, "--json")

    assert ended.exit_code == 1
    told = json.loads(ended.out)
    assert (told["passed"], told["failed"]) == (1, 1)
    failed, passed = told["cases"]
    assert (failed["name"], failed["passed"]) == ("an incoming call is one", False)
    assert failed["place"] == f"{project}/cora/call.completed.test.yaml:2"
    assert failed["differences"][1] == {
        "record": "Task External_Call_Id__c=call-1",
        "name": "CallType",
        "expected": '"Outbound"',
        "got": '"Inbound"',
        "place": f"{project}/cora/call.completed.yaml:10",
    }
    assert (passed["passed"], passed["differences"]) == (True, [])
    (coverage,) = told["coverage"]["mappings"]
    assert told["coverage"]["percent"] == coverage["percent"]
    assert 0 < coverage["percent"] < 100
    assert {
        "what": "branch",
        "path": f"{project}/cora/call.completed.yaml",
        "line": 12,
        "column": 46,
        "message": "Task.CallType: choose OUTBOUND is never taken",
        "kind": "case",
    } in coverage["untouched"]


def test_a_fault_of_a_test_file_is_told_and_nothing_is_run(project: Path) -> None:
    path = write_cases(project, "\n  - {name: a, expekt: {}}", name="__b")

    ended = run(project)
    as_json = run(project, "--json")

    assert (ended.exit_code, ended.out) == (2, "")
    assert ended.err.splitlines() == [
        f"{path}:2:13: unknown key 'expekt' (did you mean 'expect'?)",
    ]
    assert as_json.exit_code == 2
    assert json.loads(as_json.out)["findings"][0] == {
        "path": str(path),
        "line": 2,
        "column": 13,
        "message": "unknown key 'expekt' (did you mean 'expect'?)",
        "kind": "unknown_key",
    }


def test_a_name_that_no_case_has_is_told_and_does_not_pass(project: Path) -> None:
    ended = run(project, "-k", "nothing of the kind")

    assert (ended.exit_code, ended.out) == (2, "")
    assert ended.err == "no case has 'nothing of the kind' in its name\n"


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    ended = run(tmp_path / "nothing.yaml")

    assert (ended.exit_code, ended.out) == (2, "")
    assert ended.err == f"{tmp_path}/nothing.yaml is not there\n"


def test_it_needs_no_settings_but_the_connections(
    project: Path, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "connections.yaml").write_text(
        "cora-texas: {source: cora, secrets: CORA_TEXAS_SECRET}"
    )
    case = "\n  - {name: a, expect: {writes: [{object: Task}]}}"
    write_cases(project, case)

    ended = crm_sync("test", project / "cora", CONFIG_DIR=config)

    assert (ended.exit_code, ended.out) == (0, "1 case, 1 passed, 0 failed\n")


def test_the_reason_and_the_line_of_a_parked_record_are_shown_whole(
    tmp_path: Path,
) -> None:
    folder = shutil.copytree(ROOT / "mappings" / "cora", tmp_path / "cora")
    test = folder / "payment.success__b.test.yaml"
    test.write_text(
        "cases:\n  - name: a\n    payload: {paymentDate: next week}\n"
        "    expect: {writes: [{object: Task}]}\n",
        encoding="utf-8",
    )

    ended = run(test)

    assert ended.exit_code == 1
    assert "expected sent, got parked: transform_refused (" in ended.out
    assert "payment.success.yaml:" in ended.out
    assert "..." not in ended.out
