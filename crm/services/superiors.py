"""Who reads along when something of a member needs a manager, and who when that was not enough."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from sqlalchemy import text

from crm.uow import UnitOfWork

# The nearest department's managers first, those above them next, the admins last.
_RANKS = text(
    """
    select m.id, m.role = 'admin' as is_admin,
           case when m.role = 'admin' then 0 else cardinality(d.path) end as depth
    from member me
    join member m on m.org_id = me.org_id and m.active and m.id <> me.id
    left join department mine on mine.org_id = me.org_id and mine.id = me.department_id
    left join department d on d.org_id = m.org_id and d.id = m.department_id
    where me.org_id = :org and me.id = :member
      and (m.role = 'admin' or (m.role = 'manager' and m.department_id = any(mine.path)))
    order by is_admin, depth desc, m.id
    """
)
PLACES = {"manager": 0, "above": 1}


def copied(uow: UnitOfWork, member_id: int, to: Iterable[str]) -> list[int]:
    """Of a member's superiors the `manager`s, and those `above` them: the next ones up, admins where there are none."""
    rows = uow.session.execute(_RANKS, {"org": uow.org_id, "member": member_id})
    ranks = [[row.id for row in found] for _, found in groupby(rows, key=lambda row: (row.is_admin, row.depth))]
    places = sorted({PLACES[name] for name in to})
    return [member for place in places for member in (ranks[place] if place < len(ranks) else [])]
