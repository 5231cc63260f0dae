"""Who looks after a source, a channel or a campaign; a hand-over moves it like a pool."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    for table in ("source", "list_entry"):
        op.add_column(table, sa.Column("owner_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")
