"""The first schema: tables, the job engine, two roles, row level security.

Tenant tables are closed to the application role except for the organization named by `sluice.org_id`. The owner's own
policy is plainly true, so that a SECURITY DEFINER function keeps the use of trigram indexes.
"""

import sqlalchemy as sa
from alembic import op
from procrastinate import SyncPsycopgConnector
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

TENANT_TABLES = (
    "rule_cursor",
    "send_ledger",
    "claim_entry",
    "credit",
    "decision",
    "department",
    "import_job",
    "line",
    "message",
    "person",
    "playground_message",
    "pool",
    "rule_set",
    "run",
    "source",
    "team_calendar",
    "conversation",
    "member",
    "pending_form",
    "person_key",
    "pipeline",
    "pool_scope",
    "posted_card",
    "chat_identity",
    "digest_subscription",
    "lead",
    "leave",
    "link_code",
    "rep_load",
    "stage",
    "activity",
    "assignment",
    "task",
)


def upgrade() -> None:
    op.execute("create extension if not exists pg_trgm")
    _tables()
    _job_engine()
    _roles()
    _functions()
    _row_security()


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")


def _tables() -> None:  # noqa: PLR0915  (as Alembic wrote it)
    op.create_table(
        "clock",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("offset_seconds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock")),
    )
    op.create_table(
        "delivery",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("org_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_delivery")),
    )
    op.create_index("ix_delivery_at", "delivery", ["at"], unique=False)
    op.create_table(
        "organization",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("rule_set_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
        sa.UniqueConstraint("key", name=op.f("uq_organization_key")),
    )
    op.create_table(
        "rule_cursor",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("state", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "rule", name=op.f("pk_rule_cursor")),
    )
    op.create_table(
        "send_ledger",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minute_count", sa.BigInteger(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hour_count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "workspace_id", "recipient", name=op.f("pk_send_ledger")),
    )
    op.create_table(
        "claim_entry",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_claim_entry_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_claim_entry")),
    )
    op.create_index("ix_claim_entry_member_day", "claim_entry", ["org_id", "member_id", "day"], unique=False)
    op.create_table(
        "credit",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("share", sa.Numeric(precision=6, scale=4), nullable=False),
        sa.Column("rule_set_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_credit_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_credit")),
    )
    op.create_index("ix_credit_lead", "credit", ["org_id", "lead_id"], unique=False)
    op.create_table(
        "decision",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("rule_set_id", sa.BigInteger(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("candidates", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_decision_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_decision")),
    )
    op.create_index("ix_decision_lead", "decision", ["org_id", "lead_id", "at"], unique=False)
    op.create_table(
        "department",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("path", postgresql.ARRAY(sa.BIGINT()), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_department_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_department")),
        sa.UniqueConstraint("org_id", "key", name=op.f("uq_department_org_id_key")),
    )
    op.create_table(
        "import_job",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("counters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_import_job_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_import_job")),
    )
    op.create_table(
        "line",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_line_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_line")),
        sa.UniqueConstraint("org_id", "key", name=op.f("uq_line_org_id_key")),
    )
    op.create_table(
        "message",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("workspace_id", sa.BigInteger(), nullable=True),
        sa.Column("address", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("card", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.CheckConstraint("state in ('owed','sent','dead','dropped','merged')", name=op.f("ck_message_state")),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_message_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_message")),
        sa.UniqueConstraint("org_id", "key", name=op.f("uq_message_org_id_key")),
    )
    op.create_index(
        "ix_message_dead", "message", ["org_id", "id"], unique=False, postgresql_where=sa.text("state = 'dead'")
    )
    op.create_index(
        "ix_message_group", "message", ["org_id", "group_key"], unique=False, postgresql_where=sa.text("state = 'owed'")
    )
    op.create_index(
        "ix_message_owed", "message", ["org_id", "due_at"], unique=False, postgresql_where=sa.text("state = 'owed'")
    )
    op.create_table(
        "person",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("contact_state", sa.Text(), nullable=True),
        sa.Column("merged_into", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("search", sa.Text(), sa.Computed("lower(name || ' ' || company)", persisted=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_person_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_person")),
    )
    op.create_index(
        "ix_person_search",
        "person",
        ["search"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"search": "gin_trgm_ops"},
    )
    op.create_table(
        "playground_message",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("card", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("private_to", sa.Text(), nullable=True),
        sa.Column("reply_to", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_playground_message_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_playground_message")),
        sa.UniqueConstraint("org_id", "key", name=op.f("uq_playground_message_org_id_key")),
    )
    op.create_index(
        "ix_playground_message_conversation", "playground_message", ["org_id", "conversation", "id"], unique=False
    )
    op.create_index("ix_playground_message_rev", "playground_message", ["org_id", "rev"], unique=False)
    op.create_table(
        "pool",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("admin_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_pool_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_pool")),
        sa.UniqueConstraint("org_id", "key", name=op.f("uq_pool_org_id_key")),
    )
    op.create_table(
        "rule_set",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_rule_set_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_rule_set")),
        sa.UniqueConstraint("org_id", "version", name=op.f("uq_rule_set_org_id_version")),
    )
    op.create_table(
        "run",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rewound_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_run_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_run")),
    )
    op.create_table(
        "source",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("pool_id", sa.BigInteger(), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("old_secret", sa.LargeBinary(), nullable=True),
        sa.Column("old_secret_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_source_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_source")),
        sa.UniqueConstraint("org_id", "key", name=op.f("uq_source_org_id_key")),
    )
    op.create_table(
        "team_calendar",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.Column("weekdays", postgresql.ARRAY(sa.BIGINT()), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("extra_holidays", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("extra_workdays", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_team_calendar_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_team_calendar")),
        sa.UniqueConstraint(
            "org_id",
            "department_id",
            name=op.f("uq_team_calendar_org_id_department_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "workspace",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_workspace_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspace")),
        sa.UniqueConstraint("platform", "external_id", name=op.f("uq_workspace_platform_external_id")),
    )
    op.create_table(
        "conversation",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("pool_id", sa.BigInteger(), nullable=True),
        sa.Column("broken_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_conversation_org_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_conversation_workspace_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_conversation")),
        sa.UniqueConstraint(
            "org_id", "workspace_id", "external_id", name=op.f("uq_conversation_org_id_workspace_id_external_id")
        ),
    )
    op.create_table(
        "member",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("manager_id", sa.BigInteger(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("on_duty", sa.Boolean(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("preferences", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("toured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role in ('reception','rep','success','service','marketing','quality','manager','admin')",
            name=op.f("ck_member_role"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "department_id"],
            ["department.org_id", "department.id"],
            name=op.f("fk_member_org_id_department_id"),
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_member_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_member")),
    )
    op.create_index(
        "uq_member_email", "member", ["org_id", "email"], unique=True, postgresql_where=sa.text("email is not null")
    )
    op.create_table(
        "pending_form",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("form", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_pending_form_org_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_pending_form_workspace_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_pending_form")),
        sa.UniqueConstraint(
            "org_id", "member_id", "workspace_id", name=op.f("uq_pending_form_org_id_member_id_workspace_id")
        ),
    )
    op.create_table(
        "person_key",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("tail", sa.Text(), sa.Computed("reverse(value)", persisted=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "person_id"], ["person.org_id", "person.id"], name=op.f("fk_person_key_org_id_person_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_person_key_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_person_key")),
        sa.UniqueConstraint("org_id", "kind", "value", name=op.f("uq_person_key_org_id_kind_value")),
    )
    op.create_index("ix_person_key_person", "person_key", ["org_id", "person_id"], unique=False)
    op.create_index(
        "ix_person_key_tail",
        "person_key",
        ["org_id", "tail"],
        unique=False,
        postgresql_ops={"tail": "text_pattern_ops"},
    )
    op.create_table(
        "pipeline",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "line_id"], ["line.org_id", "line.id"], name=op.f("fk_pipeline_org_id_line_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_pipeline_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_pipeline")),
    )
    op.create_table(
        "platform_token",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_platform_token_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "key", name=op.f("pk_platform_token")),
    )
    op.create_table(
        "pool_scope",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("pool_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "pool_id"], ["pool.org_id", "pool.id"], name=op.f("fk_pool_scope_org_id_pool_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_pool_scope_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_pool_scope")),
    )
    op.create_index("ix_pool_scope_pool", "pool_scope", ["org_id", "pool_id"], unique=False)
    op.create_table(
        "posted_card",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("card", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("handle", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("shown", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_posted_card_org_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_posted_card_workspace_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_posted_card")),
    )
    op.create_index(
        "ix_posted_card_lead", "posted_card", ["org_id", "lead_id"], unique=False, postgresql_where=sa.text("live")
    )
    op.create_index("ix_posted_card_place", "posted_card", ["org_id", "workspace_id", "place"], unique=False)
    op.create_table(
        "chat_identity",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"], ["member.org_id", "member.id"], name=op.f("fk_chat_identity_org_id_member_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_chat_identity_org_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_chat_identity_workspace_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_chat_identity")),
        sa.UniqueConstraint("workspace_id", "external_id", name=op.f("uq_chat_identity_workspace_id_external_id")),
    )
    op.create_index("ix_chat_identity_member", "chat_identity", ["org_id", "member_id"], unique=False)
    op.create_table(
        "digest_subscription",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Time(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversation.org_id", "conversation.id"],
            name=op.f("fk_digest_subscription_org_id_conversation_id"),
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_digest_subscription_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_digest_subscription")),
        sa.UniqueConstraint("org_id", "conversation_id", name=op.f("uq_digest_subscription_org_id_conversation_id")),
    )
    op.create_index("ix_digest_due", "digest_subscription", ["org_id", "next_at"], unique=False)
    op.create_table(
        "lead",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("pool_id", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("referrer", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("custom", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pool_entered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("followed_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stage_entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lost_reason", sa.Text(), nullable=True),
        sa.Column("recycle_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recycle_rule", sa.Text(), nullable=True),
        sa.Column("warn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warn_step", sa.BigInteger(), nullable=False),
        sa.Column("extended_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("extensions", sa.BigInteger(), nullable=False),
        sa.Column("protected_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sla_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("touches", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "status <> 'open' or owner_id is not null or pool_id is not null", name=op.f("ck_lead_somewhere")
        ),
        sa.CheckConstraint("status in ('open','won','lost','void')", name=op.f("ck_lead_status")),
        sa.ForeignKeyConstraint(
            ["org_id", "owner_id"], ["member.org_id", "member.id"], name=op.f("fk_lead_org_id_owner_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "person_id"], ["person.org_id", "person.id"], name=op.f("fk_lead_org_id_person_id")
        ),
        sa.ForeignKeyConstraint(["org_id", "pool_id"], ["pool.org_id", "pool.id"], name=op.f("fk_lead_org_id_pool_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_lead_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_lead")),
        sa.UniqueConstraint("org_id", "number", name=op.f("uq_lead_org_id_number")),
    )
    op.create_index(
        "ix_lead_won", "lead", ["org_id", "person_id"], unique=False, postgresql_where=sa.text("status = 'won'")
    )
    op.create_index("ix_lead_created", "lead", ["org_id", "created_at"], unique=False)
    op.create_index(
        "ix_lead_held",
        "lead",
        ["org_id", "held_since"],
        unique=False,
        postgresql_where=sa.text("held_since is not null"),
    )
    op.create_index(
        "ix_lead_owner",
        "lead",
        ["org_id", "owner_id", "recycle_at"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "ix_lead_pool",
        "lead",
        ["org_id", "pool_id", sa.literal_column("score desc"), "id"],
        unique=False,
        postgresql_where=sa.text("status = 'open' and owner_id is null"),
    )
    op.create_index(
        "ix_lead_recycle",
        "lead",
        ["org_id", "recycle_at"],
        unique=False,
        postgresql_where=sa.text("recycle_at is not null"),
    )
    op.create_index(
        "ix_lead_sla", "lead", ["org_id", "sla_at"], unique=False, postgresql_where=sa.text("sla_at is not null")
    )
    op.create_index(
        "ix_lead_warn", "lead", ["org_id", "warn_at"], unique=False, postgresql_where=sa.text("warn_at is not null")
    )
    op.create_index(
        "uq_lead_open_person_line",
        "lead",
        ["org_id", "person_id", "line_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "leave",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"], ["member.org_id", "member.id"], name=op.f("fk_leave_org_id_member_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_leave_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_leave")),
    )
    op.create_table(
        "link_code",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"], ["member.org_id", "member.id"], name=op.f("fk_link_code_org_id_member_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_link_code_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_link_code")),
        sa.UniqueConstraint("org_id", "code_hash", name=op.f("uq_link_code_org_id_code_hash")),
    )
    op.create_table(
        "rep_load",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("holding", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("day_claims", sa.BigInteger(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("week_claims", sa.BigInteger(), nullable=False),
        sa.Column("dealt_day", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("holding >= 0", name=op.f("ck_rep_load_holding")),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"], ["member.org_id", "member.id"], name=op.f("fk_rep_load_org_id_member_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_rep_load_org_id")),
        sa.PrimaryKeyConstraint("org_id", "member_id", name=op.f("pk_rep_load")),
    )
    op.create_table(
        "stage",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("pipeline_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("funnel", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "pipeline_id"], ["pipeline.org_id", "pipeline.id"], name=op.f("fk_stage_org_id_pipeline_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_stage_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_stage")),
        sa.UniqueConstraint("org_id", "pipeline_id", "key", name=op.f("uq_stage_org_id_pipeline_id_key")),
    )
    op.create_table(
        "activity",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("for_id", sa.BigInteger(), nullable=True),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("decision_id", sa.BigInteger(), nullable=True),
        sa.Column("undo", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "lead_id"], ["lead.org_id", "lead.id"], name=op.f("fk_activity_org_id_lead_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_activity_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_activity")),
    )
    op.create_index("ix_activity_actor", "activity", ["org_id", "actor_id", "at"], unique=False)
    op.create_index("ix_activity_lead", "activity", ["org_id", "lead_id", "at"], unique=False)
    op.create_index(
        "ix_activity_step",
        "activity",
        ["org_id", "lead_id"],
        unique=False,
        postgresql_include=["at", "verb", "data", "undone_at"],
        postgresql_where=sa.text("verb in ('stage', 'won', 'lost', 'reopened') or data ->> 'stage' is not null"),
    )
    op.create_table(
        "assignment",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_by", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("ended_at is null or ended_by is not null", name=op.f("ck_assignment_reasoned")),
        sa.ForeignKeyConstraint(
            ["org_id", "lead_id"], ["lead.org_id", "lead.id"], name=op.f("fk_assignment_org_id_lead_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"], ["member.org_id", "member.id"], name=op.f("fk_assignment_org_id_member_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_assignment_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_assignment")),
    )
    op.create_index(
        "ix_assignment_ended",
        "assignment",
        ["org_id", "ended_at"],
        unique=False,
        postgresql_where=sa.text("ended_at is not null"),
    )
    op.create_index("ix_assignment_lead", "assignment", ["org_id", "lead_id", "began_at"], unique=False)
    op.create_index("ix_assignment_member", "assignment", ["org_id", "member_id", "began_at"], unique=False)
    op.create_index(
        "uq_assignment_open",
        "assignment",
        ["org_id", "lead_id"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_table(
        "task",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["org_id", "lead_id"], ["lead.org_id", "lead.id"], name=op.f("fk_task_org_id_lead_id")),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"], ["member.org_id", "member.id"], name=op.f("fk_task_org_id_member_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_task_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_task")),
    )
    op.create_index(
        "ix_task_due",
        "task",
        ["org_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open' and reminded_at is null"),
    )
    op.create_index(
        "ix_task_lead", "task", ["org_id", "lead_id"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index(
        "ix_task_member",
        "task",
        ["org_id", "member_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )


def _job_engine() -> None:
    schema = SchemaManager(connector=SyncPsycopgConnector()).get_schema()
    connection = op.get_bind().connection.driver_connection
    assert connection is not None, "it is open while migrations run"
    connection.execute(schema)


def _roles() -> None:
    op.execute(
        """
        do $$ begin
            create role sluice_app nologin nobypassrls;
        exception when duplicate_object or unique_violation then null;
        end $$
        """
    )
    op.execute("grant sluice_app to current_user")
    op.execute("grant usage on schema public to sluice_app")
    op.execute("grant select, insert, update, delete on all tables in schema public to sluice_app")
    op.execute("grant usage, select on all sequences in schema public to sluice_app")
    op.execute("alter default privileges in schema public grant select, insert, update, delete on tables to sluice_app")
    op.execute("alter default privileges in schema public grant usage, select on sequences to sluice_app")


def _functions() -> None:
    # A sequence per organization: references are short and unique in it, and creating leads never waits for a lock.
    op.execute(
        """
        create function sluice_open_organization(org bigint) returns void language plpgsql security definer
        set search_path = public, pg_temp as $$
        begin
            execute format('create sequence if not exists lead_number_%s start 1001', org);
        end $$
        """
    )
    op.execute(
        """
        create function sluice_next_numbers(org bigint, many int) returns setof bigint language plpgsql security definer
        set search_path = public, pg_temp as $$
        begin
            if org is distinct from nullif(current_setting('sluice.org_id', true), '')::bigint then
                raise exception 'another organization';
            end if;
            return query select nextval(format('lead_number_%s', org)::regclass) from generate_series(1, many);
        end $$
        """
    )
    # A sender's address names a source, not its organization, and comes before the tenant is known. It tells ids only.
    op.execute(
        """
        create function sluice_find_sources(named text) returns table (org_id bigint, source_id bigint)
        language sql stable security definer set search_path = public, pg_temp as $$
            select s.org_id, s.id from source s join organization o on o.id = s.org_id
            where s.enabled and (s.key = named or o.key || '.' || s.key = named)
            order by s.id limit 10
        $$
        """
    )
    # Under row security LIKE may not use its index (it is not leakproof), so search runs as the owner, fenced by hand.
    op.execute(
        r"""
        create function sluice_search(words text, ending text, most int) returns table (person_id bigint)
        language sql stable security definer set search_path = public, pg_temp as $$
            (select p.id from person p
             where words <> ''
               and p.search like '%' || replace(replace(replace(lower(words), '\', '\\'), '%', '\%'), '_', '\_') || '%'
               and p.org_id = nullif(current_setting('sluice.org_id', true), '')::bigint
               and p.merged_into is null
             limit most)
            union
            (select k.person_id from person_key k
             where ending <> '' and k.tail like reverse(ending) || '%'
               and k.org_id = nullif(current_setting('sluice.org_id', true), '')::bigint
             limit most)
        $$
        """
    )
    op.execute("revoke all on function sluice_open_organization(bigint) from public")
    op.execute("grant execute on function sluice_open_organization(bigint) to sluice_app")


def _row_security() -> None:
    for table in TENANT_TABLES:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy owner_all on {table} to current_user using (true) with check (true)")
        op.execute(
            f"create policy tenant on {table} to sluice_app "
            "using (org_id = nullif(current_setting('sluice.org_id', true), '')::bigint)"
        )
