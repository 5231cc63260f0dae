"""A sheet dropped into the chat: a preview says what would become of it, one tap takes it in."""

from __future__ import annotations

from bot.arguments import Id, Word
from bot.context import Context, Reply
from bot.platforms.base import MAX_FILE
from bot.router import action, event
from crm.errors_of_asking import FileUnwanted
from crm.rules import file_kinds
from crm.services import dropped_sheets

MODULE = "sheets"


@event("table")
def came(context: Context) -> Reply | None:
    """It is read behind the answer; the card that comes then follows it to its end."""
    file = next(each for each in context.interaction.files if each.is_table)
    if file.size > MAX_FILE:
        raise FileUnwanted(limit=file_kinds.MEGABYTES)
    dropped_sheets.announce(
        context.uow, actor=context.actor, workspace_id=context.workspace.id, name=file.name, handle=file.handle
    )
    return None


@action("sheet.show", guards=False)
def show(context: Context, sheet: Id) -> Reply:
    return context.reply("dropped", sheet=dropped_sheets.get(context.uow, sheet, actor=context.actor).id)


@action("sheet.column", guards=False)
def column(context: Context, sheet: Id, number: Id) -> Reply:
    """One column, to say what is in it."""
    found = dropped_sheets.get(context.uow, sheet, actor=context.actor)
    return context.reply("dropped_column", sheet=found.id, column=int(number))


@action("sheet.field", guards=False)
def field(context: Context, sheet: Id, number: Id, name: Word | None = None) -> Reply:
    """What is in a column; without a name it is kept beside the lead under its heading."""
    job = dropped_sheets.remap(context.uow, actor=context.actor, job_id=sheet, column=int(number), field=name or "")
    context.stays()
    return context.reply("dropped", sheet=job.id)


@action("sheet.confirm", guards=False)
def confirm(context: Context, sheet: Id, whose: Word) -> Reply:
    job = dropped_sheets.confirm(context.uow, actor=context.actor, job_id=sheet, whose=str(whose))
    context.stays()
    return context.reply("dropped", sheet=job.id)


@action("sheet.cancel", guards=False)
def cancel(context: Context, sheet: Id) -> Reply:
    job = dropped_sheets.cancel(context.uow, actor=context.actor, job_id=sheet)
    context.stays()
    return context.reply("dropped", sheet=job.id)
