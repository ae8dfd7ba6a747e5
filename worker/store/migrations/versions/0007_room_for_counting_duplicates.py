"""Room in PostgreSQL's pages, so that counting a duplicate writes to no index.

A row whose new version is in the same page keeps its ten index entries. Without room
each counted duplicate of an old event put ten pages into the log (WAL).
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FULL_PERCENT = 80


def upgrade() -> None:
    """Go up. Holds for pages that are filled from now on, and waits for no writer."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE event SET (fillfactor = {FULL_PERCENT})")
