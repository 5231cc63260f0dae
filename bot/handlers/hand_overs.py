"""What somebody leaves behind goes to colleagues by one tap, and comes back by another."""

from __future__ import annotations

from bot.arguments import Id, Rest
from bot.context import Context, Reply
from bot.router import action
from crm.services import hand_overs, members

MODULE = "core"


@action("member.split", guards=False)
def split(context: Context, member_id: Id, how: Rest) -> Reply:
    """The proposal, split in another way."""
    hand_overs.may(context.need_manager(), members.get(context.uow, member_id))
    return context.reply("member_left", member=member_id, how=how)


@action("member.hand_over", guards=False)
def hand_over_to(context: Context, member_id: Id) -> Reply:
    """The proposal by which one colleague gets everything."""
    hand_overs.may(context.need_manager(), members.get(context.uow, member_id))
    chosen = context.fields.get("to") or ""
    if not chosen.isdigit():
        return context.form("member_hand_over_form", member=member_id)
    return context.reply("member_left", member=member_id, how=f"one:{chosen}")


@action("hand_over.do", guards=False)
def do(context: Context, hand_over_id: Id, how: Rest) -> Reply:
    """As the card proposed it; a card that proposes what would not come about any more is drawn anew."""
    actor = context.need_manager()
    split_by, _blank, seen = how.partition(" ")
    done = hand_overs.do(context.uow, actor=actor, hand_over_id=hand_over_id, how=split_by, seen=seen)
    if done is None:
        left = hand_overs.of(context.uow, hand_over_id).member_id
        return context.reply("member_left", member=left, how=split_by, changed=True)
    members.remember_past(context.uow, actor)
    return context.reply("hand_over_done", hand_over=done.id)


@action("hand_over.back", guards=False)
def take_back(context: Context, hand_over_id: Id) -> Reply:
    """What nobody has worked on since goes back to whom it came from."""
    actor = context.need_manager()
    leads = hand_overs.take_back(context.uow, actor=actor, hand_over_id=hand_over_id)
    members.remember_past(context.uow, actor)
    return context.reply("hand_over_back", hand_over=hand_over_id, count=len(leads))


@action("transfer.duties", guards=False)
def duties(context: Context, giver: Id, to: Id) -> Reply:
    """What a colleague looks after, to the one who has got the leads."""
    actor = context.need_manager()
    found = (members.get(context.uow, member) for member in (giver, to))
    done = hand_overs.duties(context.uow, actor=actor, giver=next(found), to=next(found))
    members.remember_past(context.uow, actor)
    return context.reply("hand_over_done", hand_over=done.id)


@action("briefing", guards=False)
def briefing(context: Context, hand_over_id: Id, page: Id) -> Reply:
    """The next leads of what was taken over."""
    actor = context.need_member().id
    found = hand_overs.of(context.uow, hand_over_id)
    return context.reply(
        "briefing", hand_over=found.id, leads=found.shares.get(actor, []), page=page, giver=found.member_id
    )
