"""Sources of many formats: how their posts are read, what the vendor's side needs, and what is not a lead yet.

Columns are nullable or have a default, so nothing is rewritten and nobody waits.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"

TENANT_TABLES = (
    "owed_fetch",
    "feed_event",
)


def upgrade() -> None:
    op.add_column("source", sa.Column("format", sa.Text(), server_default="generic", nullable=False))
    op.add_column("source", sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("source", sa.Column("vendor", sa.LargeBinary(), nullable=True))
    _tables()
    _row_security()


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")


def _tables() -> None:
    op.create_table(
        "owed_fetch",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("own_id", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('owed','done','failed')", name=op.f("ck_owed_fetch_state")),
        sa.ForeignKeyConstraint(
            ["org_id", "source_id"], ["source.org_id", "source.id"], name=op.f("fk_owed_fetch_org_id_source_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_owed_fetch_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_owed_fetch")),
        sa.UniqueConstraint("org_id", "source_id", "own_id", name=op.f("uq_owed_fetch_org_id_source_id_own_id")),
    )
    op.create_index(
        "ix_owed_fetch_open",
        "owed_fetch",
        ["org_id", "source_id"],
        unique=False,
        postgresql_where=sa.text("state <> 'done'"),
    )
    op.create_table(
        "feed_event",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("properties", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("came_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "source_id"], ["source.org_id", "source.id"], name=op.f("fk_feed_event_org_id_source_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_feed_event_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_feed_event")),
    )
    op.create_index("ix_feed_event_person", "feed_event", ["org_id", "source_id", "external_id"], unique=False)
    op.create_index("ix_feed_event_came", "feed_event", ["org_id", "came_at"], unique=False)


def _row_security() -> None:
    for table in TENANT_TABLES:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy owner_all on {table} to current_user using (true) with check (true)")
        op.execute(
            f"create policy tenant on {table} to sluice_app "
            "using (org_id = nullif(current_setting('sluice.org_id', true), '')::bigint)"
        )
