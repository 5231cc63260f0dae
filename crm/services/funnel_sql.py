"""The one query behind every funnel, set-based: cost follows the leads of the two cohorts, never the whole table."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import TextClause, text

_ENTRIES = """
    with windows (cohort, begins, ends, until) as (
        values (0, cast(:start as timestamptz), least(:end, cast(:until as timestamptz)), cast(:until as timestamptz)),
               (1, cast(:start_before as timestamptz), least(:end_before, cast(:until_before as timestamptz)),
                cast(:until_before as timestamptz))
    ), came as (
        select w.cohort, w.until, l.id, l.line_id, l.created_at, l.source_id, l.campaign, l.pool_id, l.status, l.stage,
               l.owner_id, l.assigned_at, l.contacted_at, l.closed_at, l.stage_entered_at,
               row_number() over (entry order by l.created_at, l.id) as place, min(l.id) over entry as entry_id
        from windows w
        join lead l on l.org_id = :org and l.created_at >= w.begins and l.created_at < w.ends and l.status <> 'void'
        window entry as (partition by w.cohort, l.person_id, l.line_id)
    ), reach as (
        select p.line_id, s.key, array_position(array['new', 'contacted', 'qualified', 'opportunity'], s.funnel) as step
        from stage s join pipeline p on p.org_id = s.org_id and p.id = s.pipeline_id
        where s.org_id = :org and s.funnel in ('contacted', 'qualified', 'opportunity')
    ), moves as (
        select c.cohort, c.id,
               min(a.at) filter (where r.step = 2) as contacted, min(a.at) filter (where r.step = 3) as qualified,
               min(a.at) filter (where r.step = 4) as opportunity, max(a.at) filter (where a.verb = 'won') as won,
               max(a.at) filter (where a.verb = 'lost') as lost,
               max(a.at) filter (where a.verb = 'reopened') as reopened
        from came c
        join activity a on a.org_id = :org and a.lead_id = c.id and a.verb in ('stage', 'won', 'lost', 'reopened')
                       and a.at < c.until and a.undone_at is null
        left join reach r on r.line_id = c.line_id and r.key = a.data ->> 'to'
        group by c.cohort, c.id
    ), facts as (
        select c.*,
               least(case when c.contacted_at < c.until then c.contacted_at end, m.contacted,
                     case when r.step = 2 and c.stage_entered_at < c.until then c.stage_entered_at end) as contacted,
               least(m.qualified, case when r.step = 3 and c.stage_entered_at < c.until then c.stage_entered_at end)
                   as qualified,
               least(m.opportunity, case when r.step = 4 and c.stage_entered_at < c.until then c.stage_entered_at end)
                   as opportunity,
               coalesce(case when m.won >= coalesce(m.reopened, m.won) then m.won end,
                        case when c.status = 'won' and c.closed_at < c.until then c.closed_at end) as won,
               coalesce(case when m.lost >= coalesce(m.reopened, m.lost) then m.lost end,
                        case when c.status = 'lost' and c.closed_at < c.until then c.closed_at end) as lost
        from came c
        left join moves m on m.cohort = c.cohort and m.id = c.id
        left join reach r on r.line_id = c.line_id and r.key = c.stage
    )
"""
# Whose lead it is: the present owner, else the last one; else the team at home in its pool.
_OWNERS = """
    , homes as (
        select pool_id, min(department_id) as department_id from pool_scope
        where org_id = :org group by pool_id having count(*) = 1 and min(department_id) is not null
    ), owned as (
        select f.*, o.member_id, d.path
        from facts f
        left join lateral (
            select a.member_id from assignment a
            where a.org_id = :org and a.lead_id = f.id and a.began_at < f.until
            order by a.began_at desc, a.id desc limit 1
        ) past on f.owner_id is null or f.assigned_at is null or f.assigned_at >= f.until
        cross join lateral (
            select coalesce(past.member_id, case when f.assigned_at < f.until then f.owner_id end) as member_id
        ) o
        left join member m on m.org_id = :org and m.id = o.member_id
        left join homes h on h.pool_id = f.pool_id and o.member_id is null
        left join department d on d.org_id = :org and d.id = coalesce(m.department_id, h.department_id)
    )
"""
_SCOPED = """
    where (cast(:department as bigint) is null or :department = any(path))
      and (cast(:member as bigint) is null or member_id = :member)
"""
_FIGURES = """
    , entries as (
        select cohort, {keys} as keys, created_at as entered_at, place,
               min(contacted) over entry as contacted, min(qualified) over entry as qualified,
               min(opportunity) over entry as opportunity, max(won) over entry as won,
               bool_and(lost is not null) over entry as lost
        from {rows} window entry as (partition by cohort, entry_id)
    ), figures as (
        select e.cohort, k.key, count(*) as entered,
               count(*) filter (where coalesce(contacted, qualified, opportunity, won) is not null) as contacted,
               count(*) filter (where coalesce(qualified, opportunity, won) is not null) as qualified,
               count(*) filter (where coalesce(opportunity, won) is not null) as opportunity,
               count(won) as won, count(*) filter (where lost and won is null) as lost,
               percentile_cont(0.5) within group (order by extract(epoch from contacted - entered_at)) as wait_1,
               percentile_cont(0.9) within group (order by extract(epoch from contacted - entered_at)) as touch_p90,
               percentile_cont(0.5) within group (order by extract(epoch from qualified - contacted))
                   filter (where qualified >= contacted) as wait_2,
               percentile_cont(0.5) within group (order by extract(epoch from opportunity - qualified))
                   filter (where opportunity >= qualified) as wait_3,
               percentile_cont(0.5) within group (order by extract(epoch from won - opportunity))
                   filter (where won >= opportunity) as wait_4
        from entries e cross join lateral unnest(e.keys) as k (key)
        where e.place = 1
        group by e.cohort, k.key
    )
    select figures.*, {name} as name, {depth} as depth from figures {names}
    order by {order}figures.cohort, figures.entered desc, figures.key
"""
# Cut: the keys under which a lead counts, '' for the whole, and where their names stand.
_CUTS = {
    "all": ("array['']", "null", ""),
    "team": (
        "array_append(cast(coalesce(path, '{null}') as text[]), '')", "n.name",
        "left join department n on n.org_id = :org and cast(n.id as text) = figures.key",
    ),
    "rep": (
        "array[cast(member_id as text), '']", "n.name",
        "left join member n on n.org_id = :org and cast(n.id as text) = figures.key",
    ),
    "source": (
        "array[cast(source_id as text), '']", "n.name",
        "left join source n on n.org_id = :org and cast(n.id as text) = figures.key",
    ),
    "campaign": ("array[nullif(campaign, ''), '']", "figures.key", ""),
    "line": (
        "array[cast(line_id as text), '']", "n.name",
        "left join line n on n.org_id = :org and cast(n.id as text) = figures.key",
    ),
}  # fmt: skip


@lru_cache(maxsize=16)
def statement(cut: str, *, scoped: bool) -> TextClause:
    """The query for a cut; owners are looked up only where the scope or the cut asks for them."""
    keys, name, names = _CUTS[cut]
    owners = scoped or cut in ("team", "rep")
    teams = cut == "team"
    return text(
        _ENTRIES
        + (_OWNERS if owners else "")
        + _FIGURES.format(
            keys=keys, name=name, names=names, rows="owned" + _SCOPED if owners else "facts",
            depth="coalesce(cardinality(n.path) - 1, 0)" if teams else "0",
            order="n.path nulls last, " if teams else "",
        )
    )  # fmt: skip
