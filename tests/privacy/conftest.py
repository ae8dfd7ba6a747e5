from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.privacy.ledger import KEY, Ledger
from worker.store.engine import open_engine


@pytest.fixture
def ledger(engine: Engine) -> Iterator[Ledger]:
    """A ledger that is encrypted, on either engine."""
    url = engine.url.render_as_string(hide_password=False)
    opened = open_engine(url, [KEY])
    yield Ledger(opened)
    opened.dispose()
