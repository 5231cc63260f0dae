"""Persons who are erased or set aside, keys of an organization, and an audit that shows what was done to it.

The audit and its seals can be added to and read by the application's role, not changed: only a function takes away
what is older than three years. `sluice_due` learns of entries that are not sealed yet.
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"

TENANT_TABLES = ("sealed_key", "erasure", "suppression", "audit", "audit_seal", "audit_head")
ADDED_TO_ONLY = ("audit", "audit_seal", "erasure")
JSONB = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    _persons()
    _audit()
    _row_security()
    _purge()
    _due()


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")


def _table(name: str, *parts: sa.schema.SchemaItem, key: str = "id") -> None:
    made = sa.Identity(always=False) if key == "id" else None
    op.create_table(
        name,
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        *([sa.Column(key, sa.BigInteger(), *([made] if made else []), nullable=False)] if key else []),
        *parts,
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f(f"fk_{name}_org_id")),
        sa.PrimaryKeyConstraint(*["org_id", key][: 2 if key else 1], name=op.f(f"pk_{name}")),
    )


def _whole(name: str, *, optional: bool = False, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=optional, server_default=default)


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("org_id", *columns, name=op.f("_".join(("uq", table, "org_id", *columns))))


def _persons() -> None:
    op.add_column("person", sa.Column("restricted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("person", _whole("restricted_by", optional=True))
    op.add_column("person", sa.Column("restricted_for", sa.Text(), nullable=True))
    op.add_column("lead", sa.Column("blanked_at", sa.DateTime(timezone=True), nullable=True))
    _table(
        "sealed_key", _words("name"), sa.Column("sealed", sa.LargeBinary(), nullable=False), _moment("created_at"),
        _unique("sealed_key", "name"),
    )  # fmt: skip
    _table(
        "erasure", _words("scope"), _whole("person_id"), _words("basis"), _whole("by_id", optional=True), _moment("at"),
        sa.Column("counts", JSONB, nullable=False), _words("signature"),
        sa.CheckConstraint("scope in ('person','leads')", name=op.f("ck_erasure_scope")),
        sa.CheckConstraint("basis in ('request','retention','mistake','backup')", name=op.f("ck_erasure_basis")),
    )  # fmt: skip
    op.create_index("ix_erasure_person", "erasure", ["org_id", "person_id"])
    _table(
        "suppression", _words("kind"), _words("fingerprint"), _whole("erasure_id"), _moment("at"),
        _unique("suppression", "kind", "fingerprint"),
    )  # fmt: skip
    op.create_index("ix_suppression_erasure", "suppression", ["org_id", "erasure_id"])


def _audit() -> None:
    _table(
        "audit", _moment("at"), _whole("actor_id", optional=True), _words("verb"), _words("subject"),
        sa.Column("data", JSONB, nullable=False), _words("via"),
        sa.CheckConstraint("via in ('chat','cli','engine')", name=op.f("ck_audit_via")),
    )  # fmt: skip
    op.create_index("ix_audit_at", "audit", ["org_id", "at"])
    _table(
        "audit_seal", _whole("audit_id"), _words("digest"), _unique("audit_seal", "audit_id"), key="position"
    )  # fmt: skip
    _table(
        "audit_head", _whole("position"), _whole("last_id"), _words("digest"), _whole("purged", default="0"),
        _words("signature"), _moment("at"), key="",
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
    for table in ADDED_TO_ONLY:
        op.execute(f"revoke update, delete, truncate on {table} from sluice_app")


def _purge() -> None:
    """By the database's own clock: a clock that is moved must not be a way to lose what is younger."""
    op.execute(
        """
        create function sluice_audit_purge(before timestamptz, upto bigint, most bigint) returns bigint
        language sql volatile security definer set search_path = public, pg_temp as $$
            with old as (
                select a.org_id, a.id from audit a join audit_seal s on s.org_id = a.org_id and s.audit_id = a.id
                where a.org_id = nullif(current_setting('sluice.org_id', true), '')::bigint
                  and s.position <= upto and a.at < least(before, clock_timestamp() - interval '3 years')
                order by s.position limit most
            ), gone as (
                delete from audit a using old where a.org_id = old.org_id and a.id = old.id returning a.id
            )
            select count(*) from gone
        $$
        """
    )
    op.execute("revoke all on function sluice_audit_purge(timestamptz, bigint, bigint) from public")
    op.execute("grant execute on function sluice_audit_purge(timestamptz, bigint, bigint) to sluice_app")


def _due() -> None:
    """As it stands, and entries of the audit that have no place in the chain yet."""
    op.execute(
        """
        do $$
        declare known text := pg_get_functiondef('sluice_due(timestamptz)'::regprocedure);
        begin
            known := replace(known, 'order by o.id',
                'or exists (select from audit a where a.org_id = o.id and a.id >
                            coalesce((select h.last_id from audit_head h where h.org_id = o.id), 0))
            order by o.id');
            execute known;
        end $$
        """
    )
