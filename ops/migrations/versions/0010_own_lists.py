"""How a member works: stars, an order, saved lists, a calendar; and tasks that belong to a department until taken.

Columns are nullable and new checks hold for every row there is, so nothing is rewritten and nobody waits.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

TENANT_TABLES = (
    "star",
    "saved_list",
    "calendar_feed",
)


def upgrade() -> None:
    _tables()
    _tasks()
    op.add_column("member", sa.Column("sort", sa.Text(), nullable=True))
    op.create_index(
        "ix_posted_card_task",
        "posted_card",
        ["org_id", "task_id"],
        unique=False,
        postgresql_where=sa.text("live and task_id is not null"),
    )
    _due()
    _row_security()


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")


def _tables() -> None:
    op.create_table(
        "star",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id", "lead_id"], ["lead.org_id", "lead.id"], name=op.f("fk_star_org_id_lead_id")),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"], ["member.org_id", "member.id"], name=op.f("fk_star_org_id_member_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_star_org_id")),
        sa.PrimaryKeyConstraint("org_id", "member_id", "lead_id", name=op.f("pk_star")),
    )
    op.create_index("ix_star_lead", "star", ["org_id", "lead_id"], unique=False)
    op.create_table(
        "saved_list",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("wanted", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"], ["member.org_id", "member.id"], name=op.f("fk_saved_list_org_id_member_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_saved_list_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_saved_list")),
        sa.UniqueConstraint("org_id", "member_id", "key", name=op.f("uq_saved_list_org_id_member_id_key")),
    )
    op.create_table(
        "calendar_feed",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"], ["member.org_id", "member.id"], name=op.f("fk_calendar_feed_org_id_member_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_calendar_feed_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("org_id", "member_id", name=op.f("uq_calendar_feed_org_id_member_id")),
        sa.UniqueConstraint("org_id", "token_hash", name=op.f("uq_calendar_feed_org_id_token_hash")),
    )


def _tasks() -> None:
    op.add_column("task", sa.Column("department_id", sa.BigInteger(), nullable=True))
    op.add_column("task", sa.Column("by_id", sa.BigInteger(), nullable=True))
    op.add_column("task", sa.Column("escalate_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("task", "member_id", existing_type=sa.BigInteger(), nullable=True)
    # Checked row by row without a lock that anybody waits for.
    op.execute(
        "alter table task add constraint fk_task_org_id_department_id foreign key (org_id, department_id)"
        " references department (org_id, id) not valid"
    )
    op.execute(
        "alter table task add constraint ck_task_somebody check (member_id is not null or department_id is not null)"
        " not valid"
    )
    op.execute("alter table task validate constraint fk_task_org_id_department_id")
    op.execute("alter table task validate constraint ck_task_somebody")
    op.create_index(
        "ix_task_team",
        "task",
        ["org_id", "department_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open' and member_id is null"),
    )
    op.create_index(
        "ix_task_escalate",
        "task",
        ["org_id", "escalate_at"],
        unique=False,
        postgresql_where=sa.text("escalate_at is not null"),
    )


def _due() -> None:
    """As it stands, and the tasks that nobody of a department took."""
    op.execute(
        """
        do $$
        declare known text := pg_get_functiondef('sluice_due(timestamptz)'::regprocedure);
        begin
            known := replace(known, 'order by o.id',
                'or exists (select from task t where t.org_id = o.id and t.escalate_at <= moment)
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
