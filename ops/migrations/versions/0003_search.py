"""Search that knows who asks: what somebody may see is found however many others are called alike.

The former function stays for processes that still run the former version while this is applied.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("ix_lead_person", "lead", ["org_id", "person_id"], unique=False)
    op.execute(_SEARCH)


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")


# Under row security LIKE may not use its index (it is not leakproof), so search runs as the owner, fenced by hand. The
# open leads of the searcher and the searcher's team come by their owners, all of them; the others by the words, from no
# more candidates than can be looked at in the time a person waits. Each plan is made for the words given: one for any
# words would not dare to use the trigram index.
_SEARCH = r"""
create function sluice_search(words text, ending text, me bigint, my_role text, my_path bigint[], my_teams bigint[],
                              sees_all boolean, most int)
returns table (person_id bigint)
language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    org bigint := nullif(current_setting('sluice.org_id', true), '')::bigint;
    pattern text := '%' || replace(replace(replace(lower(words), '\', '\\'), '%', '\%'), '_', '\_') || '%';
    tail_pattern text := reverse(ending) || '%';
    team bigint[];
    pools bigint[];
begin
    team := array(
        select m.id from member m left join department d on d.org_id = m.org_id and d.id = m.department_id
        where m.org_id = org and (m.id = me or d.path && my_teams));
    pools := array(
        select ps.pool_id from pool_scope ps
        where ps.org_id = org and (ps.member_id = me or ps.role = my_role or ps.department_id = any(my_path)
              or ps.department_id in (select d.id from department d where d.org_id = org and d.path && my_teams)));
    if words <> '' then
        return query
            select p.id from lead l join person p on p.org_id = l.org_id and p.id = l.person_id
            where l.org_id = org and l.owner_id = any(team) and l.status = 'open' and p.search like pattern
            order by l.owner_id <> me, l.id desc limit most;
        return query
            with alike as materialized (
                select p.id from person p where p.search like pattern and p.org_id = org and p.merged_into is null
                limit 5000
            )
            select a.id from alike a
            where sees_all or exists (
                select from lead l where l.org_id = org and l.person_id = a.id and l.status <> 'void'
                  and (l.owner_id = any(team) or (l.owner_id is null and l.pool_id = any(pools))))
            limit most;
    elsif ending <> '' then
        return query
            with alike as materialized (
                select distinct k.person_id as id from person_key k where k.org_id = org and k.tail like tail_pattern
                limit 5000
            )
            select a.id from alike a cross join lateral (
                select bool_or(l.owner_id = me) as mine, count(*) as many from lead l
                where l.org_id = org and l.person_id = a.id and l.status <> 'void'
                  and (sees_all or l.owner_id = any(team) or (l.owner_id is null and l.pool_id = any(pools)))
            ) seen
            where seen.many > 0 order by seen.mine desc nulls last limit most;
    end if;
end $$
"""
