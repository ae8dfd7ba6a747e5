"""A test file as data. Floor 1, pure.

`case_grammar` says what may be written; what a file cannot mean is found here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from worker.mapping.strict_yaml import Place
from worker.model import State

Records = Mapping[str, tuple[Mapping[str, Any], ...]]

KIND = "case"
"""The kind of a finding that only a test file can have."""

USUAL_MOMENT = datetime(2026, 5, 4, 10, 15, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ExpectedWrite:
    """A record that is to be written, or parked or skipped for a reason.

    `key` and the values of `links` are a field and its value. `is_exact` says that
    nothing else is sent. `places` has the places of the names in it.
    """

    object: str
    place: Place
    key: tuple[str, str] | None = None
    state: State = State.SYNCED
    reason: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    not_sent: tuple[str, ...] = ()
    links: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    is_exact: bool = False
    places: Mapping[str, Place] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What has to come of a delivery; None where it is not looked at.

    `party` is `case_grammar.NOBODY` where nothing decides the lane.
    """

    urgent: bool | None = None
    party: str | None = None
    skip: str | None = None
    writes: tuple[ExpectedWrite, ...] = ()
    is_exact: bool = False
    not_written: tuple[str, ...] = ()
    after: Records = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """A delivery and what has to come of it.

    `payload` and `body` change the fixture, or the smallest delivery where `fixture` is
    None; then the keys at the ends of `without` are taken out. `records` is None where
    only the mapping is asked, and not the org. `places` has the place of each key's
    value, and under `a.b` of the names that are in it.
    """

    name: str
    place: Place
    expect: Expectation
    connection: str | None = None
    fixture: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    without: tuple[tuple[str, ...], ...] = ()
    received_at: datetime = USUAL_MOMENT
    records: Records | None = None
    places: Mapping[str, Place] = field(default_factory=dict, repr=False)

    @property
    def is_changed(self) -> bool:
        """Whether the body is not the fixture's, byte for byte."""
        return bool(self.payload or self.body or self.without)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """All cases of one file."""

    path: str
    cases: tuple[Case, ...]
