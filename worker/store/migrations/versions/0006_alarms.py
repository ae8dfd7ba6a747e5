"""When somebody was told of an urgent event that is not confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UNALARMED = sa.text("urgent AND alarmed_at IS NULL")


def upgrade() -> None:
    """Go up."""
    moment = sa.DateTime(timezone=True)
    op.add_column("event", sa.Column("alarmed_at", moment, nullable=True))
    op.create_index(
        "ix_event_unalarmed",
        "event",
        ["state", "received_at"],
        unique=False,
        sqlite_where=UNALARMED,
        postgresql_where=UNALARMED,
    )
