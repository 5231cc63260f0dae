"""One customer, one record: making two one after a look at what it changes, and taking it apart again."""

from __future__ import annotations

from typing import cast

from bot.arguments import Id, Rest, Word
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm.errors import LeadNotFound, OldCard
from crm.services import arbitration, arbitration_views, importing, leads, merging, unmerging
from crm.services.leads import LeadView
from crm.services.pairs import Answer
from crm.services.unmerging import Parted

MODULE = "duplicates"
SHOWN = 8


@command(
    "merge",
    "合并",
    help=_("Make two customers one, with all that belongs to them; first you see who keeps what"),
    example="merge L-1042 L-1043",
    example_zh="合并 L-1042 L-1043",
    topic="leads",
)
@action("merge.ask", guards=False)
def merge(context: Context, lead: LeadView, other: Rest | None = None) -> Reply:
    number = leads.parse_ref(other or "")
    if number is None:
        return _pick(context, lead, (other or "").strip())
    return _preview(context, lead, leads.access(context.uow, actor=context.actor, ref=f"L-{number}"))


@action("merge.confirm", guards=False)
def confirm(context: Context, lead: LeadView, ref: Word, losing: Word) -> Reply:
    """Done only as it was shown: where another lead would be closed by now, that is shown instead."""
    other = leads.access(context.uow, actor=context.actor, ref=str(ref))
    planned = merging.preview(context.uow, actor=context.actor, one=lead, other=other)
    if _named(planned.losing) != losing:
        return _preview(context, lead, other)
    merged = merging.merge(context.uow, actor=context.actor, one=lead, other=other)
    lost = [[gone.number, kept.number, gone.owner_id] for kept, gone in merged.plan.losses]
    return context.reply("merge_done", lead=merged.plan.lead_id, lost=lost)


@command(
    "unmerge",
    "拆分",
    "取消合并",
    help=_("Take apart what was merged: both leads, their tasks, owners and history are as before"),
    example="unmerge L-1042",
    example_zh="拆分 L-1042",
    topic="leads",
)
@action("merge.undo", guards=False)
def unmerge(context: Context, lead: LeadView) -> Reply:
    parted = unmerging.unmerge(context.uow, actor=context.actor, ref=lead.was or lead.ref)
    context.uow.instead = None
    context.stays()
    return apart(context, parted)


def apart(context: Context, parted: Parted) -> Reply:
    """What became of the leads of a merge that was taken back."""
    return context.reply(
        "merge_undone", lead=parted.lead_id, leads=list(parted.back_ids), pooled=list(parted.pooled_ids),
        kept=list(parted.kept_ids),
    )  # fmt: skip


def _preview(context: Context, one: LeadView, other: LeadView) -> Reply:
    planned = merging.preview(context.uow, actor=context.actor, one=one, other=other)
    return context.reply(
        "merge_preview", lead=one.id, other=other.id, losing=_named(planned.losing),
        lost=[[gone.number, kept.number, gone.owner_id, kept.owner_id] for kept, gone in planned.losses],
    )  # fmt: skip


def _pick(context: Context, lead: LeadView, words: str) -> Reply:
    """With whom? Those whose name, company or phone fits the words."""
    found = leads.find(context.uow, actor=context.actor, words=words) if words else []
    others = [each.id for each in found if each.person_id != lead.person_id]
    if words and not others:
        raise LeadNotFound(ref=words)
    return context.reply("merge_pick", lead=lead.id, leads=others[:SHOWN])


def _named(lead_ids: tuple[int, ...]) -> str:
    """The leads that would be closed, as a button carries them."""
    return ".".join(str(lead_id) for lead_id in lead_ids) or "none"


@action("merge.person", guards=False)
def merge_person(context: Context, lead: LeadView, person: Id) -> Reply:
    """With somebody who has no lead, and whom only an admin sees."""
    actor = context.need_admin()
    merged = merging.join(context.uow, lead.person_id, person, by=actor)
    return context.reply("merge_done", lead=merged.plan.lead_id, lost=[])


@action("duplicate.decide", guards=False)
def decide(context: Context, pair: Id, answer: Word) -> Reply:
    if answer not in arbitration.STATES:
        raise OldCard
    arbitration.decide(context.uow, actor=context.actor, pair_id=pair, answer=cast(Answer, answer))
    context.stays()
    return context.reply("duplicate_found", pair=pair, lead=None)


@action("duplicate.ask", guards=False)
def ask_first(context: Context, job: Id) -> Reply:
    """Before somebody is entered who looks like a colleague's customer: the manager decides."""
    rows = importing.rows_of(importing.get(context.uow, actor=context.actor, job_id=job))
    found = arbitration_views.like(context.uow, rows[0].arrival) if len(rows) == 1 else None
    if found is None:
        raise OldCard
    pair = arbitration.ask(context.uow, actor=context.actor, job_id=job, found=found)
    context.stays()
    return context.reply("duplicate_asked", pair=pair)
