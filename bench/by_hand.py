"""What the sweeps are compared with: one statement by hand that writes the same rows for a whole run.

By hand nothing is decided beyond what SQL says at once: no calendars, no leave, no condition but an equality, and no
room for people who work at the same moment. All rows are locked until the end, however long that takes.
"""

from __future__ import annotations

from sqlalchemy import text

RECYCLE = text(
    """
    with run as (
        insert into run (org_id, kind, at, counters) values (:org, 'recycle', :now, '{"taken": 0}') returning id
    ), due as materialized (
        select id, owner_id from lead where org_id = :org and recycle_at <= :now and status = 'open'
    ), taken as (
        update lead l set owner_id = null, pool_entered_at = :now, assigned_at = null, recycle_at = null,
               recycle_rule = null, warn_at = null, warn_step = 0, sla_at = null, extended_until = null, extensions = 0,
               protected_until = null, version = l.version + 1
        from due where l.org_id = :org and l.id = due.id
        returning l.id, due.owner_id, l.pool_id
    ), tasks as (
        update task t set state = 'cancelled', closed_at = :now, version = t.version + 1 from taken
        where t.org_id = :org and t.lead_id = taken.id and t.member_id = taken.owner_id and t.state = 'open'
    ), ended as (
        update assignment a set ended_at = :now, ended_by = 'recycled', reason = 'follow-up' from taken
        where a.org_id = :org and a.lead_id = taken.id and a.ended_at is null
    ), counted as (
        update rep_load r set holding = r.holding - t.many
        from (select owner_id, count(*) as many from taken group by owner_id) t
        where r.org_id = :org and r.member_id = t.owner_id
    ), told as (
        insert into message (org_id, topic, key, member_id, card, state, attempt, group_key, created_at, due_at)
        select :org, 'leads.recycled', 'recycled:' || run.id || ':' || owner_id, owner_id,
               jsonb_build_object('run', run.id, 'leads', jsonb_agg(taken.id)), 'owed', 0, 'recycled:' || run.id,
               :now, :now
        from taken, run group by run.id, owner_id
        union all
        select :org, 'pool.recycled', 'returned:' || run.id || ':' || pool_id, null,
               jsonb_build_object('run', run.id, 'pool', pool_id, 'leads', jsonb_agg(taken.id)), 'owed', 0,
               'returned:' || run.id || ':' || pool_id, :now, :now
        from taken, run group by run.id, pool_id
    ), why as (
        insert into decision (org_id, kind, lead_id, member_id, run_id, rule, outcome, facts, candidates, at)
        select :org, 'recycle', taken.id, owner_id, run.id, 'follow-up', 'recycled',
               jsonb_build_object('anchor', 'no_follow_up', 'period', '14d', 'pool', pool_id), '[]', :now
        from taken, run
        returning id, lead_id, member_id
    )
    insert into activity (org_id, lead_id, for_id, verb, at, data, decision_id)
    select :org, lead_id, member_id, 'recycled', :now, '{"rule": "follow-up"}', id from why
    """
)
# A rule for each product, its team's reps in turns, and nobody beyond the caps.
DEAL = text(
    """
    with run as (
        insert into run (org_id, kind, at, counters) values (:org, 'dispatch', :now, '{}') returning id
    ), seat as (
        select m.id as member, d.key as team, r.holding,
               row_number() over (partition by d.key order by m.id) - 1 as turn,
               count(*) over (partition by d.key) as seats
        from member m join department d on d.org_id = m.org_id and d.id = m.department_id
        join rep_load r on r.org_id = m.org_id and r.member_id = m.id
        where m.org_id = :org and m.role = 'rep' and m.active and m.on_duty
    ), waiting as (
        select id, product, row_number() over (partition by product order by id) - 1 as turn
        from lead where org_id = :org and id = any(:leads) and owner_id is null and status = 'open'
    ), turns as (
        select w.id, s.member, s.holding, 'product ' || substr(w.product, 2) as rule,
               row_number() over (partition by s.member order by w.id) as nth
        from waiting w
        join seat s on s.team = 'team-' || substr(w.product, 2) and s.turn = w.turn % s.seats
    ), dealt as (
        update lead l set owner_id = t.member, assigned_at = :now, recycle_at = :later, recycle_rule = 'first contact',
               warn_at = :later, warn_step = 0, followed_up_at = null, held_since = null, extensions = 0,
               extended_until = null, protected_until = null, version = l.version + 1
        from turns t where l.org_id = :org and l.id = t.id and t.nth <= 100000 and t.holding + t.nth <= 1000000
        returning l.id, l.owner_id, l.version, l.pool_id, t.rule
    ), begun as (
        insert into assignment (org_id, lead_id, member_id, began_at, began_by)
        select :org, id, owner_id, :now, 'dispatch' from dealt
    ), counted as (
        update rep_load r set holding = r.holding + t.many, dealt_day = r.dealt_day + t.many
        from (select owner_id, count(*) as many from dealt group by owner_id) t
        where r.org_id = :org and r.member_id = t.owner_id
    ), told as (
        insert into message (org_id, topic, key, member_id, card, state, attempt, group_key, created_at, due_at)
        select :org, 'leads.dispatched', 'dealt:' || run.id || ':' || owner_id, owner_id,
               jsonb_build_object('run', run.id, 'leads', jsonb_agg(dealt.id)), 'owed', 0, 'dealt', :now, :now
        from dealt, run group by run.id, owner_id
    ), why as (
        insert into decision (org_id, kind, lead_id, member_id, run_id, rule, outcome, facts, candidates, at)
        select :org, 'dispatch', dealt.id, owner_id, run.id, rule, 'assigned', '{}', '[]', :now from dealt, run
        returning id, lead_id, member_id
    )
    insert into activity (org_id, lead_id, for_id, verb, at, data, decision_id, undo)
    select :org, dealt.id, owner_id, 'dispatched', :now, '{}', why.id,
           jsonb_build_object('version', version, 'pool_id', pool_id)
    from why join dealt on dealt.id = why.lead_id
    """
)
