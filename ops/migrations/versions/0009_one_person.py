"""One person, one record: merges that can be taken back, pairs that look alike, and the search for them.

`sluice_due` learns of pairs about which nobody decided in time.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

TENANT_TABLES = (
    "duplicate",
    "merge",
)
JSONB = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.add_column("lead", sa.Column("merged_into", sa.BigInteger(), nullable=True))
    _index("ix_lead_merged", "lead", "merged_into", where="merged_into is not null")
    _merges()
    _pairs()
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


def _column(name: str, kind: type[sa.types.TypeEngine[Any]], *, optional: bool = False) -> sa.Column[Any]:
    made = sa.DateTime(timezone=True) if kind is sa.DateTime else kind()
    return sa.Column(name, made, nullable=optional)


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["org_id", column], ["person.org_id", "person.id"], name=op.f(f"fk_{table}_org_id_{column}")
    )


def _index(name: str, table: str, *columns: str, where: str | None = None, unique: bool = False) -> None:
    op.create_index(
        name, table, ["org_id", *columns], unique=unique, postgresql_where=sa.text(where) if where else None
    )


def _merges() -> None:
    _table(
        "merge",
        _column("survivor_id", sa.BigInteger), _column("loser_id", sa.BigInteger),
        _column("lead_id", sa.BigInteger, optional=True), _column("at", sa.DateTime),
        _column("by_id", sa.BigInteger, optional=True), _column("how", sa.Text),
        _column("reason", sa.Text, optional=True), sa.Column("snapshot", JSONB, nullable=False),
        _column("undone_at", sa.DateTime, optional=True), _column("undone_by", sa.BigInteger, optional=True),
        _person("merge", "survivor_id"),
        _person("merge", "loser_id"),
        sa.CheckConstraint("how in ('person','pair','policy')", name=op.f("ck_merge_how")),
    )  # fmt: skip
    _index("uq_merge_loser", "merge", "loser_id", where="undone_at is null", unique=True)
    _index("ix_merge_survivor", "merge", "survivor_id")


def _pairs() -> None:
    _table(
        "duplicate",
        _column("left_id", sa.BigInteger), _column("right_id", sa.BigInteger, optional=True),
        _column("job_id", sa.BigInteger, optional=True), _column("lead_id", sa.BigInteger, optional=True),
        _column("score", sa.BigInteger), sa.Column("reasons", JSONB, nullable=False), _column("state", sa.Text),
        _column("asked_id", sa.BigInteger, optional=True), _column("by_id", sa.BigInteger, optional=True),
        _column("at", sa.DateTime), _column("due_at", sa.DateTime, optional=True),
        _column("decided_at", sa.DateTime, optional=True), _column("decided_by", sa.BigInteger, optional=True),
        _column("merge_id", sa.BigInteger, optional=True),
        _person("duplicate", "left_id"),
        _person("duplicate", "right_id"),
        sa.CheckConstraint(
            "state in ('asked','same','different','shared','transferred','kept_apart')", name=op.f("ck_duplicate_state")
        ),
    )  # fmt: skip
    _index("uq_duplicate_pair", "duplicate", "left_id", "right_id", unique=True)
    _index("ix_duplicate_right", "duplicate", "right_id")
    _index("ix_duplicate_due", "duplicate", "due_at", where="state = 'asked'")


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
                'or exists (select from duplicate c where c.org_id = o.id and c.due_at <= moment
                             and c.state = ''asked'')
            order by o.id');
        end $$
        """
    )
