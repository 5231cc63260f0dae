"""Pages for visitors: a source's form, events with helpers, guests, materials and questions, and codes for phones.

Nothing that is there is rewritten: the one column that is added may be empty.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"

TENANT_TABLES = (
    "form",
    "event",
    "event_link",
    "event_guest",
    "event_material",
    "event_question",
    "phone_code",
)


def upgrade() -> None:
    _forms()
    _events()
    _links()
    _guests()
    _materials()
    _questions()
    _codes()
    op.add_column("person_key", sa.Column("verified", sa.Boolean(), nullable=True))
    _find()
    _row_security()


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")


def _forms() -> None:
    op.create_table(
        "form",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("texts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("parents", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("verify", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "source_id"], ["source.org_id", "source.id"], name=op.f("fk_form_org_id_source_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_form_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_form")),
        sa.UniqueConstraint("org_id", "source_id", name=op.f("uq_form_org_id_source_id")),
        sa.UniqueConstraint("word", name=op.f("uq_form_word")),
    )


def _events() -> None:
    op.create_table(
        "event",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "created_by"], ["member.org_id", "member.id"], name=op.f("fk_event_org_id_created_by")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "source_id"], ["source.org_id", "source.id"], name=op.f("fk_event_org_id_source_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_event_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_event")),
        sa.UniqueConstraint("org_id", "source_id", name=op.f("uq_event_org_id_source_id")),
        sa.UniqueConstraint("word", name=op.f("uq_event_word")),
    )
    op.create_index(
        "uq_event_open_key", "event", ["org_id", "key"], unique=True, postgresql_where=sa.text("closed_at is null")
    )


def _links() -> None:
    op.create_table(
        "event_link",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "event_id"], ["event.org_id", "event.id"], name=op.f("fk_event_link_org_id_event_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"], ["member.org_id", "member.id"], name=op.f("fk_event_link_org_id_member_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_event_link_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_event_link")),
        sa.UniqueConstraint("org_id", "event_id", "member_id", name=op.f("uq_event_link_org_id_event_id_member_id")),
        sa.UniqueConstraint("org_id", "event_id", "word", name=op.f("uq_event_link_org_id_event_id_word")),
    )


def _guests() -> None:
    op.create_table(
        "event_guest",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "event_id"], ["event.org_id", "event.id"], name=op.f("fk_event_guest_org_id_event_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "lead_id"], ["lead.org_id", "lead.id"], name=op.f("fk_event_guest_org_id_lead_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "link_id"], ["event_link.org_id", "event_link.id"], name=op.f("fk_event_guest_org_id_link_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_event_guest_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_event_guest")),
        sa.UniqueConstraint("org_id", "event_id", "lead_id", name=op.f("uq_event_guest_org_id_event_id_lead_id")),
    )
    op.create_index("ix_event_guest_lead", "event_guest", ["org_id", "lead_id"], unique=False)


def _materials() -> None:
    op.create_table(
        "event_material",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("attachment_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(url is null) <> (attachment_id is null)", name=op.f("ck_event_material_one")),
        sa.ForeignKeyConstraint(
            ["org_id", "attachment_id"],
            ["attachment.org_id", "attachment.id"],
            name=op.f("fk_event_material_org_id_attachment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "event_id"], ["event.org_id", "event.id"], name=op.f("fk_event_material_org_id_event_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_event_material_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_event_material")),
    )
    op.create_index("ix_event_material_event", "event_material", ["org_id", "event_id"], unique=False)


def _questions() -> None:
    op.create_table(
        "event_question",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "event_id"], ["event.org_id", "event.id"], name=op.f("fk_event_question_org_id_event_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "lead_id"], ["lead.org_id", "lead.id"], name=op.f("fk_event_question_org_id_lead_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"], ["member.org_id", "member.id"], name=op.f("fk_event_question_org_id_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "task_id"], ["task.org_id", "task.id"], name=op.f("fk_event_question_org_id_task_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_event_question_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_event_question")),
    )
    op.create_index("ix_event_question_event", "event_question", ["org_id", "event_id"], unique=False)
    op.create_index(
        "ix_event_question_lead",
        "event_question",
        ["org_id", "lead_id"],
        unique=False,
        postgresql_where=sa.text("lead_id is not null"),
    )


def _codes() -> None:
    op.create_table(
        "phone_code",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('owed','sent','proven','failed')", name=op.f("ck_phone_code_state")),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_phone_code_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_phone_code")),
    )
    op.create_index("ix_phone_code_address", "phone_code", ["org_id", "address_hash", "created_at"], unique=False)
    op.create_index("ix_phone_code_phone", "phone_code", ["org_id", "phone", "created_at"], unique=False)


def _find() -> None:
    """A page is found by its word before the organization is known."""
    op.execute(
        """
        create function sluice_find_page(named text) returns table (org_id bigint, form_id bigint, event_id bigint)
        language sql stable security definer set search_path = public, pg_temp as $$
            select f.org_id, f.id, e.id from form f
            left join event e on e.org_id = f.org_id and e.source_id = f.source_id where f.word = named
            union all
            select e.org_id, null, e.id from event e where e.word = named
        $$
        """
    )
    op.execute("revoke all on function sluice_find_page(text) from public")
    op.execute("grant execute on function sluice_find_page(text) to sluice_app")


def _row_security() -> None:
    for table in TENANT_TABLES:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy owner_all on {table} to current_user using (true) with check (true)")
        op.execute(
            f"create policy tenant on {table} to sluice_app "
            "using (org_id = nullif(current_setting('sluice.org_id', true), '')::bigint)"
        )
