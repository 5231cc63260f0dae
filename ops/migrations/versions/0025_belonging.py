"""Rows of a customer or a lead name their organization by that alone: a second key to it was checked for every row."""

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # Each for itself: nobody who holds one of these tables waits for another.
        for table in ("activity", "lead", "person_key"):
            op.execute(f"alter table {table} drop constraint if exists fk_{table}_org_id")


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")
