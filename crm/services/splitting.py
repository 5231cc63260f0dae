"""Who takes what when somebody's leads are handed over: by load, by region, or all to one."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from sqlalchemy import text

from crm.rules.access import SELLERS, Actor
from crm.rules.candidate import Candidate
from crm.services import candidates, members
from crm.uow import UnitOfWork

Split = Literal["load", "region", "one"]
SPLITS: tuple[Split, ...] = get_args(Split)
MOST = 50  # colleagues among whom is split

# The nearest team that has somebody who sells: the own one, else those around it, each step one department up.
_NEAR = text(
    """
    select m.id, coalesce(max(p.place), 0) as near, m.role in ('manager', 'admin') as leads
    from member m
    left join department d on d.org_id = m.org_id and d.id = m.department_id
    left join unnest(cast(:path as bigint[])) with ordinality as p(id, place) on p.id = any(d.path)
    where m.org_id = :org and m.active and m.id <> :giver and m.role = any(:roles)
    group by m.id, m.role order by leads, near desc, m.id
    """
)
_SELLERS = text(
    "select id from member where org_id = :org and active and role = any(:roles) order by name, id limit 100"
)
_REGIONS = text(
    """
    select owner_id, region, count(*) as many from lead
    where org_id = :org and owner_id = any(:members) and status in ('open', 'won') and region is not null
    group by owner_id, region
    """
)
_LEADS = text("select id, region, counts from lead where org_id = :org and id = any(:leads)")


@dataclass(slots=True)
class Share:
    """What one taker gets. `holding` is before; `above`: how many leads the taker is above the capacity then."""

    member_id: int
    holding: int
    capacity: int | None
    leads: list[int] = field(default_factory=list)
    counting: int = 0

    @property
    def above(self) -> int:
        return max(0, self.holding + self.counting - self.capacity) if self.capacity is not None else 0

    @property
    def full(self) -> bool:
        return self.capacity is not None and self.holding + self.counting >= self.capacity

    def give(self, lead_id: int, *, counts: bool) -> None:
        self.leads.append(lead_id)
        self.counting += counts


def near(uow: UnitOfWork, giver: Actor) -> list[int]:
    """Who could take over: the sales people of the nearest team that has any, else the managers."""
    args = {"org": uow.org_id, "path": list(giver.departments), "giver": giver.id, "roles": sorted(SELLERS)}
    rows = uow.session.execute(_NEAR, args).all()
    return [row.id for row in rows if (row.leads, row.near) == (rows[0].leads, rows[0].near)][:MOST]


def sellers(uow: UnitOfWork) -> list[int]:
    """Everybody who could be given leads by name."""
    return list(uow.session.scalars(_SELLERS, {"org": uow.org_id, "roles": sorted(SELLERS)}))


def split(uow: UnitOfWork, *, giver: Actor, leads: Sequence[int], by: Split, to: Actor | None = None) -> list[Share]:
    """Deal the leads, in their order, among those who could take over; who gets none is left out.

    Whoever has room comes first; where nobody has, the one who is least above goes further above, which the shares say.

    Args: to: who gets all of them, by `one`.
    """
    found = candidates.of_members(uow, [to.id] if to else near(uow, giver))
    there = [one for one in found.values() if not one.on_leave] or list(found.values())
    shares = {one.member_id: Share(one.member_id, one.holding, one.capacity) for one in _active(there)}
    if not shares:
        return []
    known = {row.id: row for row in uow.session.execute(_LEADS, {"org": uow.org_id, "leads": list(leads)})}
    knows = _knowers(uow, list(shares)) if by == "region" else (lambda _region, _member: 0)
    for lead_id in leads:
        region = known[lead_id].region
        places = {member: _place(share, knows(region, member)) for member, share in shares.items()}
        shares[min(places, key=places.__getitem__)].give(lead_id, counts=known[lead_id].counts)
    return [share for share in shares.values() if share.leads]


def mark(shares: Sequence[Share]) -> str:
    """A short word that is the same as long as the same colleagues take as much."""
    told = sorted((share.member_id, len(share.leads)) for share in shares)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:8]


def _active(found: Sequence[Candidate]) -> list[Candidate]:
    return sorted((one for one in found if one.active), key=lambda one: one.member_id)


def _place(share: Share, knows: int) -> tuple[bool, int, int, int]:
    """Room first, then who knows the region best, then who has least."""
    return share.full, -knows, share.holding + len(share.leads), share.member_id


def _knowers(uow: UnitOfWork, member_ids: Sequence[int]) -> Callable[[str | None, int], int]:
    rows = uow.session.execute(_REGIONS, {"org": uow.org_id, "members": list(member_ids)})
    many = Counter({(row.region, row.owner_id): row.many for row in rows})
    return lambda region, member_id: many[region, member_id] if region else 0


def chosen(uow: UnitOfWork, words: str) -> tuple[Split, Actor | None]:
    """A way to split as a button names it: `load`, `region`, `one:17`."""
    name, _colon, member = words.partition(":")
    if name == "one" and member.isdigit():
        return "one", members.get(uow, int(member))
    return ("region" if name == "region" else "load"), None
