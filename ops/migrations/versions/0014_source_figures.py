"""What came from each source by the hour, why posts were turned away, what sources cost, and when silence is unusual.

`sluice_due` learns of sources that have fallen silent.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

TENANT_TABLES = ("source_hour", "source_refusal", "source_cost")


def upgrade() -> None:
    op.add_column("source", sa.Column("usual_pause", sa.BigInteger(), nullable=True))
    op.add_column("source", sa.Column("silent_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("source", sa.Column("silence_told_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_source_silent",
        "source",
        ["org_id", "silent_at"],
        unique=False,
        postgresql_where=sa.text("silent_at is not null"),
    )
    _tables()
    _due()
    _row_security()


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")


def _tables() -> None:
    op.create_table(
        "source_hour",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        _of_source("source_hour"),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_source_hour_org_id")),
        sa.PrimaryKeyConstraint("org_id", "source_id", "hour", name=op.f("pk_source_hour")),
    )
    op.create_table(
        "source_refusal",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        _of_source("source_refusal"),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_source_refusal_org_id")),
        sa.PrimaryKeyConstraint("org_id", "source_id", "day", "field", "why", name=op.f("pk_source_refusal")),
    )
    op.create_table(
        "source_cost",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(14, 2), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on and amount >= 0", name=op.f("ck_source_cost_sensible")),
        _of_source("source_cost"),
        sa.ForeignKeyConstraint(
            ["org_id", "by_id"], ["member.org_id", "member.id"], name=op.f("fk_source_cost_org_id_by_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_source_cost_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_source_cost")),
    )
    op.create_index("ix_source_cost_source", "source_cost", ["org_id", "source_id", "starts_on"], unique=False)


def _of_source(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["org_id", "source_id"], ["source.org_id", "source.id"], name=op.f(f"fk_{table}_org_id_source_id")
    )


def _due() -> None:
    """As it stands, and the sources that have fallen silent."""
    op.execute(
        """
        do $$
        declare known text := pg_get_functiondef('sluice_due(timestamptz)'::regprocedure);
        begin
            known := replace(known, 'order by o.id',
                'or exists (select from source s where s.org_id = o.id and s.silent_at <= moment)
            order by o.id');
            execute known;
        end $$
        """
    )


def _row_security() -> None:
    for table in TENANT_TABLES:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy owner_all on {table} to current_user using (true) with check (true)")
        op.execute(
            f"create policy tenant on {table} to sluice_app "
            "using (org_id = nullif(current_setting('sluice.org_id', true), '')::bigint)"
        )
