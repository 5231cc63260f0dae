"""The search for people who may be somebody known already: by name, company, e-mail domain and phones nearly the same.

Like `sluice_search` it runs as the owner, fenced by hand, because under row security its indexes are not used. It tells
ids only; what may be shown of them is decided where they are read. Self-sourced leads fill nobody's capacity.
"""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_index(
        "ix_person_name", "person", ["org_id", "search"], unique=False, postgresql_ops={"search": "text_pattern_ops"}
    )
    op.execute(_ALIKE)
    # Those entered by hand were not counted when they came, and must not be counted off when they go.
    op.execute("update lead set counts = false where origin = 'self' and counts")


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")


# Each look is bounded: a name that thousands have says little by itself, and beside its company it is found by both.
_ALIKE = r"""
create function sluice_alike(names text[], cores text[], domains text[], numbers text[], most int)
returns table (person_id bigint)
language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    org bigint := nullif(current_setting('sluice.org_id', true), '')::bigint;
    called text;
    core text;
    domain text;
begin
    foreach called in array names loop
        foreach core in array cores loop
            return query
                select p.id from person p
                where p.org_id = org and p.search like called || ' %' and p.search like '%' || core || '%'
                  and p.merged_into is null limit most;
        end loop;
        return query
            select p.id from person p where p.org_id = org and p.search like called || ' %' and p.merged_into is null
            limit most;
    end loop;
    foreach core in array cores loop
        -- Two characters within a word are no trigram, two at its beginning are.
        core := case when char_length(core) < 3 then ' ' || core else core end;
        return query
            select p.id from person p where p.search like '%' || core || '%' and p.org_id = org
              and p.merged_into is null limit most;
    end loop;
    foreach domain in array domains loop
        return query
            select k.person_id from person_key k
            where k.org_id = org and k.kind = 'email' and k.tail like reverse('@' || domain) || '%' limit most;
    end loop;
    return query
        select k.person_id from person_key k
        where k.org_id = org and k.kind = 'phone' and k.value = any(numbers) limit most;
end $$
"""
