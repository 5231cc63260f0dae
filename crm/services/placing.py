"""Leads that nobody was dealt: into the pool that is meant for them, or held until somebody is there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import text

from crm.rules.facts import LeadFacts
from crm.rules.ruleset import Rules
from crm.services import members
from crm.uow import UnitOfWork

# Leads that come within this time are announced on one card.
GATHER = timedelta(seconds=1.5)

_POOL = text(
    """
    update lead l set pool_id = p.pool, pool_entered_at = :now, held_since = null, held_by = null, held_until = null,
           held_for = null
    from unnest(cast(:leads as bigint[]), cast(:pools as bigint[])) as p(lead, pool)
    where l.org_id = :org and l.id = p.lead and l.owner_id is null and l.status = 'open'
    """
)
_HOLD = text(
    """
    update lead l set held_since = coalesce(l.held_since, :now), held_by = 'nobody', held_for = h.branch
    from unnest(cast(:leads as bigint[]), cast(:branches as text[])) as h(lead, branch)
    where l.org_id = :org and l.id = h.lead and l.owner_id is null and l.status = 'open'
    """
)
_ADMINS = text("select id from member where org_id = :org and role = 'admin' and active order by id")
_PLACES = text(
    """
    select 'pool' as what, key, id as pool from pool where org_id = :org
    union all select 'source', key, pool_id from source where org_id = :org and pool_id is not null
    order by pool
    """
)
_KEPT = "pools"


class Pools:
    """Where leads go that no rule deals: named by rules and sources, found by key."""

    def __init__(self, uow: UnitOfWork) -> None:
        rows = uow.execute(_PLACES, {"org": uow.org_id})
        self._by_key = {row.key: row.pool for row in rows if row.what == "pool"}
        self._of_source = {row.key: row.pool for row in rows if row.what == "source"}
        self._keys = {pool: key for key, pool in self._by_key.items()}

    def key_of(self, pool_id: int | None) -> str | None:
        """The pool's key."""
        return self._keys.get(pool_id or 0)

    def for_lead(self, rules: Rules, rule: str | None, facts: LeadFacts) -> int | None:
        """The rule's fallback, else the source's pool, else the general one, else the one it lies in, else any."""
        named = next((one.fallback for one in rules.dispatch if one.name == rule), None)
        found = (
            self._by_key.get(named or ""), self._of_source.get(facts.source or ""),
            self._by_key.get(rules.fallback_pool or ""), self._by_key.get(facts.pool or ""), *self._by_key.values(),
        )  # fmt: skip
        return next((pool for pool in found if pool is not None), None)


def pools(uow: UnitOfWork) -> Pools:
    """The pools as they are, without asking again where `keep` was told."""
    found: Pools | None = uow.session.info.get(_KEPT)
    return found or Pools(uow)


def keep(uow: UnitOfWork, known: Pools) -> None:
    """These are the pools, and nothing of them changes in this transaction."""
    uow.session.info[_KEPT] = known


def into_pools(uow: UnitOfWork, places: Mapping[int, int], lying: Collection[int] = ()) -> None:
    """Put free leads into pools, `{lead: pool}`, and owe the pools' teams one card for all that come at once.

    Args: lying: those that lie there from the start.
    """
    moved = {lead: pool for lead, pool in places.items() if lead not in lying}
    if moved:
        uow.execute(_POOL, {"org": uow.org_id, "now": uow.now, "leads": list(moved), "pools": list(moved.values())})
    for pool in sorted(set(places.values())):
        announce(uow, pool, [lead for lead, into in places.items() if into == pool])


def announce(uow: UnitOfWork, pool_id: int, lead_ids: Sequence[int]) -> None:
    """Owe the news that these leads can be claimed; bursts become one card."""
    uow.notify(
        "pool.arrived", key=f"arrived:{pool_id}:{lead_ids[0]}:{uow.now.isoformat()}", together=f"arrived:{pool_id}",
        lead=lead_ids[0] if len(lead_ids) == 1 else None, data={"pool": pool_id, "leads": list(lead_ids)[:200]},
        due_at=uow.now + GATHER,
    )  # fmt: skip


def hold(uow: UnitOfWork, leads: Mapping[int, str | None], *, near: int | None, tell: bool = True) -> None:
    """Keep free leads waiting until somebody can take them, and owe the news, if so, to the managers of member `near`.

    Args: leads: each with the branch for which it waits, if it does for one.
    """
    if not leads:
        return
    lead_ids = list(leads)
    args = {"org": uow.org_id, "now": uow.now, "leads": lead_ids, "branches": list(leads.values())}
    uow.execute(_HOLD, args)
    if not tell:
        return
    told = members.managers_of(uow, near) if near else uow.session.scalars(_ADMINS, {"org": uow.org_id}).all()
    for manager in told:
        uow.notify(
            "dispatch.held", to=manager, key=f"held:{lead_ids[0]}:{uow.now.isoformat()}:{manager}", together="held",
            data={"leads": lead_ids}, due_at=uow.now + GATHER,
        )  # fmt: skip
