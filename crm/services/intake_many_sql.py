"""The statements by which many leads come in at once: see `intake_many`.

What many rows return comes as one word each, which takes the driver a tenth of the time.
"""

from __future__ import annotations

from sqlalchemy import text

# Ids are drawn beforehand, so that what belongs together is written together.
IDS = text(
    """
    with made as materialized (
        select cast(pg_get_serial_sequence('person', 'id') as regclass) as persons,
               cast(pg_get_serial_sequence('lead', 'id') as regclass) as leads
    )
    select (select string_agg(cast(id as text), ' ')
            from (select nextval(made.persons) as id from generate_series(1, :persons)) drawn) as persons,
           (select string_agg(cast(id as text), ' ')
            from (select nextval(made.leads) as id from generate_series(1, :leads)) drawn) as leads,
           (select string_agg(cast(n as text), ' ') from sluice_next_numbers(:org, :leads) n) as numbers
    from made
    """
)
# Keys in their order, so that two imports wait for each other and never in a circle.
PERSONS = text(
    """
    with made as (
        insert into person (org_id, id, name, sound, company, firm, title, note, created_at)
        select :org, p.*, '', :now from unnest(cast(:ids as bigint[]), cast(:names as text[]), cast(:sounds as text[]),
            cast(:companies as text[]), cast(:firms as text[]), cast(:jobs as text[]))
            as p(id, name, sound, company, firm, title)
    ), claimed as (
        insert into person_key (org_id, person_id, kind, value)
        select :org, k.* from unnest(cast(:persons as bigint[]), cast(:kinds as text[]), cast(:values as text[]))
            as k(person_id, kind, value)
        order by k.kind, k.value
        on conflict do nothing returning person_id
    )
    select string_agg(cast(person_id as text), ' ') from claimed
    """
)
ALIVE = text(
    """
    select id from person where org_id = :org and id = any(:persons) and merged_into is null
    order by id for key share
    """
)
FORGET = text(
    "with keys as (delete from person_key where org_id = :org and person_id = any(:persons))"
    " delete from person where org_id = :org and id = any(:persons)"
)
LEADS = text(
    """
    with given as materialized (
        select * from unnest(cast(:ids as bigint[]), cast(:numbers as bigint[]), cast(:persons as bigint[]),
            cast(:referrers as text[]), cast(:channels as text[]), cast(:campaigns as text[]), cast(:levels as text[]),
            cast(:products as text[]), cast(:regions as text[]), cast(cast(:amounts as text[]) as numeric[]),
            cast(:currencies as text[]), cast(:scores as bigint[]), cast(:reasons as text[]),
            cast(:moments as timestamptz[]), cast(:tags as text[]), cast(:customs as text[]), cast(:notes as text[]),
            cast(:data as text[]))
            as r(id, number, person, referrer, channel, campaign, level, product, region, amount, currency, score,
                 score_reasons, score_at, tags, custom, note, data)
    ), opened as (
        insert into lead (org_id, id, number, person_id, line_id, status, stage, pool_id, source_id, origin, referrer,
            channel, campaign, level, product, region, amount, currency, score, score_reasons, score_at, tags, custom,
            version, created_by, created_at, pool_entered_at, stage_entered_at, warn_step, extensions, touches)
        select :org, r.id, r.number, r.person, :line, 'open', :stage, :pool, :source, :origin, r.referrer, r.channel,
            r.campaign, r.level, r.product, r.region, r.amount, r.currency, r.score, cast(r.score_reasons as jsonb),
            r.score_at, cast(r.tags as text[]), cast(r.custom as jsonb), 1, :actor, :now, :now, :now, 0, 0, 1
        from given r
        on conflict (org_id, person_id, line_id) where status = 'open' do nothing
        returning id
    ), told as (
        insert into activity (org_id, lead_id, actor_id, verb, at, words, data)
        select :org, r.id, :actor, 'created', :now, r.note, cast(r.data as jsonb) from opened join given r using (id)
    )
    select string_agg(cast(id as text), ' ') from opened
    """
)
TOUCHES = text(
    """
    with locked as (
        select id from lead where org_id = :org and id = any(:ids) and status = 'open' order by id for no key update
    )
    update lead set touches = touches + t.many,
           held_until = case when held_by = 'nurture' then cast(:now as timestamptz) else held_until end
    from locked join unnest(cast(:ids as bigint[]), cast(:counts as bigint[])) as t(id, many) on t.id = locked.id
    where org_id = :org and lead.id = locked.id
    returning lead.id, lead.number, lead.owner_id
    """
)
# What was not known of a customer so far; what is known stays.
FILL = text(
    """
    update person set name = coalesce(nullif(person.name, ''), f.name),
        company = coalesce(nullif(person.company, ''), f.company), title = coalesce(nullif(person.title, ''), f.title)
    from unnest(cast(:ids as bigint[]), cast(:names as text[]), cast(:companies as text[]), cast(:jobs as text[]))
        as f(id, name, company, title)
    where org_id = :org and person.id = f.id
      and ((person.name = '' and f.name <> '') or (person.company = '' and f.company <> '')
           or (person.title = '' and f.title <> ''))
    returning person.id
    """
)
AGAIN = text(
    """
    insert into activity (org_id, lead_id, actor_id, verb, at, words, data)
    select :org, a.lead_id, :actor, 'touched', :now, a.words, cast(a.data as jsonb)
    from unnest(cast(:leads as bigint[]), cast(:words as text[]), cast(:data as text[]))
        as a(lead_id, words, data)
    """
)
