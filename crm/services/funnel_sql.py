"""The one query behind every funnel, set-based: cost follows the leads of the two cohorts, never the whole table."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import TextClause, text

# Events at or after `until` have not happened yet.
_CAME = """
    with windows (cohort, begins, ends, until) as (
        values (0, cast(:start as timestamptz), least(:end, cast(:until as timestamptz)), cast(:until as timestamptz)),
               (1, cast(:start_before as timestamptz), least(:end_before, cast(:until_before as timestamptz)),
                cast(:until_before as timestamptz))
    ), came as (
        select w.cohort, w.until, l.id, l.person_id, l.line_id, l.created_at, l.source_id, l.campaign, l.channel,
               l.pool_id,
               l.stage, l.status, l.owner_id, l.assigned_at, l.contacted_at, l.closed_at, l.stage_entered_at
        from windows w
        join lead l on l.org_id = :org and l.created_at >= w.begins and l.created_at < w.ends and l.status <> 'void'
          and (l.owner_id is not null or l.held_by is distinct from 'nurture')
    )
"""
# Whose lead it is: the present owner, else the last one; else the team at home in its pool.
_OWNED = """
    , homes as (
        select pool_id, min(department_id) as department_id from pool_scope
        where org_id = :org group by pool_id having count(*) = 1 and min(department_id) is not null
    ), owned as materialized (
        select c.*, o.member_id, d.path
        from came c
        left join lateral (
            select a.member_id from assignment a
            where (c.owner_id is null or c.assigned_at is null or c.assigned_at >= c.until)
              and a.org_id = :org and a.lead_id = c.id and a.began_at < c.until
            order by a.began_at desc, a.id desc limit 1
        ) past on true
        cross join lateral (
            select coalesce(past.member_id, case when c.assigned_at < c.until then c.owner_id end) as member_id
        ) o
        left join member m on m.org_id = :org and m.id = o.member_id
        left join homes h on h.pool_id = c.pool_id and o.member_id is null
        left join department d on d.org_id = :org and d.id = coalesce(m.department_id, h.department_id)
        where (cast(:department as bigint) is null or :department = any(d.path))
          and (cast(:member as bigint) is null or o.member_id = :member)
    )
"""
_FIGURES = """
    , reach as (
        select p.line_id, s.key, array_position(array['new', 'contacted', 'qualified', 'opportunity'], s.funnel) as step
        from stage s join pipeline p on p.org_id = s.org_id and p.id = s.pipeline_id
        where s.org_id = :org and s.funnel in ('contacted', 'qualified', 'opportunity')
    ), moves as (
        select c.cohort, c.id,
               min(a.at) filter (where r.step = 2) as contacted, min(a.at) filter (where r.step = 3) as qualified,
               min(a.at) filter (where r.step = 4) as opportunity, max(a.at) filter (where a.verb = 'won') as won,
               max(a.at) filter (where a.verb = 'lost') as lost,
               max(a.at) filter (where a.verb = 'reopened') as reopened
        from {leads} c
        join activity a on a.org_id = :org and a.lead_id = c.id and a.at < c.until and a.undone_at is null
                       and (a.verb in ('stage', 'won', 'lost', 'reopened') or a.data ->> 'stage' is not null)
        left join reach r on r.line_id = c.line_id and r.key = coalesce(a.data ->> 'to', a.data ->> 'stage')
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
        from {leads} c
        left join moves m on m.cohort = c.cohort and m.id = c.id
        left join reach r on r.line_id = c.line_id and r.key = c.stage
    ), entries as (
        select cohort, {keys} as keys, created_at as entered_at, row_number() over entry as place,
               min(contacted) over entry as contacted, min(qualified) over entry as qualified,
               min(opportunity) over entry as opportunity, max(won) over entry as won,
               bool_and(lost is not null) over entry as lost
        from facts
        window entry as (partition by cohort, person_id, line_id order by created_at, id
                         rows between unbounded preceding and unbounded following)
    ), figures as (
        select e.cohort, k.key, count(*) as entered,
               count(*) filter (where coalesce(contacted, qualified, opportunity, won) is not null) as contacted,
               count(*) filter (where coalesce(qualified, opportunity, won) is not null) as qualified,
               count(*) filter (where coalesce(opportunity, won) is not null) as opportunity,
               count(won) as won, count(*) filter (where lost and won is null) as lost,
               percentile_cont(array[0.5, 0.9]) within group (order by extract(epoch from contacted - entered_at))
                   as touch,
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
    select figures.*, touch[1] as wait_1, touch[2] as touch_p90, {name} as name, {depth} as depth from figures {names}
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
    "channel": ("array[nullif(channel, ''), '']", "figures.key", ""),
    "line": (
        "array[cast(line_id as text), '']", "n.name",
        "left join line n on n.org_id = :org and cast(n.id as text) = figures.key",
    ),
}  # fmt: skip


@lru_cache(maxsize=16)
def statement(cut: str, *, scoped: bool) -> TextClause:
    """The query for a cut; owners are looked up only where the scope or the cut asks for them."""
    keys, name, names = _CUTS[cut]
    owned, teams = scoped or cut in ("team", "rep"), cut == "team"
    return text(
        _CAME
        + (_OWNED if owned else "")
        + _FIGURES.format(
            leads="owned" if owned else "came", keys=keys, name=name, names=names,
            depth="coalesce(cardinality(n.path) - 1, 0)" if teams else "0",
            order="n.path nulls last, " if teams else "",
        )
    )  # fmt: skip
