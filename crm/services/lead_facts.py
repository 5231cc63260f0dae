"""Reading what rules may know about leads: many at once, in one statement."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from crm.rules.facts import LeadFacts
from crm.uow import UnitOfWork

# Of an assignment `a`: that it was an ownership. What was undone, or rewound before anybody worked, never was one.
OWNED = "coalesce(a.ended_by, '') not in ('undone', 'rewound')"
# In the order of `LeadFacts`; `path` and `owner` say whose departments and whose tasks count.
COLUMNS = """
    l.id, l.status, l.stage, coalesce(st.funnel, 'new') as funnel, l.origin, s.key as source, l.channel, l.campaign,
    l.level, l.product, l.region, p.key as pool, ln.key as line, l.amount, l.score, l.touches, l.tags,
    cast(nullif(l.custom, '{{}}') as text) as custom, coalesce({path}, '{{}}') as department_path, l.owner_id,
    l.person_id, l.created_at, l.assigned_at, l.contacted_at, l.followed_up_at, l.stage_entered_at,
    (select max(t.due_at) from task t where t.org_id = l.org_id and t.lead_id = l.id and t.state = 'open'
       and t.member_id = {owner}) as planned_at,
    l.extended_until, l.protected_until, l.recycle_at, l.recycle_rule, l.warn_at, l.warn_step, l.wave,
    case when l.parent_id is not null then 'customer' when l.wave > 1 then 'returning' else 'new' end as kind,
    l.held_by, cast(:now as timestamptz) - l.created_at as age, coalesce(not has.active, false) as gone,
    has.back_at as resumed_at,
    coalesce(l.contacted_at < l.assigned_at, false) and exists (
        select from assignment a where a.org_id = l.org_id and a.lead_id = l.id and a.ended_at is null
          and a.began_by in ('transfer', 'given_back')) as taken_over
"""
TABLES = """
    lead l
    join line ln on ln.org_id = l.org_id and ln.id = l.line_id
    left join pipeline pl on pl.org_id = l.org_id and pl.line_id = l.line_id
    left join stage st on st.org_id = l.org_id and st.pipeline_id = pl.id and st.key = l.stage
    left join source s on s.org_id = l.org_id and s.id = l.source_id
    left join pool p on p.org_id = l.org_id and p.id = l.pool_id
    left join member has on has.org_id = l.org_id and has.id = l.owner_id
"""
# The departments of the owner, from the root down, as `dk.keys`.
OWNERS = """
    left join (
        select m.id, array_agg(d.key order by cardinality(d.path)) as keys
        from member m
        join department own on own.org_id = m.org_id and own.id = m.department_id
        join department d on d.org_id = m.org_id and d.id = any(own.path)
        where m.org_id = :org group by m.id
    ) dk on dk.id = l.owner_id
"""
_FACTS = text(
    f"""
    select {COLUMNS.format(path="dk.keys", owner="l.owner_id")}
    from {TABLES} {OWNERS}
    where l.org_id = :org and l.id = any(:ids)
    order by l.id
    """  # noqa: S608  (constants)
)
NAMES = [one.name for one in fields(LeadFacts)]
_TAGS, _CUSTOM, _PATH = (NAMES.index(name) for name in ("tags", "custom", "department_path"))


def read(uow: UnitOfWork, lead_ids: Sequence[int]) -> list[LeadFacts]:
    """The facts of these leads, by id; unknown ids are left out."""
    rows = uow.execute(_FACTS, {"org": uow.org_id, "now": uow.now, "ids": list(lead_ids)})
    return [of(row) for row in rows]


def of(row: Sequence[Any]) -> LeadFacts:
    """The facts in a row of `COLUMNS`."""
    # By position, as selected: naming each of some thirty columns would cost more than reading them.
    values = list(row)
    values[_TAGS], values[_PATH] = tuple(values[_TAGS]), tuple(values[_PATH])
    # With all digits of its numbers, as SQL compares them.
    values[_CUSTOM] = json.loads(values[_CUSTOM], parse_float=Decimal) if values[_CUSTOM] else {}
    return LeadFacts(*values)
