"""Names that were meant: search for what resembles the words, when nothing is called just so."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.execute(_RESEMBLING)


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")


# Fenced like `sluice_search`, and like it run by the owner, because under row security its indexes are not used. By
# the words, with a letter or two wrong; by other spellings; by whole sounds. The nearest of each, from no more
# candidates than can be looked at in the time a person waits.
_RESEMBLING = r"""
create function sluice_resembling(words text, spellings text[], sounds text[], me bigint, my_role text,
                                  my_path bigint[], my_teams bigint[], sees_all boolean, most int)
returns table (person_id bigint)
language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    org bigint := nullif(current_setting('sluice.org_id', true), '')::bigint;
    patterns text[] := array(select '%' || s || '%' from unnest(spellings) s);
    team bigint[];
    pools bigint[];
    alike bigint[];
begin
    perform set_config('pg_trgm.word_similarity_threshold', '0.45', true);
    team := array(
        select m.id from member m left join department d on d.org_id = m.org_id and d.id = m.department_id
        where m.org_id = org and (m.id = me or d.path && my_teams));
    pools := array(
        select ps.pool_id from pool_scope ps
        where ps.org_id = org and (ps.member_id = me or ps.role = my_role or ps.department_id = any(my_path)
              or ps.department_id in (select d.id from department d where d.org_id = org and d.path && my_teams)));
    alike := array(
        select f.id from (
            select p.id from person p
            where p.org_id = org and p.sound = any(sounds) and p.sound <> '' and p.merged_into is null limit 500) f
        union all
        select f.id from (
            select p.id from person p
            where cardinality(patterns) > 0 and p.search like any(patterns) and p.org_id = org
              and p.merged_into is null limit 500) f
        union all
        select f.id from (
            select n.id from (
                select p.id, p.search from person p
                where lower(words) <% p.search and p.org_id = org and p.merged_into is null limit 3000) n
            order by word_similarity(lower(words), n.search) desc limit 500) f);
    return query
        select distinct a.id from unnest(alike) as a(id)
        where sees_all or exists (
            select from lead l where l.org_id = org and l.person_id = a.id and l.status <> 'void'
              and (l.owner_id = any(team) or (l.owner_id is null and l.pool_id = any(pools))))
        limit most;
end $$
"""
