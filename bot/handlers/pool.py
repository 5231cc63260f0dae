"""The pool: look, claim, give back, hold on to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from rapidfuzz import fuzz, process

from bot.arguments import Many, RawRef, Rest, Word, meant
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm.errors import PoolNotFound
from crm.errors_of_pools import ClaimUnclear
from crm.services import assignments, leads, pools, recent_leads, warnings
from crm.services.assignments import Claimed
from crm.services.leads import LeadView

MODULE = "core"
MOST_AT_ONCE = 20
_NEXT = frozenset({"next", "best", "one", "下一个", "下一条", "下一位", "一个", "一条", "最好的", "单", "一单"})
_TO_POOL = re.compile(r"(?:^|(?<=[\s,，。]))(?:to\s+|→|回?到)\s*((?:the\s+)?pool\s+|线索池)?\s*", re.IGNORECASE)


@command(
    "pool",
    "公海",
    "线索池",
    help=_("Leads that you can claim"),
    example="pool east",
    example_zh="公海 华东",
    topic="pool",
)
@action("pool")
def pool(context: Context, words: Rest | None = None) -> Reply:
    given = (words or "").strip()
    try:
        found = pools.find(context.uow, actor=context.actor, words=given).id if given else None
    except PoolNotFound:
        return context.reply(
            "pool", pool=None, leads=[x.id for x in pools.listing(context.uow, actor=context.actor, words=given)]
        )
    listed = pools.listing(context.uow, actor=context.actor, pool_id=found)
    return context.reply("pool", pool=found, leads=[lead.id for lead in listed])


@command(
    "claim",
    "领取",
    "抢",
    "领一条",
    "领下一条",
    help=_("Take a lead: its number, next, or how many"),
    example="claim L-1042",
    example_zh="领取 L-1042",
    topic="pool",
)
def claim(context: Context, what: Rest | None = None) -> Reply:
    if not what:
        return _claim_alone(context)
    words = what.strip().lower()
    if words in _NEXT or (words.isascii() and process.extractOne(words, _NEXT, scorer=fuzz.ratio, score_cutoff=80)):
        return claim_next(context)
    many = re.fullmatch(r"(\d{1,2})\s*(?:个|条|leads?)?", words)
    if many and int(many[1]) <= MOST_AT_ONCE:
        return claim_many(context, Many(int(many[1])))
    number = leads.parse_ref(words)
    return claim_one(context, RawRef(f"L-{number}") if number is not None else meant(context, what, _("claim L-1042")))


def _claim_alone(context: Context) -> Reply:
    """The word alone: the quoted lead, else the next one. Raises ClaimUnclear after a look at one that is free."""
    if context.quoted.startswith("L"):
        return claim_one(context, RawRef(context.quoted))
    seen = recent_leads.last(context.uow, actor=context.actor, place=context.place)
    if seen is not None and seen.status == "open" and seen.owner_id is None and seen.pool_id is not None:
        raise ClaimUnclear(ref=seen.ref)  # a claim is counted for good, so that a wrong guess would cost one
    return claim_next(context)


@action("lead.claim", was=("pool.claim",), guards=False)
def claim_one(context: Context, ref: RawRef) -> Reply:
    won = assignments.claim(context.uow, actor=context.actor, ref=ref)
    if context.interaction.conversation and context.interaction.kind == "action":
        # The group's card changes for everybody by itself; the winner gets the contact in private.
        return _claimed(context.beside, won)
    return _claimed(context.reply, won)


@action("claim.next", guards=False)
def claim_next(context: Context) -> Reply:
    won = assignments.claim_best(context.uow, actor=context.actor)
    return _claimed(context.reply, won[0])


def _claimed(answer: Callable[..., Reply], won: Claimed) -> Reply:
    return replace(answer("claimed", lead=won.lead_id), known={"load": won.load, "undo": won.activity_id})


@action("claim.many", guards=False)
def claim_many(context: Context, many: Many) -> Reply:
    won = assignments.claim_best(context.uow, actor=context.actor, many=many)
    stopped = _stopped(won[-1]) if len(won) < many else {"by": "nothing"}
    return context.reply("claimed_many", leads=[each.lead_id for each in won], wanted=many, stopped=stopped)


def _stopped(last: Claimed) -> dict[str, object]:
    """Which limit ended a claim of several, with its figures; `pool` when nothing more was there."""
    load = last.load
    limits = (("capacity", load.held, load.cap), ("day", load.today, load.per_day), ("week", load.week, load.per_week))
    for by, used, cap in limits:
        if cap is not None and used >= cap:
            return {"by": by, "used": used, "limit": cap}
    if last.stopped is not None:
        return {"by": "refusal", "code": last.stopped.code, "data": last.stopped.data}
    return {"by": "pool"}


@command(
    "release",
    "释放",
    "退回",
    help=_("Give a lead back to its pool, or to another, with a reason"),
    example="release L-1042 not my region",
    example_zh="释放 L-1042 不在我的区域",
    topic="pool",
)
@action("lead.release")
def release(context: Context, lead: LeadView, reason: Rest | None = None) -> Reply:
    given = context.fields.get("reason") or reason
    if not given:
        assignments.own(context.actor, lead)
        return replace(context.reply("release_why", about=lead.id), asks=("lead.release", lead.ref))
    given, pool_id = _to_pool(context, given)
    pool = assignments.release(context.uow, actor=context.actor, lead=lead, reason=given, pool_id=pool_id)
    return context.reply("released", ref=lead.ref, lead=lead.id, pool=pool)


@action("lead.release_to")
def release_elsewhere(context: Context, lead: LeadView) -> Reply:
    """Give it back to another pool than the one it came from: a form."""
    return context.form("release_form", lead=lead.id)


def _to_pool(context: Context, words: str) -> tuple[str, int | None]:
    """The reason, and the pool that a form or the last words (`to pool North`, `到 北区`) name.

    Raises: PoolNotFound where a pool is plainly meant and there is none; other last words belong to the reason.
    """
    if chosen := context.fields.get("pool"):
        return words, pools.named(context.uow, chosen).id
    for said in reversed(list(_TO_POOL.finditer(words))):
        try:
            pool = pools.named(context.uow, words[said.end() :])
        except PoolNotFound:
            if said[1]:
                raise
            continue
        return words[: said.start()].strip(" ,，。.") or words, pool.id
    return words, None


@command(
    "extend",
    "延期",
    help=_("Keep a lead a little longer, with a reason"),
    example="extend L-1042 waiting for their budget",
    example_zh="延期 L-1042 等预算",
    topic="pool",
)
@action("lead.extend")
def extend(context: Context, lead: LeadView, reason: Rest | None = None) -> Reply:
    warnings.extend(context.uow, actor=context.actor, lead=lead, reason=context.fields.get("reason") or reason or "")
    return context.reply("lead", lead=lead.id, note="extended")


@action("lead.dismiss", guards=False)
def dismiss(context: Context, _word: Word | None = None) -> Reply:
    """Close a hint without doing anything."""
    return context.reply("dismissed")
