"""Alembic's entry: one connection, one lock, forward only."""

from alembic import context
from sqlalchemy import text

from ops.migrate import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, compare_type=True, transaction_per_migration=True)
with context.begin_transaction():
    # Waiting for a table lock blocks everybody behind us: rather fail and be tried again.
    connection.execute(text("set lock_timeout = '5s'"))
    context.run_migrations()
