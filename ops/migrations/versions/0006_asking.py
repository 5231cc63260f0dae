"""Questions to colleagues, files of follow-ups, lines that wait for a choice, and which lead "it" is.

`sluice_due` learns of questions that nobody answered in time.
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

TENANT_TABLES = ("question", "attachment", "pending_line", "recent_lead", "playground_file")
JSONB = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    _questions()
    _attachments()
    _remembered()
    _row_security()
    _due()


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")


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


def _words(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=optional)


def _moment(name: str, *, optional: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=optional)


def _belongs(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["org_id", column], [f"{target}.org_id", f"{target}.id"], name=op.f(f"fk_{table}_org_id_{column}")
    )


def _index(name: str, table: str, *columns: str, where: str | None = None, unique: bool = False) -> None:
    op.create_index(
        name, table, ["org_id", *columns], unique=unique, postgresql_where=sa.text(where) if where else None
    )


def _questions() -> None:
    _table(
        "question",
        _whole("number"), _whole("lead_id"), _whole("asker_id"), _whole("colleague_id"),
        _words("words", optional=True), _words("digest"), _words("state"),
        _moment("asked_at"), _moment("due_at", optional=True), _moment("reminded_at", optional=True),
        _moment("answered_at", optional=True), _moment("closed_at", optional=True), _whole("version"),
        sa.CheckConstraint("state in ('open','answered','declined','done')", name=op.f("ck_question_state")),
        _belongs("question", "lead_id", "lead"),
        _belongs("question", "asker_id", "member"),
        _belongs("question", "colleague_id", "member"),
        sa.UniqueConstraint("org_id", "number", name=op.f("uq_question_org_id_number")),
    )  # fmt: skip
    same = ("lead_id", "asker_id", "colleague_id", "digest")
    _index("uq_question_open", "question", *same, where="state = 'open'", unique=True)
    _index("ix_question_lead", "question", "lead_id")
    _index("ix_question_colleague", "question", "colleague_id", where="state = 'open'")
    _index("ix_question_due", "question", "due_at", where="state = 'open' and reminded_at is null")


def _attachments() -> None:
    _table(
        "attachment",
        _whole("member_id"), _whole("workspace_id"), _whole("lead_id", optional=True),
        _whole("activity_id", optional=True), _words("name", optional=True), _words("mime", optional=True),
        _whole("size"), sa.Column("handle", JSONB, nullable=False), _words("state"), _words("cause", optional=True),
        sa.Column("content", sa.LargeBinary(), nullable=True), _moment("created_at"),
        sa.CheckConstraint("state in ('coming','kept','refused','erased')", name=op.f("ck_attachment_state")),
        _belongs("attachment", "lead_id", "lead"),
    )  # fmt: skip
    _index("ix_attachment_lead", "attachment", "lead_id")
    _index("ix_attachment_loose", "attachment", "created_at", where="lead_id is null")
    _table(
        "playground_file", _words("name"), sa.Column("content", sa.LargeBinary(), nullable=False), _moment("created_at")
    )
    _index("ix_playground_file_created_at", "playground_file", "created_at")


def _remembered() -> None:
    _table(
        "pending_line",
        _whole("member_id"), _words("command"), _words("words"), sa.Column("files", JSONB, nullable=False),
        _moment("created_at"), _moment("expires_at"),
    )  # fmt: skip
    _index("ix_pending_line_expires_at", "pending_line", "expires_at")
    _table(
        "recent_lead",
        _whole("member_id"), _words("place"), _whole("lead_id"), _moment("at"),
        sa.UniqueConstraint("org_id", "member_id", "place", name=op.f("uq_recent_lead_org_id_member_id_place")),
    )  # fmt: skip


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
    """As before, with one line more."""
    op.execute(
        """
        create or replace function sluice_due(moment timestamptz) returns table (org_id bigint)
        language sql stable security definer set search_path = public, pg_temp as $$
            select o.id from organization o
            where o.health_at is null or o.health_at <= moment
               or exists (select from task t where t.org_id = o.id and t.due_at <= moment and t.state = 'open'
                            and t.reminded_at is null)
               or exists (select from question q where q.org_id = o.id and q.due_at <= moment and q.state = 'open'
                            and q.reminded_at is null)
               or exists (select from lead l where l.org_id = o.id and l.recycle_at <= moment)
               or exists (select from lead l where l.org_id = o.id and l.warn_at <= moment)
               or exists (select from lead l where l.org_id = o.id and l.sla_at <= moment)
               or exists (select from lead l where l.org_id = o.id and l.score_at <= moment)
               or exists (select from lead l where l.org_id = o.id and l.held_until <= moment)
               or exists (select from lead l where l.org_id = o.id and l.held_since is not null
                            and l.owner_id is null and l.held_by in ('nobody', 'paused'))
               or exists (select from offer f where f.org_id = o.id and f.expires_at <= moment and f.state = 'open')
               or exists (select from rule_pause p where p.org_id = o.id and p.until <= moment and p.ended_at is null)
               or exists (select from digest_subscription s where s.org_id = o.id
                            and (s.next_at <= moment or s.next_at > moment + interval '3 days'))
            order by o.id
        $$
        """
    )
