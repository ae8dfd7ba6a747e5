"""Each file in `invalid/` has a fault, and says in its first lines what is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from worker.checking import Checker
from worker.mapping.findings import KINDS, BadMapping, Finding
from worker.mapping.mapping_set import compile_set, read_set
from worker.org_schema import OrgSchema, load_schema

from .building import PATH

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).with_name("invalid")
EXPECTED = re.compile(r"^# expect: (\d+:\d+: .+)$", re.MULTILINE)
SHIPPED = load_schema(ROOT / "config" / "salesforce")
SCHEMA = OrgSchema(SHIPPED.fields | load_schema(FOLDER.with_name("org")).fields)
CHECKER = Checker(lambda: SCHEMA)
PATHS = sorted(FOLDER.glob("*.yaml"))


def findings_of(text: str) -> list[Finding]:
    mappings, findings = read_set({PATH: text})
    return sorted([*findings, *CHECKER(mappings)])


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_an_invalid_mapping_is_refused_with_all_its_faults(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    expected = [f"{PATH}:{finding}" for finding in EXPECTED.findall(text)]

    assert expected
    assert expected == [str(finding) for finding in findings_of(text)]


def test_every_kind_of_finding_has_a_file() -> None:
    found = {
        finding.kind
        for path in PATHS
        for finding in findings_of(path.read_text(encoding="utf-8"))
    }

    # A version needs what was used before, an event all files of a folder.
    assert {*KINDS} - found == {"version", "unknown_event"}


def test_a_path_that_is_nested_too_deep_is_a_finding() -> None:
    deep = "(" * 5_000 + "payload.a" + ")" * 5_000
    text = f"source: cora\nevent: call.completed\nparty: ['{deep}']\nwrites: []"

    (finding,) = findings_of(text)

    assert finding.message == "a path is nested too deep"


def test_the_faults_of_all_files_are_found_at_once() -> None:
    texts = {
        "cora/payment.success.yaml": "source: cora\nevent: payment.success",
        "cora/payment.failed.yaml": "",
        "cora/call.completed.yaml": "source: cora\nevent: call.completed\nwrites: []",
        "altur/on_call_end.yaml": "source: cora\nevent: on_call_end\nwrites: []",
    }

    with pytest.raises(BadMapping, match=r"^altur/on_call_end\.yaml:1:1: ") as bad:
        compile_set(texts)

    assert str(bad.value).splitlines() == [
        "altur/on_call_end.yaml:1:1: a mapping of cora on_call_end has to be in"
        " cora/on_call_end.yaml",
        "cora/payment.failed.yaml:1:1: the file is empty",
        "cora/payment.success.yaml:1:1: 'writes' is missing",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "cora/call.completed.yaml",
        "mappings/cora/call.completed.yaml",
        "/srv/app/mappings/cora/call.completed.yaml",
    ],
)
def test_a_mapping_is_found_by_source_and_event(path: str) -> None:
    text = "source: cora\nevent: call.completed\nwrites: []"

    found = compile_set({path: text})

    mapping = found.find("cora", "call.completed")
    assert mapping is not None
    assert path == mapping.spec.path
    assert found.find("cora", "payment.success") is None
    assert found.find("altur", "call.completed") is None
