"""Up to which entry of its lead's timeline a posted card's thread has told."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("posted_card", sa.Column("told", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")
