"""The clock, the settings and the database of this process. Floor 4."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from sqlalchemy import Engine

from worker.settings import Needs, Settings, load_settings
from worker.store.calls import Calls
from worker.store.engine import open_engine
from worker.store.events import Events
from worker.store.history import History
from worker.store.lanes import Lanes
from worker.store.mapping_texts import MappingTexts
from worker.store.marks import EventMarks


def utc_now() -> datetime:
    """Return the moment."""
    return datetime.now(UTC)


@cache
def settings(needs: Needs = Needs.NOTHING) -> Settings:
    """Return the settings of this process's environment. Raises `SettingsFault`."""
    return load_settings(os.environ, needs)


@cache
def engine() -> Engine:
    """Return this process's database engine; it connects when first used."""
    return open_engine(settings().database_url, settings().data_keys)


def is_file_missing() -> bool:
    """Return whether the database is a file that is not there: asking would make it."""
    name = engine().url.database
    is_file = engine().dialect.name == "sqlite" and name and name != ":memory:"
    return bool(is_file) and not Path(str(name)).is_file()


@cache
def events() -> Events:
    """Return the events of the database."""
    return Events(engine())


@cache
def lanes() -> Lanes:
    """Return the lanes of the database."""
    return Lanes(engine())


@cache
def mapping_texts() -> MappingTexts:
    """Return the texts of the mappings that were used."""
    return MappingTexts(engine())


@cache
def history() -> History:
    """Return what came in and what was sent."""
    return History(engine())


@cache
def event_marks() -> EventMarks:
    """Return the past events, in brief."""
    return EventMarks(engine())


@cache
def calls() -> Calls:
    """Return what the events of calls have written."""
    return Calls(engine())
