"""What a new lead needs to know of its organization: region of phones, line, first stage, pool."""

from __future__ import annotations

from dataclasses import dataclass

from babel.core import get_global
from sqlalchemy import text

from crm.errors import PoolNotFound
from crm.rules.keys import DEFAULT_REGION
from crm.uow import UnitOfWork

_HOUSE = text(
    """
    select o.timezone, line.id as line_id, line.key as line, coalesce(stage.key, 'new') as stage,
           coalesce(stage.funnel, 'new') as funnel, pool.id as pool_id
    from organization o
    left join lateral (select id, key from line where org_id = o.id order by id limit 1) line on true
    left join lateral (
        select s.key, s.funnel from stage s join pipeline p on p.org_id = s.org_id and p.id = s.pipeline_id
        where p.org_id = o.id and p.line_id = line.id order by p.id, s.position limit 1
    ) stage on true
    left join lateral (select id from pool where org_id = o.id order by id limit 1) pool on true
    where o.id = :org
    """
)


@dataclass(frozen=True, slots=True)
class House:
    """`region`: ISO country of phones without a country code; `pool_id`: where a lead lies that nothing else places."""

    region: str
    line_id: int
    line: str
    stage: str
    funnel: str
    pool_id: int | None


def of(uow: UnitOfWork) -> House:
    """The house of this transaction's organization."""
    row = uow.execute(_HOUSE, {"org": uow.org_id}).one()
    region = get_global("zone_territories").get(row.timezone, DEFAULT_REGION)
    return House(region, row.line_id, row.line, row.stage, row.funnel, row.pool_id)


def pool_for(house: House, pool_id: int | None) -> int:
    """The pool of a source, or else the organization's first one. Raises PoolNotFound."""
    found = pool_id or house.pool_id
    if found is None:
        raise PoolNotFound(given="", names="")
    return found
