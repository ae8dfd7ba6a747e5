"""A past of three calls, and a changed mapping to try on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.comparing.lab import Lab
from tests.diff_command.diffing import ACCOUNT, FLAG, TASK, save, three_calls


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with three_calls(tmp_path_factory.mktemp("past")) as lab:
        yield lab


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save(tmp_path / "mappings", TASK + ACCOUNT + FLAG)
