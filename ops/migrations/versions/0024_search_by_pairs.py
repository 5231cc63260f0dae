"""Search by two Chinese characters anywhere, and without reading all that the searcher holds where few are called so.

The index that knows words by three letters takes each Chinese character for two, and so knows any two that stand beside
each other; it takes the place of the one before. It is built while others work, and built anew where that was broken
off. The former functions stay for processes that still run the former version while this is applied.
"""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.execute(_SPREAD)
    with op.get_context().autocommit_block():
        # Nobody waits for whoever builds an index like this, so there is no need to give way.
        op.execute("set lock_timeout = 0")
        op.execute("drop index concurrently if exists ix_person_spread")
        op.execute(
            "create index concurrently ix_person_spread on person using gin (sluice_spread(search) gin_trgm_ops)"
        )
        op.execute("analyze person")
        op.execute("set lock_timeout = '5s'")
    op.execute(_SEARCH)
    op.execute(_SEARCH_BEFORE)
    for function, was, now in _ALIKE:
        _reword(function, was, now)
    with op.get_context().autocommit_block():
        op.execute("set lock_timeout = 0")
        op.execute("drop index concurrently if exists ix_person_search")
        op.execute("set lock_timeout = '5s'")


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")


def _reword(function: str, was: str, now: str) -> None:
    """Say something otherwise in a function, wherever it says it; once it does, nothing is done."""
    op.execute(
        f"""
        do $do$
        declare known text := pg_get_functiondef('{function}'::regprocedure);
        begin
            if strpos(known, $was${was}$was$) > 0 then
                execute replace(known, $was${was}$was$, $now${now}$now$);
            elsif strpos(known, $now${now}$now$) = 0 then
                raise exception 'not as expected: {function}';
            end if;
        end $do$
        """
    )


# One function for what is stored and what is looked for. Signs of Japanese and Korean are as few in a word.
_SPREAD = r"""
create or replace function sluice_spread(words text) returns text
language sql immutable strict parallel safe as $$
    select regexp_replace(words, '[\u3040-\u9fff\uac00-\ud7af\uf900-\ufaff]', '\&\&', 'g')
$$
"""
# Under row security the index is not used, so search runs as the owner, fenced by hand. As long as those who are called
# so are few, all of them are looked at, whoever has them. Where they are many, the searcher's own and the team's are
# read as well, so that they are found among any number of others. What is too short for the index begins a name or a
# word; only where there is none it may stand anywhere. The beginnings and ends of words are in so many entries of the
# index that it is asked for long words without them. Each plan is made for the words given.
_SEARCH = r"""
create or replace function sluice_search(words text, ending text, sounds text[], me bigint, my_role text,
                                         my_path bigint[], my_teams bigint[], sees_all boolean, most int)
returns table (person_id bigint)
language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan
set max_parallel_workers_per_gather = 0 as $$
#variable_conflict use_column
declare
    few constant int := 300;
    many constant int := 5000;
    org bigint := nullif(current_setting('sluice.org_id', true), '')::bigint;
    plain text := replace(replace(replace(lower(words), '\', '\\'), '%', '\%'), '_', '\_');
    is_short boolean := words <> '' and char_length(sluice_spread(words)) < 3;
    spread text := sluice_spread(plain);
    indexed text := '%' || case when spread ~ '(^| ).{0,3}( |$)' then spread else replace(spread, ' ', '%') end || '%';
    team bigint[];
    pools bigint[];
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
        alike := array(
            select p.id from person p where sluice_spread(p.search) like indexed and p.search like '%' || plain || '%'
              and p.org_id = org and p.merged_into is null limit few);
    end if;
    if cardinality(sounds) > 0 then
        alike := alike || array(
            select f.id from unnest(sounds) heard cross join lateral (
                select p.id from person p
                where p.org_id = org and p.sound ~>=~ heard and p.sound ~<~ (heard || '~') and p.sound <> ''
                  and p.merged_into is null limit few) f);
    end if;
    return query
        select a.id from (select distinct unnest(alike) as id) a cross join lateral (
            select bool_or(l.owner_id = me) as mine, bool_or(l.owner_id = any(team)) as ours, max(l.id) as latest
            from lead l
            where l.org_id = org and l.person_id = a.id and l.status <> 'void'
              and (sees_all or l.owner_id = any(team) or (l.owner_id is null and l.pool_id = any(pools)))) seen
        where seen.latest is not null
        order by seen.mine desc nulls last, seen.ours desc nulls last, seen.latest desc limit most;
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
        select p.id from person p
        where p.org_id = org and p.id = any(own)
          and (p.search like '%' || plain || '%'
               or exists (select from unnest(sounds) heard where p.sound like heard || '%'))
        limit most;
    get diagnostics held = row_count;
    if is_short and cardinality(alike) + held = 0 and (char_length(words) = 1 or octet_length(words) > 2)
       or not is_short and shown < most then
        return query
            with further as materialized (
                select p.id from person p
                where (is_short or sluice_spread(p.search) like indexed) and p.search like '%' || plain || '%'
                  and p.org_id = org and p.merged_into is null limit many
            )
            select a.id from further a
            where sees_all or exists (
                select from lead l where l.org_id = org and l.person_id = a.id and l.status <> 'void'
                  and (l.owner_id = any(team) or (l.owner_id is null and l.pool_id = any(pools))))
            limit most;
    end if;
end $$
"""
_SEARCH_BEFORE = """
create or replace function sluice_search(words text, ending text, me bigint, my_role text, my_path bigint[],
                                         my_teams bigint[], sees_all boolean, most int)
returns table (person_id bigint)
language sql stable security definer set search_path = public, pg_temp as $$
    select s.person_id from sluice_search(words, ending, '{}', me, my_role, my_path, my_teams, sees_all, most) s
$$
"""
_FIRST = "sluice_alike(text[],text[],text[],text[],int)"
_SECOND = "sluice_alike(text[],text[],text[],text[],text[],text[],text[],int)"
_NEAR = "sluice_resembling(text,text[],text[],bigint,text,bigint[],bigint[],boolean,int)"
_NO_PAIRS = """
        -- Two characters within a word are no trigram, two at its beginning are.
        core := case when char_length(core) < 3 then ' ' || core else core end;"""
_ALIKE = (
    (_FIRST, "p.search like '%' || core || '%'", "sluice_spread(p.search) like '%' || sluice_spread(core) || '%'"),
    (_FIRST, _NO_PAIRS, ""),
    (_SECOND, "'%' || c || '%'", "'%' || sluice_spread(c) || '%'"),
    (_SECOND, "p.search like any(patterns)", "sluice_spread(p.search) like any(patterns)"),
    (_NEAR, "'%' || s || '%'", "'%' || sluice_spread(s) || '%'"),
    (_NEAR, "p.search like any(patterns)", "sluice_spread(p.search) like any(patterns)"),
    (_NEAR, "lower(words) <% p.search", "sluice_spread(lower(words)) <% sluice_spread(p.search)"),
)
