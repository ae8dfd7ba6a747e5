"""Each file in `invalid/` has a fault, and says in its first lines what is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from worker.mapping.findings import BadMapping
from worker.mapping.mapping_set import compile_set

from .building import PATH

FOLDER = Path(__file__).with_name("invalid")
EXPECTED = re.compile(r"^# expect: (\d+:\d+: .+)$", re.MULTILINE)
PATHS = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_an_invalid_mapping_is_refused_with_all_its_faults(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    expected = [f"{PATH}:{finding}" for finding in EXPECTED.findall(text)]

    with pytest.raises(BadMapping, match=re.escape(expected[0])) as bad:
        compile_set({PATH: text})

    assert expected == str(bad.value).splitlines()


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
