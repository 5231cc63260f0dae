"""The chat's address book and external contacts: departments, colleagues, who follows which customer, and moves."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

TENANT_TABLES = (
    "chat_unit",
    "chat_person",
    "contact_follow",
    "contact_move",
)


def upgrade() -> None:
    _address_book()
    _follows()
    _moves()
    _row_security()


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")


def _tenant(table: str, *rest: sa.Column[Any] | sa.Constraint) -> None:
    op.create_table(
        table,
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        *rest,
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f(f"fk_{table}_org_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f(f"fk_{table}_workspace_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f(f"pk_{table}")),
    )


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_org_id_{column}")
    return sa.ForeignKeyConstraint(["org_id", column], [f"{other}.org_id", f"{other}.id"], name=name)


def _address_book() -> None:
    one = ("org_id", "workspace_id", "external_id")
    _tenant(
        "chat_unit",
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        _of("chat_unit", "department_id", "department"),
        sa.UniqueConstraint(*one, name=op.f("uq_chat_unit_org_id_workspace_id_external_id")),
    )
    _tenant(
        "chat_person",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint(*one, name=op.f("uq_chat_person_org_id_workspace_id_external_id")),
    )


def _follows() -> None:
    _tenant(
        "contact_follow",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        _of("contact_follow", "member_id", "member"),
        sa.UniqueConstraint(
            "org_id", "workspace_id", "external_id", "member_id",
            name=op.f("uq_contact_follow_org_id_workspace_id_external_id_member_id"),
        ),
        sa.CheckConstraint(
            "ended_by in ('member','customer','transfer','unknown')", name=op.f("ck_contact_follow_ended_by")
        ),
    )  # fmt: skip


def _moves() -> None:
    _tenant(
        "contact_move",
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("from_id", sa.BigInteger(), nullable=False),
        sa.Column("to_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        _of("contact_move", "lead_id", "lead"),
        _of("contact_move", "from_id", "member"),
        _of("contact_move", "to_id", "member"),
        sa.CheckConstraint(
            "state in ('wanted','waiting','done','refused','dropped')", name=op.f("ck_contact_move_state")
        ),
    )
    op.create_index(
        "uq_contact_move_open", "contact_move", ["org_id", "workspace_id", "external_id", "from_id"], unique=True,
        postgresql_where=sa.text("state in ('wanted','waiting')"),
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
