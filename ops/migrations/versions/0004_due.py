"""Which organizations have something due: one statement, so that a tick costs what there is to do, not who there is.

Each part is one look into a partial index. It runs as the owner, because no single tenant may see this, and tells ids
only.
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        """
        create function sluice_due(moment timestamptz) returns table (org_id bigint)
        language sql stable security definer set search_path = public, pg_temp as $$
            select o.id from organization o
            where o.health_at is null or o.health_at <= moment
               or exists (select from task t where t.org_id = o.id and t.due_at <= moment and t.state = 'open'
                            and t.reminded_at is null)
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


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")
