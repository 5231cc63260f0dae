"""When there is nothing to claim: whether something lies there that only has to wait, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from crm.errors import PoolEmpty, Refusal
from crm.errors_of_pools import PoolWaits
from crm.services import lead_facts
from crm.uow import UnitOfWork

# What is looked at of each pool: enough for the first to open, whatever else lies there.
_OPENS = text(
    f"""
    select min(greatest(
        soon.pool_entered_at + (:now - cast(mine.waits->>'entered' as timestamptz)),
        soon.left_at + (:now - cast(mine.waits->>'left' as timestamptz))))
    from (
        select distinct ps.pool_id, coalesce(cast(:waits as jsonb)->p.key, cast(:waits as jsonb)->'') as waits
        from pool_scope ps join pool p on p.org_id = ps.org_id and p.id = ps.pool_id
        where ps.org_id = :org and (cast(:pool as bigint) is null or ps.pool_id = :pool)
          and (ps.member_id = :me or ps.role = :role or ps.department_id = any(:path))
    ) mine
    cross join lateral (
        select l.pool_entered_at, (select max(a.ended_at) from assignment a
                                    where a.org_id = l.org_id and a.lead_id = l.id and a.member_id = :me
                                      and {lead_facts.OWNED}) as left_at
        from lead l
        where l.org_id = :org and l.pool_id = mine.pool_id and l.status = 'open' and l.owner_id is null
          and l.origin <> 'self' and l.held_since is null
        order by l.score desc, l.id limit 1000
    ) soon
    """  # noqa: S608  (a constant)
)


def nothing(uow: UnitOfWork, who: Mapping[str, Any]) -> Refusal:
    """Why a claim of the best finds nothing. Args: who: what the search for the best was given."""
    until = uow.session.scalar(_OPENS, {**who, "now": uow.now})
    return PoolWaits(until=until.isoformat()) if until and until > uow.now else PoolEmpty()
