"""Decisions are found by time and refusals by member: for exports, figures of a week, and a bound on what is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # Decisions are written in the order of time and never changed, so a few pages say which block holds which days.
    op.create_index("ix_decision_at", "decision", ["at"], unique=False, postgresql_using="brin")
    op.create_index(
        "ix_decision_refusal",
        "decision",
        ["org_id", "member_id", "at"],
        unique=False,
        postgresql_where=sa.text("kind = 'refusal'"),
    )


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")
