"""One customer's data, for admins: taken out, set aside, erased; and who looked at whose contact, for managers too."""

from __future__ import annotations

from bot.arguments import Id, Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm import queue
from crm.errors import BadArgument, MissingArgument
from crm.rules.arrival import contact_of
from crm.services import audit, houses, person_export, restricting, suppressing, taking_out
from crm.services.leads import LeadView
from crm.vault import Vault

MODULE = "core"
SHOWN = 10


@command(
    "privacy export",
    "隐私 导出",
    "隐私导出",
    help=_("Everything that is held of a lead's customer, as a file for the customer"),
    example="privacy export L-1042",
    example_zh="隐私 导出 L-1042",
    topic="managers",
    roles="admin",
)
@action("privacy.export", guards=False)
def export(context: Context, lead: LeadView) -> Reply:
    context.actor.need("privacy")
    taking_out.check(context.uow, context.actor)
    vault = Vault(context.settings.secret_key.get_secret_value())
    word = person_export.issue(vault, context.uow, actor=context.actor, person_id=lead.person_id)
    context.stays()
    address = f"{context.settings.public_url}/person/{word}"
    return context.secretly("privacy_export", {"address": address}, lead=lead.id)


@command(
    "privacy erase",
    "隐私 删除",
    "隐私删除",
    help=_("Erase all personal data of a lead's customer, after a card that says what goes"),
    example="privacy erase L-1042",
    example_zh="隐私 删除 L-1042",
    topic="managers",
    roles="admin",
)
@action("privacy.erase", guards=False)
def erase(context: Context, lead: LeadView) -> Reply:
    context.actor.need("privacy")
    who = restricting.check(context.uow, person_id=lead.person_id, ref=lead.ref)
    return context.reply("privacy_erase", lead=lead.id, held=person_export.summary(context.uow, who))


@action("privacy.erase_now", guards=False)
def erase_now(context: Context, lead: LeadView, person: Id) -> Reply:
    """A job does it, because it may have to read whole tables. Nothing happens where the lead is another's by now."""
    actor = context.actor
    actor.need("privacy")
    restricting.check(context.uow, person_id=lead.person_id, ref=lead.ref)
    if person == lead.person_id:
        args = {"org_id": context.uow.org_id, "person_id": person, "by_id": actor.id}
        context.uow.defer(queue.Order(queue.ERASE, args))
        context.stays()
    return context.reply("privacy_done", lead=lead.id, done="erasing")


@command(
    "privacy stop",
    "隐私 停止",
    "隐私停止",
    help=_("Set a lead's customer aside: the record stays, and nothing is done with it"),
    example="privacy stop L-1042 a dispute is pending",
    example_zh="隐私 停止 L-1042 有争议",
    topic="managers",
    roles="admin",
)
def stop(context: Context, lead: LeadView, reason: Rest | None = None) -> Reply:
    context.actor.need("privacy")
    if not (reason or "").strip():
        raise MissingArgument(example=_("privacy stop L-1042 a dispute is pending"))
    restricting.stop(context.uow, person_id=lead.person_id, ref=lead.ref, actor=context.actor, reason=str(reason))
    context.stays()
    return context.reply("privacy_done", lead=lead.id, done="stopped")


@command(
    "privacy resume",
    "隐私 恢复",
    "隐私恢复",
    help=_("End that: the engine and colleagues go on with the customer"),
    example="privacy resume L-1042",
    example_zh="隐私 恢复 L-1042",
    topic="managers",
    roles="admin",
)
@action("privacy.resume", guards=False)
def resume(context: Context, lead: LeadView) -> Reply:
    context.actor.need("privacy")
    restricting.resume(context.uow, person_id=lead.person_id, ref=lead.ref, actor=context.actor)
    context.stays()
    return context.reply("privacy_done", lead=lead.id, done="resumed")


@command(
    "privacy allow",
    "隐私 允许",
    "隐私允许",
    help=_("Somebody who was erased on request came again, and may be entered"),
    example="privacy allow 13800138000",
    example_zh="隐私 允许 13800138000",
    topic="managers",
    roles="admin",
)
def allow(context: Context, words: Rest) -> Reply:
    context.actor.need("privacy")
    region = houses.of(context.uow).region
    keys = contact_of(words, region)
    if not keys:
        raise BadArgument(given=words, example=_("privacy allow 13800138000"))
    found = suppressing.allow(context.uow, keys)
    audit.write(context.uow, "person.allowed", by=context.actor.id, data={"found": found})
    context.stays()
    return context.reply("privacy_done", lead=None, done="allowed" if found else "free")


@command(
    "reveals",
    "查看记录",
    help=_("Who looked at whose contact before a claim"),
    example="reveals week",
    example_zh="查看记录 本周",
    topic="managers",
    roles="manager",
)
@action("reveals", guards=False)
def reveals(context: Context, words: Rest | None = None) -> Reply:
    actor = context.actor
    actor.need("reveals")
    found = context.period((words or "").strip() or "7d", example=_("reveals week"))
    rows = audit.reveals(context.uow, period=found, reader=actor, most=SHOWN + 1)
    seen = [[row.actor_id, row.subject.partition(":")[2], row.at.isoformat()] for row in rows[:SHOWN]]
    return context.reply("reveals", seen=seen, more=len(rows) > SHOWN, period=(words or "").strip() or "7d")
