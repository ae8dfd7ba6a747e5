"""Labs: a past that one mapping wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.comparing.lab import Lab, lab_of
from worker.localorg import LocalOrg

MakeLab = Callable[..., Lab]


@pytest.fixture
def lab(database: Engine, org: LocalOrg) -> Iterator[MakeLab]:
    """Make a lab whose past is written by the given writes."""
    with ExitStack() as stack:

        def make(writes: str, **settings: Any) -> Lab:
            return stack.enter_context(lab_of(database, org, writes, **settings))

        yield make
