"""Alembic's entry: runs in the transaction that `schema.migrate` opened. Floor 2."""

from alembic import context
from sqlmodel import SQLModel

from worker.store import tables as _tables  # noqa: F401  (fills SQLModel.metadata)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
context.run_migrations()
