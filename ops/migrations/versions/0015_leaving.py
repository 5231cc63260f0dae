"""Hand-overs from one member to others, and hours of duty.

`sluice_due` learns of hand-overs that nobody has done in time.
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"

TENANT_TABLES = (
    "duty",
    "hand_over",
    "hand_over_item",
)
JSONB = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.add_column("member", sa.Column("back_at", sa.DateTime(timezone=True), nullable=True))
    _hand_overs()
    _table(
        "duty",
        _whole("member_id"), sa.Column("weekdays", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False), sa.Column("closes", sa.Time(), nullable=False),
        _belongs("duty", "member_id", "member"),
    )  # fmt: skip
    op.create_index("ix_duty_member", "duty", ["org_id", "member_id"])
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


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _moment(name: str, *, optional: bool = True) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=optional)


def _belongs(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["org_id", column], [f"{target}.org_id", f"{target}.id"], name=op.f(f"fk_{table}_org_id_{column}")
    )


def _hand_overs() -> None:
    _table(
        "hand_over",
        _whole("member_id"), _words("kind"), _words("state"), _moment("opened_at", optional=False), _moment("due_at"),
        _moment("done_at"), _whole("by_id", optional=True), _whole("run_id", optional=True), _moment("undone_at"),
        sa.Column("counters", JSONB, nullable=False),
        sa.CheckConstraint("kind in ('left','transfer')", name=op.f("ck_hand_over_kind")),
        sa.CheckConstraint("state in ('open','done','back','undone')", name=op.f("ck_hand_over_state")),
        _belongs("hand_over", "member_id", "member"),
    )  # fmt: skip
    is_open = sa.text("state = 'open'")
    op.create_index("uq_hand_over_open", "hand_over", ["org_id", "member_id"], unique=True, postgresql_where=is_open)
    op.create_index("ix_hand_over_due", "hand_over", ["org_id", "due_at"], postgresql_where=is_open)
    op.create_index("ix_hand_over_member", "hand_over", ["org_id", "member_id", "opened_at"])
    _table(
        "hand_over_item",
        _whole("hand_over_id"), _words("part"), _whole("item_id"), _whole("to_id", optional=True),
        sa.Column("before", JSONB, nullable=False), _moment("back_at"),
        _belongs("hand_over_item", "hand_over_id", "hand_over"),
        sa.UniqueConstraint(
            "org_id", "hand_over_id", "part", "item_id",
            name=op.f("uq_hand_over_item_org_id_hand_over_id_part_item_id"),
        ),
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
    """As it stands, with one line more."""
    op.execute(
        """
        do $$
        declare known text := pg_get_functiondef('sluice_due(timestamptz)'::regprocedure);
        begin
            execute replace(known, 'order by o.id',
                'or exists (select from hand_over h where h.org_id = o.id and h.due_at <= moment
                             and h.state = ''open'')
            order by o.id');
        end $$
        """
    )
