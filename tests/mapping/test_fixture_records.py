"""Each `.http` fixture has a `.records.yaml` beside it: what the mapping makes of it.

`crm-sync explain <fixture>` shows where each value comes from.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sources.fixture_files import FOLDER, PATHS

from .records import records_of

SUFFIX = ".records.yaml"


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@cache
def _records(path: Path) -> Any:
    text = path.with_suffix(SUFFIX).read_text(encoding="utf-8")
    return yaml.safe_load(text)


@pytest.mark.parametrize("path", PATHS, ids=_name)
def test_a_fixture_makes_its_records(path: Path) -> None:
    expected, actual = _records(path), records_of(path)

    assert expected == actual
    # 1, 1.0 and True are equal in Python, but not to Salesforce.
    assert json.dumps(expected, sort_keys=True) == json.dumps(actual, sort_keys=True)


def test_fixtures_and_records_are_in_pairs() -> None:
    fixtures = {path.with_suffix("") for path in PATHS}
    records = {
        path.with_name(path.name.removesuffix(SUFFIX))
        for path in FOLDER.glob(f"*/*{SUFFIX}")
    }

    assert fixtures == records


def test_an_event_without_a_mapping_has_to_be_said_to_have_none() -> None:
    unmapped = [path.stem for path in PATHS if "unmapped" in _records(path)]

    assert unmapped == ["record__utterance"]
