"""What is known of a lead beside its contact: written by a member in the values of the lists, and what is missing.

Product, region, level, channel, campaign, tags and amount are columns; the company's own fields stand in `custom`;
name, company and title are the customer's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from crm.errors_of_catalogue import FieldsNeeded
from crm.rules.access import Actor
from crm.rules.catalogue import CHOICES, Catalogue, Field
from crm.rules.catalogue_values import EXAMPLES
from crm.rules.catalogue_words import OF_PERSON, value
from crm.services import assignments, catalogue, clocks, happenings, scoring, timeline
from crm.services.leads import LeadView
from crm.uow import UnitOfWork

COLUMNS = ("product", "region", "level", "channel", "campaign", "tags")
_OLD = text(
    """
    select product, region, level, channel, campaign, cast(amount as text) as amount, to_jsonb(tags) as tags, custom
    from lead where org_id = :org and id = :lead for no key update
    """
)
_PERSON = text(
    """
    select p.id, p.name, p.company, p.title from person p join lead l on l.org_id = p.org_id and l.person_id = p.id
    where l.org_id = :org and l.id = :lead for no key update of p
    """
)
_SET_PERSON = text(
    """
    update person p set name = coalesce(v ->> 'name', name), company = coalesce(v ->> 'company', company),
           title = coalesce(v ->> 'title', title)
    from lead l, (select cast(:values as jsonb) as v) given
    where l.org_id = :org and l.id = :lead and p.org_id = :org and p.id = l.person_id returning p.id
    """
)
# Only what is named is written; a field without a value leaves `custom`.
_SET = text(
    """
    update lead l set
        product = case when v ? 'product' then v ->> 'product' else product end,
        region = case when v ? 'region' then v ->> 'region' else region end,
        level = case when v ? 'level' then v ->> 'level' else level end,
        channel = case when v ? 'channel' then v ->> 'channel' else channel end,
        campaign = case when v ? 'campaign' then v ->> 'campaign' else campaign end,
        tags = case when v ? 'tags' then array(select jsonb_array_elements_text(v -> 'tags')) else tags end,
        custom = jsonb_strip_nulls(custom || coalesce(v -> 'custom', '{}'))
    from (select cast(:values as jsonb) as v) given
    where l.org_id = :org and l.id = :lead
    """
)
_CUSTOM = text("select custom from lead where org_id = :org and id = :lead")


def edit(uow: UnitOfWork, *, actor: Actor, lead: LeadView, given: Mapping[str, str]) -> int | None:
    """Write values as somebody said them; returns the activity that an undo takes back, None where nothing changed.

    Args:
        given: the lead's columns or `custom.KEY`, as `catalogue_words.pairs` reads them, to words.

    Raises: LeadNotYours, LeadClosed, LeadUnclaimed, FieldWrong, ValueMeant, ValueUnknown, Conflict.
    """
    assignments.own(actor, lead)
    lists = catalogue.of(uow)
    return write(uow, actor=actor, lead=lead, values={name: value(lists, name, words) for name, words in given.items()})


def write(uow: UnitOfWork, *, actor: Actor, lead: LeadView, values: Mapping[str, Any]) -> int | None:
    """Write values of columns and `custom.KEY`; returns the activity, None where nothing changed. Raises: Conflict."""
    old = _before(uow, lead.id, values)
    new = {name: each for name, each in values.items() if old[name] != each}
    if not new:
        return None
    amount = {"amount": new.pop("amount")} if "amount" in new else {}
    _put(uow, lead.id, new)
    activity = timeline.change(
        uow, lead_id=lead.id, verb="edited", actor_id=actor.id, owner=lead.owner_id,
        for_id=lead.owner_id if lead.owner_id != actor.id else None, data={"fields": sorted([*new, *amount])},
        made={"values": {name: old[name] for name in new}}, **amount,
    )  # fmt: skip
    _follow(uow, lead.id)
    return activity


def fill(uow: UnitOfWork, lead: LeadView, named: Mapping[str, str]) -> dict[str, None]:
    """Write columns of which nothing is known yet; returns them as they were, for the activity that tells of it."""
    new = {name: key for name, key in named.items() if getattr(lead, name) is None}
    if new:
        _put(uow, lead.id, new)
        scoring.refresh(uow, [lead.id])
    return dict.fromkeys(new)


def put_back(uow: UnitOfWork, lead_id: int, values: Mapping[str, Any]) -> None:
    """The values as they were before an edit."""
    _put(uow, lead_id, values)
    _follow(uow, lead_id)


def of(uow: UnitOfWork, lead_id: int) -> dict[str, Any]:
    """What stands in the lead's own fields, by their keys; whoever shows it has passed the door of the lead."""
    found = uow.session.scalar(_CUSTOM, {"org": uow.org_id, "lead": lead_id})
    return dict(found or {})


def need(uow: UnitOfWork, lead: LeadView, stage: str) -> None:
    """Raises FieldsNeeded where the lead lacks what that stage, or one before it, asks for."""
    lacking = missing(uow, lead, stage)
    if lacking:
        first = lacking[0]
        names = ", ".join(one.called("en") for one in lacking)
        names_zh = "、".join(one.called("zh") for one in lacking)
        value = _example(catalogue.of(uow), first)
        raise FieldsNeeded(
            ref=lead.ref, fields=names, fields_zh=names_zh, example=f"{first.called('en')} {value}",
            example_zh=f"{first.called('zh')} {value}",
        )  # fmt: skip


def missing(uow: UnitOfWork, lead: LeadView, stage: str) -> list[Field]:
    """The fields without which the lead does not get into that stage."""
    lists = catalogue.of(uow)
    wanted = [one for one in lists.open_fields if one.required_stage is not None]
    if not wanted:
        return []
    order = {entry.key: entry.position for entry in lists.lists.get("stage", ())}
    here = order.get(stage, -1)
    due = [one for one in wanted if order.get(str(one.required_stage), here + 1) <= here]
    have = of(uow, lead.id) if due else {}
    return [one for one in due if have.get(one.key) in (None, "", [])]


def _example(lists: Catalogue, field: Field) -> str:
    offered = lists.offered(field.list)
    return offered[0].name if offered else EXAMPLES[field.kind]


def _before(uow: UnitOfWork, lead_id: int, values: Mapping[str, Any]) -> dict[str, Any]:
    row = dict(uow.session.execute(_OLD, {"org": uow.org_id, "lead": lead_id}).mappings().one())
    custom = row["custom"]
    if any(name in OF_PERSON for name in values):
        row |= {**uow.session.execute(_PERSON, {"org": uow.org_id, "lead": lead_id}).mappings().one()}
    return {name: custom.get(name.removeprefix(CHOICES)) if name.startswith(CHOICES) else row[name] for name in values}


def _put(uow: UnitOfWork, lead_id: int, values: Mapping[str, Any]) -> None:
    own = {name.removeprefix(CHOICES): each for name, each in values.items() if name.startswith(CHOICES)}
    columns = {name: each for name, each in values.items() if name in COLUMNS}
    written = json.dumps(columns | ({"custom": own} if own else {}))
    uow.session.execute(_SET, {"org": uow.org_id, "lead": lead_id, "values": written})
    person = {name: each for name, each in values.items() if name in OF_PERSON}
    if person:
        args = {"org": uow.org_id, "lead": lead_id, "values": json.dumps(person)}
        happenings.write_changed(uow, uow.session.scalars(_SET_PERSON, args).all())


def _follow(uow: UnitOfWork, lead_id: int) -> None:
    """Points and clocks depend on what is known of a lead."""
    scoring.refresh(uow, [lead_id])
    clocks.restart(uow, [lead_id])
