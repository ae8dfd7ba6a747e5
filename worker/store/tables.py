"""The tables, on SQLite and PostgreSQL alike. Floor 2.

The name of a source or an event type is text in a row, so that adding one is no
migration. Moments are aware and in UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from worker.store.columns import BigId, index_where, moment
from worker.store.sealing import SealedBytes, SealedJson, SealedText, hash_of

PENDING = text("state = 'pending'")
UNPURGED = text("purged_at IS NULL AND settled_at IS NOT NULL")
PURGED = text("purged_at IS NOT NULL")
UNALARMED = text("urgent AND alarmed_at IS NULL")


class EventRow(SQLModel, table=True):
    """A stored delivery worth acting on. The truth; Redis only rings the bell."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("connection", "dedupe_key", "revision"),
        UniqueConstraint("connection", "dedupe_key", "content_hash"),
        index_where(PENDING, "ix_event_due", "lane", "next_attempt_at"),
        Index("ix_event_state", "state", "id"),
        index_where(UNALARMED, "ix_event_unalarmed", "state", "received_at"),
        Index("ix_event_call", "call_id"),
        Index("ix_event_type", "source", "type", "received_at", "id"),
        Index("ix_event_received", "received_at", "id"),
        Index("ix_event_party", "party_hash", "received_at"),
        index_where(UNPURGED, "ix_event_unpurged", "settled_at", "id"),
        index_where(PURGED, "ix_event_purged", "settled_at", "id"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    connection: str
    source: str
    type: str
    dedupe_key: str
    content_hash: str
    revision: int
    call_id: str | None = None
    party_key: str = Field(sa_column=Column(SealedText, nullable=False))
    party_hash: str | None = Field(
        default=None, sa_column=Column(String, default=hash_of("party_key"))
    )
    lane: int
    urgent: bool
    occurred_at: datetime = moment()
    received_at: datetime = moment()
    state: str
    reason: str | None = None
    attempts: int = 0
    next_attempt_at: datetime = moment()
    settled_at: datetime | None = moment(nullable=True)
    # Since when somebody was told that an urgent one is not confirmed.
    alarmed_at: datetime | None = moment(nullable=True)
    mapping_version: str | None = None
    mapping_hash: str | None = None
    headers: dict[str, str] = Field(sa_column=Column(SealedJson, nullable=False))
    body: bytes = Field(sa_column=Column(SealedBytes, nullable=False))
    purged_at: datetime | None = moment(nullable=True)
    # When the vendor made this content, where it says so.
    revised_at: datetime | None = moment(nullable=True)
    # How often the same came again.
    duplicates: int = Field(
        default=0, sa_column=Column(Integer, nullable=False, server_default="0")
    )
    # Since when the last replay has it due, and by which mapping if not by today's.
    replayed_at: datetime | None = moment(nullable=True)
    replay_mapping_hash: str | None = None


class AttemptRow(SQLModel, table=True):
    """How an attempt at an event ended, and when the next was due. No payload value.

    Number 0 is what became of it before the first attempt, or by a person's act.
    """

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_event", "event_id", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    event_id: int = Field(
        sa_column=Column(
            BigId, ForeignKey("event.id", ondelete="CASCADE"), nullable=False
        )
    )
    number: int
    at: datetime = moment()
    state: str
    reason: str | None = None
    error_code: str | None = None
    next_attempt_at: datetime | None = moment(nullable=True)


class RecordRow(SQLModel, table=True):
    """One write of an event: what was sent to Salesforce and what came of it.

    One with a `salesforce_id` is in Salesforce, whatever the last attempt came to;
    `fields` are then those that were written.
    """

    __tablename__ = "record"
    __table_args__ = (
        UniqueConstraint("event_id", "ordinal"),
        Index("ix_record_key", "object", "key_hash"),
        Index("ix_record_salesforce_id", "object", "salesforce_id"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    event_id: int = Field(
        sa_column=Column(BigId, ForeignKey("event.id"), nullable=False)
    )
    ordinal: int
    object: str
    key: str | None = Field(default=None, sa_column=Column(SealedText))
    key_hash: str | None = Field(
        default=None, sa_column=Column(String, default=hash_of("key"))
    )
    fields: dict[str, Any] = Field(sa_column=Column(SealedJson, nullable=False))
    place: str
    mapping_version: str
    mapping_hash: str | None = None
    occurred_at: datetime = moment()
    state: str
    reason: str | None = None
    error_code: str | None = None
    error_fields: str | None = None
    hint: str | None = None
    salesforce_id: str | None = None
    created: bool | None = None
    attempts: int = 0
    settled_at: datetime | None = moment(nullable=True)


class TombstoneRow(SQLModel, table=True):
    """A deleted event: what tells that it comes once more. It holds for ever."""

    __tablename__ = "tombstone"

    connection: str = Field(primary_key=True)
    dedupe_hash: str = Field(primary_key=True)
    content_hash: str = Field(primary_key=True)
    revision: int
    event_id: int = Field(sa_column=Column(BigId, nullable=False))


class HoldRow(SQLModel, table=True):
    """A party of whom nothing is purged or erased while the hold stands."""

    __tablename__ = "legal_hold"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    party: str = Field(sa_column=Column(SealedText, nullable=False))
    reason: str = Field(sa_column=Column(SealedText, nullable=False))
    actor: str
    at: datetime = moment()
    released_by: str | None = None
    released_at: datetime | None = moment(nullable=True)


class MappingRow(SQLModel, table=True):
    """The text of a mapping that was used. Rows are added and never changed."""

    __tablename__ = "mapping"
    __table_args__ = (UniqueConstraint("source", "event", "version", "content_hash"),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    source: str
    event: str
    version: str
    content_hash: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    first_used_at: datetime = moment()


class LaneRow(SQLModel, table=True):
    """Who drains a lane, until when. `epoch` grows with every holder: the fence."""

    __tablename__ = "lane"

    lane: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    epoch: int = 0
    expires_at: datetime | None = moment(nullable=True)


class RejectionRow(SQLModel, table=True):
    """Who knocked and was refused, and why; one row an hour and reason, no body.

    A purge adds old ones up to one of nobody, of the hour `refusals.LONG_AGO`.
    """

    __tablename__ = "rejection"
    __table_args__ = (UniqueConstraint("connection", "reason", "remote", "hour"),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    connection: str
    reason: str
    remote: str
    hour: datetime = moment()
    times: int
    last_at: datetime = moment()


class AuditRow(SQLModel, table=True):
    """Who did what by hand, to what and to how many. Holds no payload value."""

    __tablename__ = "audit"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    at: datetime = moment()
    actor: str
    action: str
    subject: str = Field(sa_column=Column(Text, nullable=False))
    count: int
    detail: str = Field(sa_column=Column(Text, nullable=False))
