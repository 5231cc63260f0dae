"""Other systems: which parts an organization has switched off, tokens, and calls out in the order of what happened.

Columns are nullable or have a default that is worked out once, so nothing is rewritten.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"

TENANT_TABLES = ("happening", "api_token", "hook", "hook_call")
TEXTS = postgresql.ARRAY(sa.TEXT())
JSONB = postgresql.JSONB(astext_type=sa.Text())
XACT = sa.text("(pg_current_xact_id()::text::bigint)")


def upgrade() -> None:
    op.add_column("organization", sa.Column("modules_off", TEXTS, nullable=True))
    op.add_column("organization", sa.Column("hooked", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("activity", sa.Column("xact", sa.BigInteger(), server_default=XACT, nullable=False))
    op.create_index("ix_activity_xact", "activity", ["org_id", "xact", "id"], unique=False)
    _tables()
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


def _column(name: str, kind: sa.types.TypeEngine[Any], *, optional: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=optional)


def _whole(name: str, *, optional: bool = False) -> sa.Column[Any]:
    return _column(name, sa.BigInteger(), optional=optional)


def _words(name: str, *, optional: bool = False) -> sa.Column[Any]:
    return _column(name, sa.Text(), optional=optional)


def _moment(name: str, *, optional: bool = False) -> sa.Column[Any]:
    return _column(name, sa.DateTime(timezone=True), optional=optional)


def _belongs(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["org_id", column], [f"{target}.org_id", f"{target}.id"], name=op.f(f"fk_{table}_org_id_{column}")
    )


def _tables() -> None:
    _table(
        "happening",
        _words("topic"), _whole("person_id", optional=True), _whole("member_id", optional=True), _moment("at"),
        _column("data", JSONB), sa.Column("xact", sa.BigInteger(), server_default=XACT, nullable=False),
    )  # fmt: skip
    op.create_index("ix_happening_xact", "happening", ["org_id", "xact", "id"], unique=False)
    _table(
        "api_token",
        _whole("number"), _words("name"), _words("token_hash"), _column("scopes", TEXTS),
        _whole("created_by", optional=True),
        _moment("created_at"), _moment("expires_at", optional=True), _moment("last_used_at", optional=True),
        _moment("revoked_at", optional=True), _belongs("api_token", "created_by", "member"),
        sa.UniqueConstraint("org_id", "token_hash", name=op.f("uq_api_token_org_id_token_hash")),
        sa.UniqueConstraint("org_id", "number", name=op.f("uq_api_token_org_id_number")),
    )  # fmt: skip
    _table(
        "hook",
        _whole("number"), _words("url"), _column("topics", TEXTS), _column("with_contact", sa.Boolean()),
        _column("secret", sa.LargeBinary()), _column("old_secret", sa.LargeBinary(), optional=True),
        _moment("old_secret_until", optional=True), _words("state"), _whole("created_by", optional=True),
        _moment("created_at"), _whole("xact"), _whole("kind"), _whole("entry"), _whole("failures"),
        _moment("failing_since", optional=True), _moment("rest_until", optional=True),
        _moment("called_at", optional=True), _words("cause", optional=True),
        sa.CheckConstraint("state in ('on','off','failed')", name=op.f("ck_hook_state")),
        _belongs("hook", "created_by", "member"),
        sa.UniqueConstraint("org_id", "url", name=op.f("uq_hook_org_id_url")),
        sa.UniqueConstraint("org_id", "number", name=op.f("uq_hook_org_id_number")),
    )  # fmt: skip
    _table(
        "hook_call",
        _whole("hook_id"), _words("event"), _words("topic"), _whole("lead_id", optional=True),
        _column("payload", JSONB), _words("state"), _whole("attempt"), _moment("created_at"), _moment("due_at"),
        _moment("closed_at", optional=True), _words("cause", optional=True),
        sa.CheckConstraint("state in ('owed','sent','dead','dropped')", name=op.f("ck_hook_call_state")),
        _belongs("hook_call", "hook_id", "hook"),
        sa.UniqueConstraint("org_id", "hook_id", "event", name=op.f("uq_hook_call_org_id_hook_id_event")),
    )  # fmt: skip
    for name, columns, where in (
        ("owed", ["hook_id", "id"], "state = 'owed'"),
        ("due", ["due_at"], "state = 'owed'"),
        ("lead", ["hook_id", "lead_id", "id"], "state = 'owed' and lead_id is not null"),
        ("dead", ["id"], "state = 'dead'"),
    ):
        op.create_index(
            f"ix_hook_call_{name}", "hook_call", ["org_id", *columns], unique=False, postgresql_where=sa.text(where)
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


def _due() -> None:
    """As it stands, and the calls whose time has come."""
    op.execute(
        """
        do $$
        declare known text := pg_get_functiondef('sluice_due(timestamptz)'::regprocedure);
        begin
            known := replace(known, 'order by o.id',
                'or exists (select from hook_call h where h.org_id = o.id and h.due_at <= moment and h.state = ''owed'')
            order by o.id');
            execute known;
        end $$
        """
    )
