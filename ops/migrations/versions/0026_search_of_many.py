"""Search looks at all whom a word names where they are some hundreds: who is the searcher's own is then known by
comparing ids, without reading each of the searcher's customers. What is found stays the same.
"""

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.execute(_SEARCH)


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")


# As before, see 0024, but for `called`: all who are called so, if they are not too many to be read at once. Of these
# the first are shown by what they are to the searcher, and the searcher's own among the others are found in memory.
# Leads of many customers are read in one go through their index.
_SEARCH = r"""
create or replace function sluice_search(words text, ending text, sounds text[], me bigint, my_role text,
                                         my_path bigint[], my_teams bigint[], sees_all boolean, most int)
returns table (person_id bigint)
language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan
set max_parallel_workers_per_gather = 0 as $$
#variable_conflict use_column
declare
    few constant int := 300;
    more constant int := 1200;
    many constant int := 5000;
    org bigint := nullif(current_setting('sluice.org_id', true), '')::bigint;
    plain text := replace(replace(replace(lower(words), '\', '\\'), '%', '\%'), '_', '\_');
    is_short boolean := words <> '' and char_length(sluice_spread(words)) < 3;
    spread text := sluice_spread(plain);
    indexed text := '%' || case when spread ~ '(^| ).{0,3}( |$)' then spread else replace(spread, ' ', '%') end || '%';
    team bigint[];
    pools bigint[];
    called bigint[];
    complete boolean := false;
    alike bigint[];
    own bigint[];
    shown int := 0;
    held int := 0;
begin
    team := array(
        select m.id from member m left join department d on d.org_id = m.org_id and d.id = m.department_id
        where m.org_id = org and (m.id = me or d.path && my_teams));
    pools := array(
        select ps.pool_id from pool_scope ps
        where ps.org_id = org and (ps.member_id = me or ps.role = my_role or ps.department_id = any(my_path)
              or ps.department_id in (select d.id from department d where d.org_id = org and d.path && my_teams)));
    if ending <> '' then
        alike := array(
            select distinct k.person_id from person_key k
            where k.org_id = org and k.tail like reverse(ending) || '%' limit many);
    elsif is_short then
        alike := array(
            select p.id from person p where p.org_id = org and p.search like plain || '%' and p.merged_into is null
            limit few);
        if cardinality(alike) < few then
            alike := alike || array(
                select p.id from person p where sluice_spread(p.search) like '% ' || spread || '%'
                  and p.org_id = org and p.merged_into is null limit few);
        end if;
    elsif words <> '' then
        called := array(
            select p.id from person p where sluice_spread(p.search) like indexed and p.search like '%' || plain || '%'
              and p.org_id = org and p.merged_into is null limit more);
        complete := cardinality(called) < more and cardinality(sounds) = 0;
        alike := called[1\:few];
    end if;
    if cardinality(sounds) > 0 then
        alike := alike || array(
            select f.id from unnest(sounds) heard cross join lateral (
                select p.id from person p
                where p.org_id = org and p.sound ~>=~ heard and p.sound ~<~ (heard || '~') and p.sound <> ''
                  and p.merged_into is null limit few) f);
    end if;
    return query
        select l.person_id from lead l
        where l.org_id = org and l.person_id = any(alike) and l.status <> 'void'
          and (sees_all or l.owner_id = any(team) or (l.owner_id is null and l.pool_id = any(pools)))
        group by l.person_id
        order by bool_or(l.owner_id = me) desc nulls last, bool_or(l.owner_id = any(team)) desc nulls last,
                 max(l.id) desc
        limit most;
    get diagnostics shown = row_count;
    if ending <> '' or not is_short and cardinality(alike) < few then
        return;
    end if;
    own := array(
        (select l.person_id from lead l where l.org_id = org and l.owner_id = me and l.status = 'open' limit many)
        union all
        (select l.person_id from lead l
         where l.org_id = org and l.owner_id = any(array_remove(team, me)) and l.status = 'open' and not sees_all
         limit many));
    return query
        select h.id from unnest(own) h(id) where complete and h.id = any(called)
        union
        select p.id from person p
        where not complete and p.org_id = org and p.id = any(own)
          and (p.search like '%' || plain || '%'
               or exists (select from unnest(sounds) heard where p.sound like heard || '%'))
        limit most;
    get diagnostics held = row_count;
    if is_short and cardinality(alike) + held = 0 and (char_length(words) = 1 or octet_length(words) > 2)
       or not is_short and shown < most then
        return query
            with further as materialized (
                select c.id from unnest(called) c(id) where complete
                union all
                select p.id from person p
                where not complete and (is_short or sluice_spread(p.search) like indexed)
                  and p.search like '%' || plain || '%' and p.org_id = org and p.merged_into is null limit many
            )
            select a.id from further a
            where sees_all or exists (
                select from lead l where l.org_id = org and l.person_id = a.id and l.status <> 'void'
                  and (l.owner_id = any(team) or (l.owner_id is null and l.pool_id = any(pools))))
            limit most;
    end if;
end $$
"""
