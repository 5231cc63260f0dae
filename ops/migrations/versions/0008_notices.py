"""Notices that wait for a better hour, digests to a person and by the week, and what a digest has said last.

`sluice_due` learns of held notices, and that a weekly digest is due within the week.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"

STATES = "state in ('owed','held','sent','dead','dropped','merged')"
DAYS = "every in ('day','mon','tue','wed','thu','fri','sat','sun')"


def upgrade() -> None:
    op.execute("alter table message drop constraint ck_message_state")
    op.execute(f"alter table message add constraint ck_message_state check ({STATES}) not valid")
    op.execute("alter table message validate constraint ck_message_state")
    op.create_index(
        "ix_message_held", "message", ["org_id", "due_at"], unique=False, postgresql_where=sa.text("state = 'held'")
    )
    op.create_index(
        "ix_message_told", "message", ["org_id", "member_id", "sent_at"], unique=False,
        postgresql_where=sa.text("member_id is not null and state in ('sent', 'dropped')"),
    )  # fmt: skip
    _digests()
    _due()


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")


def _digests() -> None:
    op.alter_column("digest_subscription", "conversation_id", existing_type=sa.BigInteger(), nullable=True)
    op.add_column("digest_subscription", sa.Column("member_id", sa.BigInteger(), nullable=True))
    op.add_column("digest_subscription", sa.Column("every", sa.Text(), server_default="day", nullable=False))
    op.add_column(
        "digest_subscription", sa.Column("said", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )  # fmt: skip
    op.create_foreign_key(
        op.f("fk_digest_subscription_org_id_member_id"), "digest_subscription", "member",
        ["org_id", "member_id"], ["org_id", "id"],
    )  # fmt: skip
    op.create_check_constraint(op.f("ck_digest_subscription_every"), "digest_subscription", DAYS)
    op.create_check_constraint(
        op.f("ck_digest_subscription_one"), "digest_subscription", "(conversation_id is null) <> (member_id is null)"
    )
    op.create_index(
        "uq_digest_member", "digest_subscription", ["org_id", "member_id", "department_id"], unique=True,
        postgresql_where=sa.text("member_id is not null"), postgresql_nulls_not_distinct=True,
    )  # fmt: skip


def _due() -> None:
    """As it stands, with one line more and a longer look ahead where a digest comes once a week."""
    op.execute(
        """
        do $$
        declare known text := pg_get_functiondef('sluice_due(timestamptz)'::regprocedure);
        begin
            known := replace(known, 's.next_at > moment + interval ''3 days''',
                's.next_at > moment + case s.every when ''day'' then interval ''3 days''
                    else interval ''10 days'' end');
            known := replace(known, 'order by o.id',
                'or exists (select from message g where g.org_id = o.id and g.due_at <= moment and g.state = ''held'')
            order by o.id');
            execute known;
        end $$
        """
    )
