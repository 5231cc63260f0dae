"""What an import leaves behind, so that it goes on where it broke off, is recognised and can be undone; shadow time.

`sluice_due` learns of the nightly word to managers while the engine is in shadow.
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"

TENANT_TABLES = ("import_chunk", "import_row", "sheet_mapping", "shadow_time")
JSONB = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    _tables()
    running = sa.text("ended_at is null")
    op.create_index("ix_import_chunk_job", "import_chunk", ["org_id", "job_id", "line"])
    op.create_index("ix_sheet_mapping_columns", "sheet_mapping", ["org_id", "columns", "used_at"])
    op.create_index("uq_shadow_time_running", "shadow_time", ["org_id"], unique=True, postgresql_where=running)
    op.create_index("ix_shadow_time_due", "shadow_time", ["org_id", "report_at"], postgresql_where=running)
    _row_security()
    _due()


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")


def _tables() -> None:
    many = postgresql.ARRAY(sa.BigInteger())
    _table(
        "import_chunk",
        _whole("job_id"), _whole("line"), sa.Column("counters", JSONB, nullable=False),
        sa.Column("leads", many, nullable=False), _moment("at"),
        sa.ForeignKeyConstraint(
            ["org_id", "job_id"], ["import_job.org_id", "import_job.id"], ondelete="CASCADE",
            name=op.f("fk_import_chunk_org_id_job_id"),
        ),
    )  # fmt: skip
    op.create_table(
        "import_row",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("key", postgresql.UUID(), nullable=False),
        _whole("job_id"),
        sa.PrimaryKeyConstraint("org_id", "key", name=op.f("pk_import_row")),
    )
    _table(
        "sheet_mapping",
        _words("name"), _words("columns"), sa.Column("fields", JSONB, nullable=False),
        _whole("source_id", optional=True), _whole("by_id", optional=True), _moment("created_at"), _moment("used_at"),
        sa.UniqueConstraint("org_id", "name", name=op.f("uq_sheet_mapping_org_id_name")),
    )  # fmt: skip
    _table(
        "shadow_time",
        _words("why"), _whole("by_id", optional=True), _moment("began_at"), _moment("report_at"),
        _moment("ended_at", optional=True), _whole("ended_by_id", optional=True),
    )  # fmt: skip


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        *parts,
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f(f"fk_{name}_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f(f"pk_{name}")),
    )


def _whole(name: str, *, optional: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=optional)


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _moment(name: str, *, optional: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=optional)


def _row_security() -> None:
    for table in TENANT_TABLES:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy owner_all on {table} to current_user using (true) with check (true)")
        op.execute(
            f"create policy tenant on {table} to sluice_app "
            "using (org_id = nullif(current_setting('sluice.org_id', true), '')::bigint)"
        )


def _due() -> None:
    """As it stands, and the nightly word while the engine is in shadow."""
    op.execute(
        """
        do $$
        declare known text := pg_get_functiondef('sluice_due(timestamptz)'::regprocedure);
        begin
            execute replace(known, 'order by o.id',
                'or exists (select from shadow_time t where t.org_id = o.id and t.report_at <= moment
                             and t.ended_at is null)
            order by o.id');
        end $$
        """
    )
