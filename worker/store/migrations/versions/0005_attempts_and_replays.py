"""What each attempt came to, replays, and when a vendor made what it sent."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "attempt",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("event_id", BIG_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("next_attempt_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_attempt_event", "attempt", ["event_id", "id"], unique=False)
    for column in (
        sa.Column("revised_at", MOMENT, nullable=True),
        sa.Column("duplicates", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("replayed_at", MOMENT, nullable=True),
        sa.Column("replay_mapping_hash", sa.String(), nullable=True),
    ):
        op.add_column("event", column)
