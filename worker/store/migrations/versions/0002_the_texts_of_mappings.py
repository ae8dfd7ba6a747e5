"""The texts of mappings, which of them wrote each row, and indexes to find events."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "mapping",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_used_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "event", "version", "content_hash"),
    )
    op.add_column("event", sa.Column("mapping_hash", sa.String(), nullable=True))
    op.add_column("record", sa.Column("mapping_hash", sa.String(), nullable=True))
    op.create_index(
        "ix_event_type",
        "event",
        ["source", "type", "received_at", "id"],
        unique=False,
    )
    op.create_index("ix_event_received", "event", ["received_at", "id"], unique=False)
