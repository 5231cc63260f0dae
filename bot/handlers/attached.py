"""Files and pieces of other chats that are sent to Sluice: they become follow-ups, with the file and its own time."""

from __future__ import annotations

from collections.abc import Sequence

from bot import router, said
from bot.arguments import PARSERS, Id, Missing
from bot.cards.language import _
from bot.context import Context, Reply
from bot.interaction import File
from bot.router import action, event
from crm.errors import LeadAmbiguous, LeadNotFound, MissingArgument
from crm.errors_of_asking import FileUnwanted, LeadUnknown, LeadWanted
from crm.rules import file_kinds
from crm.services import attachments, follow_ups, leads, pending_lines, recent_leads
from crm.services.attachments import Coming
from crm.services.follow_ups import FollowUp
from crm.services.leads import LeadView
from crm.vault import Vault

MODULE = "files"
_EXAMPLE = _("L-1042 and the file")
# Commands to which a file may belong that is not about a lead.
WITH_FILES = ("event material",)


@event("file", module="core")
def came(context: Context) -> Reply | None:
    """A picture, recording or paper: the lead is named with it, is the one dealt with last, or is picked."""
    files = context.interaction.files
    if any(file.is_table for file in files):
        return router.happen("table", context)
    unwanted = any(file.size > file_kinds.LARGEST or not file_kinds.may_be(file.name, file.mime) for file in files)
    if unwanted or MODULE in context.uow.off:
        raise FileUnwanted(limit=file_kinds.MEGABYTES)
    if (asked := router.match(context.interaction.text.strip(), context.uow.off)) and asked[0].words[0] in WITH_FILES:
        return router.run(context, context.interaction.text.strip())
    coming = [Coming(file.name, file.mime, file.size, file.handle) for file in files]
    ids = attachments.announce(context.uow, actor=context.actor, workspace_id=context.workspace.id, files=coming)
    words = _without_command(context.interaction.text.strip())
    try:
        lead, rest = PARSERS[LeadView](context, words)
    except Missing:
        raise MissingArgument(example=_EXAMPLE) from None
    except (LeadAmbiguous, LeadWanted) as asked:
        return _pick(context, asked.data["leads"], asked.data["rest"], ids)
    except (LeadUnknown, LeadNotFound):
        found = recent_leads.likely(context.uow, actor=context.actor)
        return _pick(context, [each.id for each in found], words, ids)
    return log_with(context, lead, rest or _named(context, files), ids)


def pasted(context: Context, text: str) -> Reply | None:
    """A piece of another chat: about the lead who speaks in it, else the one dealt with last, else one to pick."""
    found = said.excerpt(context, text)
    if found is None:
        return None
    for name in said.others(context, found):
        matches = leads.find(context.uow, actor=context.actor, words=name)
        speaking = [lead for lead in matches if lead.status == "open"] or matches
        if len(speaking) == 1:
            return log_with(context, speaking[0], text, [])
        if speaking:
            return _pick(context, [lead.id for lead in speaking], text, [])
    lead = recent_leads.last(context.uow, actor=context.actor, place=context.place)
    if lead is None:
        return _pick(context, [each.id for each in recent_leads.likely(context.uow, actor=context.actor)], text, [])
    context.guessed = True
    return log_with(context, lead, text, [])


@action("line.attach", guards=False)
def attach(context: Context, line: Id, lead: LeadView) -> Reply:
    """The lead was picked to which a file or a pasted piece belongs."""
    kept = pending_lines.take(context.uow, actor=context.actor, line_id=line)
    return log_with(context, lead, kept.words, kept.files)


@action("file.open", guards=False)
def open_(context: Context, file: Id) -> Reply:
    """A link to a file, for the one who asks and for some minutes."""
    found = attachments.get(context.uow, actor=context.actor, attachment_id=file)
    vault = Vault(context.settings.secret_key.get_secret_value())
    word = attachments.issue(vault, actor=context.actor, attachment_id=found.id, now=context.uow.now)
    once = {"address": f"{context.settings.public_url}/file/{word}"}
    return context.secretly("file", once, file=found.id, lead=found.lead_id)


@action("file.erase", guards=False)
def erase(context: Context, file: Id) -> Reply:
    """The file is deleted for good."""
    lead = attachments.erase(context.uow, actor=context.actor, attachment_id=file)
    context.stays()
    return context.reply("lead", lead=lead, note="")


def log_with(context: Context, lead: LeadView, words: str, files: Sequence[int]) -> Reply:
    """A follow-up of these words, with the files that came along."""
    follow_up, vague = said.understood(context, words) if words else (FollowUp(note=context.say(_("File"))), False)
    activity = follow_ups.log(context.uow, actor=context.actor, lead=lead, said=follow_up)
    attachments.attach(context.uow, actor=context.actor, ids=files, lead_id=lead.id, activity_id=activity)
    return context.reply("logged", lead=lead.id, activity=activity, vague=vague, guessed=context.guessed)


def _pick(context: Context, found: list[int], words: str, files: Sequence[int]) -> Reply:
    if not found:
        raise MissingArgument(example=_EXAMPLE)
    line = pending_lines.keep(context.uow, actor=context.actor, command="attach", words=words, files=files)
    return context.reply("pick", leads=found, line=line, wanted=True)


def _without_command(words: str) -> str:
    """`log L-12 called` sent with a file is about L-12, too."""
    found = router.match(words)
    return found[1] if found and found[0].words[0] == "log" else words


def _named(context: Context, files: Sequence[File]) -> str:
    """What stands in the timeline for a file that came without a word."""
    kinds = {"image": _("Picture"), "audio": _("Recording")}
    names = [context.say(kinds.get(file.mime.partition("/")[0], _("File"))) for file in files]
    return ", ".join(dict.fromkeys(names))
