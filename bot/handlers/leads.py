"""Leads: mine, one, find, new, and where they stand."""

from __future__ import annotations

from dataclasses import replace

from bot.arguments import Id, LeadOrSum, Rest, Word
from bot.cards.language import _
from bot.context import Context, Reply
from bot.handlers import entering, picking
from bot.router import action, command
from bot.understanding import about
from bot.understanding.money import bare_money
from crm.errors import BadArgument, StageNotFound
from crm.errors_of_asking import LeadUnknown
from crm.services import assignments, importing, leads, pending_lines, pipeline
from crm.services.leads import LeadView

MODULE = "core"


@command(
    "lead",
    "线索",
    "看",
    help=_("One lead with its timeline"),
    example="lead L-1042",
    example_zh="线索 L-1042",
    topic="leads",
)
@action("lead.open", guards=False)
def lead(context: Context, lead: LeadView) -> Reply:
    return replace(context.beside("lead", lead=lead.id, note=""), seen=lead)


@action("lead.history", guards=False)
def story(context: Context, lead: LeadView) -> Reply:
    """The whole timeline: who did what, and why."""
    return context.beside("story", lead=lead.id)


@action("lead.show", guards=False)
def show(context: Context, lead: LeadView) -> Reply:
    """Back from a question to the lead's card."""
    return context.reply("lead", lead=lead.id, note="")


@command(
    "find",
    "查找",
    "搜索",
    "查",
    help=_("Find by name, company or the end of a phone number"),
    example="find 8000",
    example_zh="查找 8000",
    topic="leads",
)
def find(context: Context, words: Rest) -> Reply:
    found = leads.find(context.uow, actor=context.actor, words=words)
    if len(found) == 1:
        return context.reply("lead", lead=found[0].id, note="")
    if not found and about.bare_name(words):
        raise LeadUnknown(rest=words)
    return context.reply("found", leads=[each.id for each in found])


@command(
    "new",
    "新建",
    "新增",
    "录入",
    help=_("Enter a customer: paste a card or a line, or up to 50 lines"),
    example="new Ann Li, Acme, 13800138000",
    example_zh="新建 张三 上海某某公司 13800138000",
    topic="leads",
)
@action("lead.new", guards=False)
def new(context: Context, words: Rest | None = None) -> Reply:
    given = words or _joined(context)
    if not given:
        return context.form("new_form")
    return entering.preview(context, given)


def _joined(context: Context) -> str:
    """The form's answers as one line, read like a typed one."""
    names = ("name", "company", "phone", "email", "wechat")
    return ", ".join(context.fields[name] for name in names if context.fields.get(name))


@action("import.confirm", guards=False)
def confirm(context: Context, job: Id, origin: Word | None = None) -> Reply:
    done = importing.confirm(context.uow, actor=context.actor, job_id=job, origin=str(origin or "company"))
    made = done.counters["leads"]
    if len(made) != 1:
        return context.reply("imported", job=done.id)
    waiting = pending_lines.read(context.uow, actor=context.actor, line_id=done.counters.get("line", 0))
    if waiting is None:
        return context.reply("imported", job=done.id, lead=made[0])
    return picking.instead(context, Id(waiting.id), leads.access_id(context.uow, actor=context.actor, lead_id=made[0]))


@command(
    "stage",
    "阶段",
    help=_("Move a lead on"),
    example="stage L-1042 quote",
    example_zh="阶段 L-1042 报价",
    topic="leads",
)
@action("lead.stage")
def stage(context: Context, lead: LeadView, name: Rest | None = None) -> Reply:
    if not name:
        return context.reply("stages", lead=lead.id)
    try:
        wanted = pipeline.find_stage(context.uow, lead.id, name)
    except StageNotFound:
        return context.reply("stages", lead=lead.id, given=name[:40])
    pipeline.move(context.uow, actor=context.actor, lead=lead, stage=wanted)
    return context.reply("lead", lead=lead.id, note="stage")


@command(
    "won",
    "成交",
    "赢单",
    help=_("The customer bought"),
    example="won L-1042 12000",
    example_zh="成交 L-1042 12000",
    topic="leads",
)
@action("lead.won")
def won(context: Context, lead: LeadOrSum, amount: Rest | None = None) -> Reply:
    paid = bare_money(amount or "")
    if paid is None and amount and any(char.isdigit() for char in amount):
        raise BadArgument(given=amount, example=_("won L-1042 12000"))
    pipeline.won(
        context.uow, actor=context.actor, lead=lead, amount=paid.amount if paid else None,
        currency=paid.currency if paid else None,
    )  # fmt: skip
    return context.reply("closed", lead=lead.id, won=True)


@command(
    "lost",
    "输单",
    "战败",
    help=_("The customer will not buy, and why"),
    example="lost L-1042 too expensive",
    example_zh="输单 L-1042 价格太高",
    topic="leads",
)
@action("lead.lost")
def lost(context: Context, lead: LeadView, reason: Rest | None = None) -> Reply:
    given = context.fields.get("reason") or reason
    if not given:
        assignments.own(context.actor, lead)
        return replace(context.reply("lost_why", about=lead.id), asks=("lead.lost", lead.ref))
    pipeline.lost(context.uow, actor=context.actor, lead=lead, reason=given)
    return context.reply("closed", lead=lead.id, won=False)
