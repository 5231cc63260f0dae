"""Rules in full: why a lead is held, offers, pauses, rehearsals, waves, caps by week and month, scores with reasons.

All of it is new tables and columns with constant defaults, which PostgreSQL adds without rewriting a row.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

TENANT_TABLES = (
    "offer",
    "rehearsal",
    "rule_pause",
)


def upgrade() -> None:
    _tables()
    op.execute("update lead set counts = false where origin = 'self'")
    op.execute("update lead set held_by = 'nobody' where held_since is not null")
    _row_security()


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")


def _tables() -> None:
    op.create_table(
        "rehearsal",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("rule_set_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_rehearsal_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_rehearsal")),
    )
    op.create_table(
        "rule_pause",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('dispatch','recycle')", name=op.f("ck_rule_pause_kind")),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_rule_pause_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_rule_pause")),
    )
    op.create_index(
        "ix_rule_pause_running",
        "rule_pause",
        ["org_id", "until"],
        unique=False,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_table(
        "offer",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("decision_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state in ('open','accepted','declined','expired','withdrawn')", name=op.f("ck_offer_state")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "lead_id"], ["lead.org_id", "lead.id"], name=op.f("fk_offer_org_id_lead_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"], ["member.org_id", "member.id"], name=op.f("fk_offer_org_id_member_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_offer_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_offer")),
    )
    op.create_index(
        "ix_offer_due", "offer", ["org_id", "expires_at"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index("ix_offer_lead", "offer", ["org_id", "lead_id", "member_id"], unique=False)
    op.create_index("ix_offer_member", "offer", ["org_id", "member_id", "offered_at"], unique=False)
    op.create_index(
        "uq_offer_open", "offer", ["org_id", "lead_id"], unique=True, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index("ix_claim_entry_pool", "claim_entry", ["org_id", "pool_id", "at"], unique=False)
    op.create_index(
        "ix_decision_run",
        "decision",
        ["org_id", "run_id"],
        unique=False,
        postgresql_where=sa.text("run_id is not null"),
    )
    op.add_column("lead", sa.Column("held_by", sa.Text(), nullable=True))
    op.add_column("lead", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("lead", sa.Column("held_for", sa.Text(), nullable=True))
    op.add_column("lead", sa.Column("sla_step", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("lead", sa.Column("counts", sa.Boolean(), server_default="true", nullable=False))
    op.add_column("lead", sa.Column("wave", sa.BigInteger(), server_default="1", nullable=False))
    op.add_column("lead", sa.Column("parent_id", sa.BigInteger(), nullable=True))
    op.add_column("lead", sa.Column("seller_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "lead",
        sa.Column("score_reasons", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
    )
    op.add_column("lead", sa.Column("score_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_lead_held_until",
        "lead",
        ["org_id", "held_until"],
        unique=False,
        postgresql_where=sa.text("held_until is not null"),
    )
    op.create_index(
        "ix_lead_parent",
        "lead",
        ["org_id", "parent_id"],
        unique=False,
        postgresql_where=sa.text("parent_id is not null"),
    )
    op.create_index(
        "ix_lead_score_at",
        "lead",
        ["org_id", "score_at"],
        unique=False,
        postgresql_where=sa.text("score_at is not null"),
    )
    op.add_column("organization", sa.Column("health_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("rep_load", sa.Column("dealt_week", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("rep_load", sa.Column("month", sa.Date(), server_default="2000-01-01", nullable=False))
    op.add_column("rep_load", sa.Column("dealt_month", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("rep_load", sa.Column("day_reveals", sa.BigInteger(), server_default="0", nullable=False))


def _row_security() -> None:
    for table in TENANT_TABLES:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy owner_all on {table} to current_user using (true) with check (true)")
        op.execute(
            f"create policy tenant on {table} to sluice_app "
            "using (org_id = nullif(current_setting('sluice.org_id', true), '')::bigint)"
        )
