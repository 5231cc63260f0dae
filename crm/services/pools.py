"""Pools as a rep sees them: which there are, what lies in them, and how much one may still take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from crm.errors import PoolNotFound
from crm.rules import quota
from crm.rules.access import Actor
from crm.services import claim_checks, lead_facts, leads, ownership
from crm.services.leads import LeadView
from crm.services.ownership import Load
from crm.uow import UnitOfWork

_SCOPE = """
    (pool.admin_id = :me or exists (
        select 1 from pool_scope ps where ps.org_id = pool.org_id and ps.pool_id = pool.id
          and (ps.member_id = :me or ps.role = :role or ps.department_id = any(:path)
               or ps.department_id in (select d.id from department d where d.org_id = pool.org_id
                                       and d.path && cast(:manages as bigint[])))))
"""
# Of a lead `l` with its person `p` and source `s`: whether it lies free, and whether it fits what somebody typed.
FREE = "l.status = 'open' and l.owner_id is null and l.held_since is null"
FITS = """
    (:words = '' or p.search like '%' || lower(:words) || '%' or lower(coalesce(l.region, '')) = lower(:words)
     or lower(coalesce(s.name, '')) = lower(:words) or lower(coalesce(l.product, '')) = lower(:words)
     or lower(coalesce(l.level, '')) = lower(:words))
"""
_VISIBLE = text(
    f"""
    select pool.id, pool.key, pool.name, pool.admin_id,
           (select count(*) from lead l where l.org_id = pool.org_id and l.pool_id = pool.id and l.status = 'open'
               and l.owner_id is null) as waiting
    from pool where pool.org_id = :org and (:all or {_SCOPE}) order by pool.id
    """  # noqa: S608  (a constant)
)
_EVERY = text("select id, key, name, admin_id, 0 as waiting from pool where org_id = :org order by id")
# The best of each pool by index, then the best of these: one sort over all pools took a second on a million leads.
_LISTING = text(
    f"""
    with mine as materialized (
        select pool.id, cast(w.moments->>'entered' as timestamptz) as entered,
               cast(w.moments->>'left' as timestamptz) as left_at
        from pool cross join lateral (
            select coalesce(cast(:waits as jsonb)->pool.key, cast(:waits as jsonb)->'') as moments
        ) w
        where pool.org_id = :org and (cast(:pool as bigint) is null or pool.id = :pool) and (:all or {_SCOPE})
    )
    select best.id from mine cross join lateral (
        select l.id, l.score from lead l
        join person p on p.org_id = l.org_id and p.id = l.person_id
        left join source s on s.org_id = l.org_id and s.id = l.source_id
        where l.org_id = :org and l.pool_id = mine.id and {FREE} and {FITS}
          and (not :claimable or l.pool_entered_at is null or l.pool_entered_at <= mine.entered)
          and not exists (select 1 from assignment a where a.org_id = l.org_id and a.lead_id = l.id
                            and a.member_id = :me and a.ended_at > mine.left_at and {lead_facts.OWNED})
        order by l.score desc, l.id limit :most
    ) best
    order by best.score desc, best.id limit :most
    """  # noqa: S608  (a constant)
)


@dataclass(frozen=True, slots=True)
class PoolView:
    id: int
    key: str
    name: str
    admin_id: int | None
    waiting: int


def visible(uow: UnitOfWork, *, actor: Actor) -> list[PoolView]:
    """The pools that the actor may claim from, or all for those who see all."""
    return [PoolView(*row) for row in uow.session.execute(_VISIBLE, _who(uow, actor))]


def find(uow: UnitOfWork, *, actor: Actor, words: str) -> PoolView:
    """A pool by key or name, or the beginning of one, or a word of it. Raises PoolNotFound."""
    every, given = visible(uow, actor=actor), words.strip().lower()
    near = [pool for pool in every if given and (pool.key.lower() == given or pool.name.lower().startswith(given))]
    near = near or _having_word(every, given)
    if not near:
        raise PoolNotFound(given=words.strip(), names=", ".join(pool.name for pool in every))
    return near[0]


def every(uow: UnitOfWork) -> list[PoolView]:
    """All pools of the organization, whoever may claim from them; how many wait there is not counted."""
    return [PoolView(*row) for row in uow.session.execute(_EVERY, {"org": uow.org_id})]


def named(uow: UnitOfWork, words: str) -> PoolView:
    """A pool of the organization by key or name, else by the beginning or a word of the one name that fits.

    Raises PoolNotFound.
    """
    given, found = words.strip().lower(), every(uow)
    exactly = [pool for pool in found if given in (pool.key.lower(), pool.name.lower())]
    begins = [pool for pool in found if given and pool.name.lower().startswith(given)] or _having_word(found, given)
    if not exactly and len(begins) != 1:
        raise PoolNotFound(given=words.strip(), names=", ".join(pool.name for pool in found))
    return (exactly or begins)[0]


def _having_word(found: list[PoolView], given: str) -> list[PoolView]:
    """公海 of the pool `Open pool 公海`."""
    return [pool for pool in found if given in pool.name.lower().split()]


def get(uow: UnitOfWork, pool_id: int) -> PoolView:
    """A pool by id. Raises PoolNotFound."""
    found = next((pool for pool in every(uow) if pool.id == pool_id), None)
    if found is None:
        raise PoolNotFound(given=str(pool_id), names="")
    return found


def returns_to(uow: UnitOfWork, pool_id: int | None) -> int | None:
    """Where the rules send what is given back to that pool; None where they do not say."""
    targets = {key: pool.target for key, pool in uow.rules.pools.items() if pool.target}
    if not targets:
        return None
    by_key = {pool.key: pool.id for pool in every(uow)}
    return next((by_key.get(str(to)) for key, to in targets.items() if by_key.get(key) == pool_id), None)


def is_admin(uow: UnitOfWork, actor: Actor, pool_id: int | None) -> bool:
    """Whether the pool is in the actor's charge."""
    return any(pool.id == pool_id and pool.admin_id == actor.id for pool in every(uow))


def in_charge(uow: UnitOfWork, actor: Actor) -> bool:
    """Whether any pool is in the actor's charge."""
    return any(pool.admin_id == actor.id for pool in every(uow))


def listing(
    uow: UnitOfWork,
    *,
    actor: Actor,
    pool_id: int | None = None,
    words: str = "",
    most: int = 8,
    claimable: bool = True,
) -> list[LeadView]:
    """The best free leads that the actor sees, best first; `claimable`: none that must lie there for a while yet."""
    args = {
        "pool": pool_id, "words": words.strip(), "most": most, "claimable": claimable,
        "waits": claim_checks.waits(uow),
    }  # fmt: skip
    ids = list(uow.session.scalars(_LISTING, _who(uow, actor) | args))
    return leads.many(uow, actor=actor, lead_ids=ids)


def load_of(uow: UnitOfWork, member: Actor) -> Load:
    """The ledger of a member with the caps that hold now."""
    return ownership.load(uow, member, ownership.room(uow, member))


def _who(uow: UnitOfWork, actor: Actor) -> dict[str, Any]:
    return {
        "org": uow.org_id, "me": actor.id, "role": actor.role, "path": list(actor.departments),
        "manages": list(actor.manages), "all": actor.sees_all,
    }  # fmt: skip


def opens(uow: UnitOfWork, lead: LeadView) -> datetime | None:
    """When the time is over that a pool keeps a fresh lead back from everybody; None when it is."""
    if lead.pool_id is None or lead.pool_entered_at is None:
        return None
    at = lead.pool_entered_at + quota.policy(uow.rules, get(uow, lead.pool_id).key).embargo.longest
    return at if at > uow.now else None


def name_of(uow: UnitOfWork, pool_id: int) -> str:
    found = text("select name from pool where org_id = :org and id = :id")
    return str(uow.session.execute(found, {"org": uow.org_id, "id": pool_id}).scalar_one())
