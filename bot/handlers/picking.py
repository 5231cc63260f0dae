"""The tap that says which lead a line is about: the line goes on where it stopped, nothing is typed twice."""

from __future__ import annotations

from bot import router
from bot.arguments import Id
from bot.context import Context, Reply
from bot.handlers import entering
from bot.router import action
from bot.understanding import about
from crm.errors_of_asking import LineGone
from crm.services import importing, pending_lines
from crm.services.leads import LeadView

MODULE = "core"


@action("line.pick", guards=False)
def pick(context: Context, line: Id, lead: LeadView) -> Reply:
    kept = pending_lines.take(context.uow, actor=context.actor, line_id=line)
    return router.run(context, f"{kept.command} {lead.ref} {kept.words}".strip())


@action("line.instead", guards=False)
def instead(context: Context, line: Id, lead: LeadView) -> Reply:
    """The name was not known; this lead was meant by it."""
    kept = pending_lines.take(context.uow, actor=context.actor, line_id=line)
    return router.run(context, f"{kept.command} {lead.ref} {after_name(kept.words)}".strip())


@action("line.create", guards=False)
def create(context: Context, line: Id) -> Reply:
    """The name is a new customer's: a form with it filled in, then the usual preview; the line is done on top."""
    kept = pending_lines.read(context.uow, actor=context.actor, line_id=line)
    if kept is None:
        raise LineGone
    name = about.called(kept.words) or ""
    if not context.fields:
        return context.form("create_form", line=int(line))
    return enter(context, {"name": name} | dict(context.fields), line)


def enter(context: Context, given: dict[str, str], line: int) -> Reply:
    """The preview of one customer, who takes the line along."""
    shown = entering.preview(context, ", ".join(value for value in given.values() if value))
    importing.take_along(context.uow, actor=context.actor, job_id=shown.args["job"], line=line)
    return shown


def after_name(words: str) -> str:
    """What a line says without the name with which it begins."""
    return words[len(about.called(words) or "") :].lstrip(" ,，:：;；。\n")
