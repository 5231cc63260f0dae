"""Managed lists and custom fields; names by their sound.

A list without entries means that any words will do, so nothing changes for a company that sets none up. The former
`sluice_alike` and `sluice_search` stay for processes that still run the former version while this is applied.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"

TENANT_TABLES = ("list_entry", "custom_field", "list_change")
NO_WORDS = sa.text("'{}'")


def upgrade() -> None:
    _entries()
    _fields()
    _changes()
    for table in ("stage", "source"):
        op.add_column(table, sa.Column("aliases", postgresql.ARRAY(sa.Text()), server_default=NO_WORDS, nullable=False))
    op.add_column("stage", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("source", sa.Column("name_zh", sa.Text(), nullable=True))
    _sounds()
    _row_security()


def downgrade() -> None:
    raise RuntimeError("Sluice does not migrate backwards: restore the backup made before the upgrade.")


def _entries() -> None:
    op.create_table(
        "list_entry",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("aliases", postgresql.ARRAY(sa.Text()), server_default=NO_WORDS, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("standard", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_list_entry_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_list_entry")),
        sa.UniqueConstraint("org_id", "list", "key", name=op.f("uq_list_entry_org_id_list_key")),
    )
    op.create_index(
        "uq_list_entry_standard", "list_entry", ["org_id", "list"], unique=True, postgresql_where=sa.text("standard")
    )


def _fields() -> None:
    op.create_table(
        "custom_field",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("aliases", postgresql.ARRAY(sa.Text()), server_default=NO_WORDS, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("required_stage", sa.Text(), nullable=True),
        sa.Column("sensitive", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("shown", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind in ('text','number','amount','date','choice','choices','yes_no')", name=op.f("ck_custom_field_kind")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_custom_field_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_custom_field")),
        sa.UniqueConstraint("org_id", "key", name=op.f("uq_custom_field_org_id_key")),
    )


def _changes() -> None:
    op.create_table(
        "list_change",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("moved", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_list_change_org_id")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_list_change")),
    )


def _sounds() -> None:
    op.add_column("person", sa.Column("sound", sa.Text(), nullable=True))
    op.add_column("person", sa.Column("firm", sa.Text(), nullable=True))
    op.create_index(
        "ix_person_firm", "person", ["org_id", "firm"], postgresql_ops={"firm": "text_pattern_ops"},
        postgresql_where=sa.text("firm <> ''"),
    )  # fmt: skip
    op.create_index(
        "ix_person_sound", "person", ["org_id", "sound"], postgresql_ops={"sound": "text_pattern_ops"},
        postgresql_where=sa.text("sound <> ''"),
    )  # fmt: skip
    op.create_index(
        "ix_person_unheard", "person", ["org_id", "id"], postgresql_where=sa.text("sound is null or firm is null")
    )
    op.execute(
        """
        create function sluice_unheard() returns trigger language plpgsql as $$
        begin
            if new.name is distinct from old.name then
                new.sound := null;
            end if;
            if new.company is distinct from old.company then
                new.firm := null;
            end if;
            return new;
        end $$
        """
    )
    op.execute(
        "create trigger person_renamed before update of name, company on person for each row"
        " when (new.name is distinct from old.name or new.company is distinct from old.company)"
        " execute function sluice_unheard()"
    )
    op.execute(_ALIKE)
    op.execute(_SEARCH)


# As before; then those whose name sounds the same, by themselves, beside the company and by the end of the phone, and
# those whose name is a spelling of it. Few statements, because each is planned anew.
_ALIKE = r"""
create function sluice_alike(names text[], sounds text[], spellings text[], cores text[], domains text[],
                             numbers text[], tails text[], most int)
returns table (person_id bigint)
language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    org bigint := nullif(current_setting('sluice.org_id', true), '')::bigint;
    patterns text[] := array(select '%' || c || '%' from unnest(cores) c);
begin
    return query select a.person_id from sluice_alike(names, cores, domains, numbers, most) a;
    if cardinality(cores) > 0 then
        return query
            select p.id from person p
            where p.org_id = org and p.firm = any(cores) and p.firm <> '' and p.merged_into is null limit most;
    end if;
    if cardinality(sounds) = 0 then
        return;
    end if;
    return query
        select f.id from unnest(sounds) heard cross join lateral (
            select p.id from person p
            where p.org_id = org and p.sound = heard and p.sound <> '' and p.merged_into is null limit most) f
        union all
        select f.id from unnest(spellings) spelt cross join lateral (
            select p.id from person p
            where p.org_id = org and p.search ~>=~ (spelt || ' ') and p.search ~<~ (spelt || '!')
              and p.merged_into is null limit most) f
        union all
        select f.id from unnest(tails) ending cross join lateral (
            select p.id from person_key k join person p on p.org_id = k.org_id and p.id = k.person_id
            where k.org_id = org and k.kind = 'phone' and k.tail ~>=~ ending and k.tail ~<~ (ending || ':')
              and p.sound = any(sounds) and p.merged_into is null limit most) f;
    if cardinality(patterns) > 0 then
        return query
            select p.id from person p
            where p.org_id = org and p.sound = any(sounds) and p.sound <> '' and p.search like any(patterns)
              and p.merged_into is null limit most;
    end if;
end $$
"""
# As before; and by the sound of a Chinese name, whole or by its initials (`wf wangfang`), where the words may be one.
# Two characters are too few for a trigram: they begin a name, a word or the core of a company, and only where two
# Chinese ones begin none is everything read.
_SEARCH = r"""
create function sluice_search(words text, ending text, sounds text[], me bigint, my_role text, my_path bigint[],
                              my_teams bigint[], sees_all boolean, most int)
returns table (person_id bigint)
language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    org bigint := nullif(current_setting('sluice.org_id', true), '')::bigint;
    plain text := replace(replace(replace(lower(words), '\', '\\'), '%', '\%'), '_', '\_');
    is_short boolean := char_length(words) = 2;
    team bigint[];
    pools bigint[];
    seen bigint[];
    alike bigint[];
begin
    if not is_short then
        return query
            select s.person_id from sluice_search(words, ending, me, my_role, my_path, my_teams, sees_all, most) s;
        if cardinality(sounds) = 0 then
            return;
        end if;
    end if;
    team := array(
        select m.id from member m left join department d on d.org_id = m.org_id and d.id = m.department_id
        where m.org_id = org and (m.id = me or d.path && my_teams));
    pools := array(
        select ps.pool_id from pool_scope ps
        where ps.org_id = org and (ps.member_id = me or ps.role = my_role or ps.department_id = any(my_path)
              or ps.department_id in (select d.id from department d where d.org_id = org and d.path && my_teams)));
    seen := array(
        select p.id from lead l join person p on p.org_id = l.org_id and p.id = l.person_id
        where l.org_id = org and l.owner_id = any(team) and l.status = 'open'
          and (is_short and p.search like '%' || plain || '%'
               or exists (select from unnest(sounds) heard where p.sound like heard || '%'))
        order by l.owner_id <> me, l.id desc limit most);
    return query select unnest(seen);
    alike := array(
        select f.id from unnest(sounds) heard cross join lateral (
            select p.id from person p
            where p.org_id = org and p.sound ~>=~ heard and p.sound ~<~ (heard || '~') and p.sound <> ''
              and p.merged_into is null limit 500) f
        union all
        (select p.id from person p where is_short and p.org_id = org and p.search like plain || '%'
           and p.merged_into is null limit 500)
        union all
        (select p.id from person p where is_short and p.org_id = org and p.search like '% ' || plain || '%'
           and p.merged_into is null limit 500)
        union all
        (select p.id from person p where is_short and p.org_id = org and p.firm like plain || '%' and p.firm <> ''
           and p.merged_into is null limit 500));
    return query
        select a.id from unnest(alike) as a(id)
        where sees_all or exists (
            select from lead l where l.org_id = org and l.person_id = a.id and l.status <> 'void'
              and (l.owner_id = any(team) or (l.owner_id is null and l.pool_id = any(pools))))
        limit most;
    if is_short and octet_length(words) > 2 and cardinality(seen || alike) = 0 then
        return query
            select s.person_id from sluice_search(words, ending, me, my_role, my_path, my_teams, sees_all, most) s;
    end if;
end $$
"""


def _row_security() -> None:
    for table in TENANT_TABLES:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy owner_all on {table} to current_user using (true) with check (true)")
        op.execute(
            f"create policy tenant on {table} to sluice_app "
            "using (org_id = nullif(current_setting('sluice.org_id', true), '')::bigint)"
        )
