"""Stages: where a lead stands, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from crm.errors import CapacityReached, Conflict, LeadNotFound, LeadNotYours, StageNotFound
from crm.errors_of_pools import LevelFull, SourceFull
from crm.errors_of_privacy import PersonErased
from crm.rules.access import Actor
from crm.rules.catalogue_words import known, leading
from crm.services import (
    assignments,
    catalogue,
    claim_checks,
    clocks,
    counting,
    creation,
    lead_values,
    lines,
    tasks,
    timeline,
)
from crm.services.leads import LeadView, need_workable
from crm.uow import UnitOfWork

FULL = (CapacityReached, LevelFull, SourceFull)
_STAGES = text(
    """
    select s.key, s.name, s.name_zh, s.funnel, s.position, s.aliases from stage s
    join pipeline p on p.org_id = s.org_id and p.id = s.pipeline_id
    join lead l on l.org_id = p.org_id and l.line_id = p.line_id
    where s.org_id = :org and l.id = :lead and (s.retired_at is null or s.key = l.stage) order by s.position
    """
)
_STATUS = text("select status from lead where org_id = :org and id = :lead for no key update")


@dataclass(frozen=True, slots=True)
class StageView:
    key: str
    name: str
    name_zh: str
    funnel: str
    position: int
    aliases: Sequence[str] = ()


def stages(uow: UnitOfWork, lead_id: int) -> list[StageView]:
    """The steps that a lead can take, in order."""
    return [StageView(*row) for row in uow.execute(_STAGES, {"org": uow.org_id, "lead": lead_id})]


def find_stage(uow: UnitOfWork, lead_id: int, words: str) -> StageView:
    """A stage by key, by its English or Chinese name, by the beginning of one, or by an end that no other one has:
    people say 报价 where the company wrote 已报价. Raises StageNotFound.
    """
    given = words.strip().lower()
    every = stages(uow, lead_id)
    exact = [stage for stage in every if given in (stage.key, stage.name.lower(), stage.name_zh, *stage.aliases)]
    near = [
        stage for stage in every if given and (stage.name.lower().startswith(given) or stage.name_zh.startswith(given))
    ]
    ended = [stage for stage in every if given and stage.name_zh.endswith(given)]
    near = near or (ended if len(ended) == 1 else [])
    if not (exact or near):
        names, names_zh = ", ".join(stage.name for stage in every), "、".join(stage.name_zh for stage in every)
        raise StageNotFound(given=words.strip(), names=names, names_zh=names_zh)
    return (exact or near)[0]


def move(uow: UnitOfWork, *, actor: Actor, lead: LeadView, stage: StageView) -> None:
    """Put a lead into a stage; won and lost close it, any other opens it again.

    Raises: LeadNotYours, FieldsNeeded, MemberFull, CapacityReached where the lead filled nothing before and there is
        no room.
    """
    if stage.funnel == "won":
        return won(uow, actor=actor, lead=lead)
    if stage.funnel == "lost":
        return lost(uow, actor=actor, lead=lead, reason="")
    if lead.status != "open":
        return reopen(uow, actor=actor, lead=lead, stage=stage)
    assignments.own(actor, lead)
    lead_values.need(uow, lead, stage.key)
    timeline.change(
        uow, lead_id=lead.id, verb="stage", actor_id=actor.id, for_id=_other(actor, lead),
        data={"from": lead.stage, "to": stage.key}, owner=lead.owner_id, stage=stage.key, stage_entered_at=uow.now,
    )  # fmt: skip
    recount(uow, lead)
    clocks.restart(uow, [lead.id])
    return None


def recount(uow: UnitOfWork, lead: LeadView) -> None:
    """The lead stands in another open stage. Raises: MemberFull, CapacityReached where it filled nothing before."""
    try:
        counting.restage(uow, lead.id)
    except FULL as full:
        raise claim_checks.told_of(full, lead.owner_id, mine=lead.mine) from None


def won(
    uow: UnitOfWork, *, actor: Actor, lead: LeadView, amount: Decimal | None = None, currency: str | None = None
) -> None:
    """The customer bought: the lead leaves the clocks and the owner's capacity, and the credit is written.

    Raises: LeadNotYours, FieldsNeeded.
    """
    assignments.own(actor, lead)
    lead_values.need(uow, lead, next((stage.key for stage in stages(uow, lead.id) if stage.funnel == "won"), "won"))
    money = {"amount": amount, "currency": currency or lead.currency} if amount is not None else {}
    _close(uow, actor, lead, "won", None, money)
    uow.session.execute(
        text(
            "insert into credit (org_id, lead_id, member_id, part, share, rule_set_id, at)"
            " values (:org, :lead, :owner, 'owner', 1, :rules, :now)"
        ),
        {
            "org": uow.org_id,
            "lead": lead.id,
            "owner": lead.owner_id or actor.id,
            "rules": uow.rule_set_id,
            "now": uow.now,
        },
    )
    lines.park_following(uow, lead_id=lead.id, seller_id=lead.owner_id or actor.id, actor_id=actor.id)


def lost(uow: UnitOfWork, *, actor: Actor, lead: LeadView, reason: str) -> None:
    """The customer will not buy; the reason is for the funnel, one of the list where there is one.

    Raises: LeadNotYours, ValueMeant, ValueUnknown.
    """
    assignments.own(actor, lead)
    _close(uow, actor, lead, "lost", reason.strip() or None, {})


def _listed(uow: UnitOfWork, reason: str | None) -> str | None:
    """The reason as the list has it, also of a sentence that begins with it."""
    lists = catalogue.of(uow)
    if reason is None:
        standard = lists.standard("lost_reason")
        return standard.key if standard else None
    begun = leading(lists, "lost_reason", reason) if lists.is_managed("lost_reason") else None
    return begun.key if begun else known(lists, "lost_reason", reason)


def reopen(uow: UnitOfWork, *, actor: Actor, lead: LeadView, stage: StageView) -> None:
    """A closed lead is worked on again by its owner, if there is room and no newer lead of the customer.

    Raises: LeadNotYours, CapacityReached, MemberFull, Conflict, PersonErased, and what `creation` refuses of it.
    """
    if lead.erased_at:
        raise PersonErased(ref=lead.ref)
    if lead.status == "void":
        raise LeadNotFound(ref=lead.ref)
    if lead.owner_id is None or (lead.owner_id != actor.id and not actor.is_manager):
        raise LeadNotYours(ref=lead.ref, owner_id=lead.owner_id)
    need_workable(lead)
    if uow.session.scalar(_STATUS, {"org": uow.org_id, "lead": lead.id}) == "open":
        raise Conflict
    newer = timeline.other_open(uow, lead.id)
    if newer is not None:
        creation.refuse_open(uow, actor, newer)
    credit = counting.void_credit(uow, lead.id)
    lines.unpark(uow, parent_id=lead.id)
    timeline.change(
        uow, lead_id=lead.id, verb="reopened", actor_id=actor.id, for_id=_other(actor, lead), made={"credit": credit},
        data={"from": lead.stage, "to": stage.key}, stage=stage.key, status="open",
        stage_entered_at=uow.now, closed_at=None, lost_reason=None,
    )  # fmt: skip
    try:
        counting.count_again(uow, lead_id=lead.id)
    except FULL as full:
        raise claim_checks.told_of(full, lead.owner_id, mine=lead.mine) from None
    clocks.restart(uow, [lead.id])


def _close(
    uow: UnitOfWork, actor: Actor, lead: LeadView, status: str, reason: str | None, money: Mapping[str, Any]
) -> None:
    stage = next((stage for stage in stages(uow, lead.id) if stage.funnel == status), None)
    listed = _listed(uow, reason) if status == "lost" else None
    closed = tasks.close_open(uow, lead_id=lead.id, member_id=lead.owner_id or actor.id, state="done")
    timeline.change(
        uow, lead_id=lead.id, verb=status, actor_id=actor.id, for_id=_other(actor, lead), words=reason,
        data={"from": lead.stage, **money}, made={"tasks_closed": closed}, owner=lead.owner_id, status=status,
        stage=stage.key if stage else status, stage_entered_at=uow.now, closed_at=uow.now, lost_reason=listed,
        recycle_at=None, recycle_rule=None, warn_at=None, held_by=None, held_since=None, held_until=None,
        held_for=None, **money,
    )  # fmt: skip
    counting.count_off(uow, lead_id=lead.id, how="converted" if status == "won" else "lost", reason=listed)


def _other(actor: Actor, lead: LeadView) -> int | None:
    """The owner, when somebody else acts for her."""
    return lead.owner_id if lead.owner_id != actor.id else None
