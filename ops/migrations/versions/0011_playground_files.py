"""A line in the playground shows the file that came with it.

The column is nullable, so nothing is rewritten and nobody waits.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("playground_message", sa.Column("file", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")
