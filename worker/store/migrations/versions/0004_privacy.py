"""Hashes to find encrypted rows by, holds, tombstones, and when a body was purged."""

import hashlib
import hmac

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ROWS_A_STEP = 1000


def upgrade() -> None:
    """Go up."""
    op.add_column("event", sa.Column("party_hash", sa.String(), nullable=True))
    op.add_column("event", sa.Column("purged_at", MOMENT, nullable=True))
    op.add_column("record", sa.Column("key_hash", sa.String(), nullable=True))
    _fill("event", "party_key", "party_hash")
    _fill("record", "key", "key_hash")
    op.drop_index("ix_record_key", table_name="record")
    op.create_index("ix_record_key", "record", ["object", "key_hash"])
    op.create_index("ix_event_party", "event", ["party_hash", "received_at"])
    _create_partial_index(
        "ix_event_unpurged", "purged_at IS NULL AND settled_at IS NOT NULL"
    )
    _create_partial_index("ix_event_purged", "purged_at IS NOT NULL")
    op.create_table(
        "tombstone",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("dedupe_hash", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("event_id", BIG_ID, nullable=False),
        sa.PrimaryKeyConstraint("connection", "dedupe_hash", "content_hash"),
    )
    op.create_table(
        "legal_hold",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("released_by", sa.String(), nullable=True),
        sa.Column("released_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )


def _create_partial_index(name: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(
        name,
        "event",
        ["settled_at", "id"],
        sqlite_where=where,
        postgresql_where=where,
    )


def _fill(table_name: str, text_name: str, hash_name: str) -> None:
    """Hash what is there, which no key has encrypted yet."""
    table = sa.table(
        table_name,
        sa.column("id", BIG_ID),
        sa.column(text_name, sa.String),
        sa.column(hash_name, sa.String),
    )
    text = table.c[text_name]
    page = sa.select(table.c.id, text).where(text.is_not(None)).order_by(table.c.id)
    write = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("of_row"))
        .values({hash_name: sa.bindparam("hash")})
    )
    connection = op.get_bind()
    last = 0
    while rows := connection.execute(
        page.where(table.c.id > last).limit(ROWS_A_STEP)
    ).all():
        connection.execute(write, [{"of_row": r[0], "hash": _hash(r[1])} for r in rows])
        last = rows[-1][0]


def _hash(text: str) -> str:
    digest = hmac.digest(b"crm-sync", text.casefold().encode(), hashlib.sha256)
    return digest.hex()[:32]
