"""What an act by hand was on, and on how many."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    with op.batch_alter_table("audit") as audit:
        audit.add_column(
            sa.Column("subject", sa.Text(), nullable=False, server_default="")
        )
        audit.add_column(
            sa.Column("count", sa.Integer(), nullable=False, server_default="0")
        )
        audit.alter_column(
            "detail",
            type_=sa.Text(),
            existing_type=sa.JSON(),
            existing_nullable=False,
            postgresql_using="detail::text",
        )
