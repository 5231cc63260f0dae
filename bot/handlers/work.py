"""The day's work: log, call later, note, undo. One sentence or one tap each."""

from __future__ import annotations

from bot import said, times
from bot.arguments import Id, Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.handlers import events, from_message, merging
from bot.router import action, command
from crm.services import follow_ups, leads, list_journal, members, orders, tasks, team_tasks, undo
from crm.services.follow_ups import FollowUp
from crm.services.leads import LeadView

MODULE = "core"


@command(
    "log",
    "跟进",
    "记录",
    help=_("Log a follow-up in one sentence; a time in it sets the reminder"),
    example="log L-1042 called, wants a quote, call back tomorrow 3pm",
    example_zh="跟进 L-1042 打了电话，要报价，明天下午3点再联系",
    topic="work",
)
@action("lead.log")
def log(context: Context, lead: LeadView, words: Rest | None = None) -> Reply:
    sentence = ", ".join(part for part in (words, *_form_parts(context)) if part)
    if not sentence:
        return context.form("log_form", lead=lead.id)
    if context.fields.get("outcome"):
        return from_message.logged(context, lead, sentence)
    follow_up, vague = said.understood(context, sentence)
    activity = follow_ups.log(context.uow, actor=context.actor, lead=lead, said=follow_up)
    return context.reply("logged", lead=lead.id, activity=activity, vague=vague, guessed=context.guessed)


@action("lead.no_answer")
def no_answer(context: Context, lead: LeadView) -> Reply:
    """One tap: nobody answered, try again tomorrow morning."""
    said = FollowUp(
        note=context.say(_("No answer")), outcome="no_answer", channel="call", next_at=times.morning(context, 1)
    )
    activity = follow_ups.log(context.uow, actor=context.actor, lead=lead, said=said)
    return context.reply("logged", lead=lead.id, activity=activity, vague=False)


@action("lead.later")
def call_later(context: Context, lead: LeadView, when: Rest | None = None) -> Reply:
    """Call back later: in an hour, tomorrow morning, or a time of one's own. Moves no clock but holds the lead."""
    if not (when or context.fields):
        return context.form("later_form", lead=lead.id)
    at = times.moment(context, when or "") if when else times.of_form(context)
    task = tasks.remind(context.uow, actor=context.actor, lead=lead, at=times.must(at))
    return context.reply("reminder_set", task=task.id)


@command(
    "note",
    "便签",
    "备注",
    help=_("Write a line that moves no clock"),
    example="note L-1042 speaks French",
    example_zh="便签 L-1042 会说法语",
    topic="work",
)
@action("lead.note")
def note(context: Context, lead: LeadView, words: Rest) -> Reply:
    follow_ups.note(context.uow, actor=context.actor, lead=lead, words=words)
    return context.reply("lead", lead=lead.id, note="noted")


@command("undo", "撤销", "撤回", help=_("Take back your last change"), example="undo", example_zh="撤销", topic="work")
@action("undo", guards=False)
def undo_(context: Context, activity: Id | None = None) -> Reply:
    setting = members.undo_setting(context.uow, context.actor) if activity is None else None
    if setting is not None:
        context.viewer = context.member = members.get(context.uow, context.actor.id)
        return _set_back(context, *setting)
    undone = undo.undo(context.uow, actor=context.actor, activity_id=activity)
    if undone.parted is not None:
        return merging.apart(context, undone.parted)
    return context.reply(
        "undone", lead=undone.lead_ids[0], verb=undone.verb, leads=undone.lead_ids, kept=undone.kept_ids
    )


def _set_back(context: Context, name: str, was: str | None) -> Reply:
    """A setting about oneself is as it was before."""
    if name == "star":
        lead_id, _space, on = (was or "").partition(" ")
        lead = leads.access_id(context.uow, actor=context.actor, lead_id=int(lead_id))
        starred = orders.star(context.uow, actor=context.actor, lead=lead, on=on == "on")
        return context.reply("lead", lead=lead.id, note="starred" if starred else "unstarred")
    if name == "values":
        return context.reply("values_undone", list=list_journal.take_back(context.uow, int(was or 0)))
    if name == "team_task" and team_tasks.withdraw(context.uow, actor=context.actor, task_id=int(was or 0)):
        return context.reply("team_asked", task=int(was or 0))
    if name == "event":
        return events.take_back(context, int(was or 0))
    if name in ("team_task", "past"):
        return context.reply("stays")
    cards = {"duty": {"on": context.actor.on_duty}, "notify": {"undone": True}, "sort": {"undone": True}}
    return context.reply(name, **cards[name]) if name in cards else context.reply("language")


def log_line(context: Context, ref: str, words: str) -> Reply:
    """A plain line that names a lead: a follow-up."""
    return log(context, leads.access(context.uow, actor=context.actor, ref=ref), Rest(words))


def _form_parts(context: Context) -> list[str]:
    """A log form's answers, in the words a person would type."""
    return [context.fields.get("outcome_words", ""), context.fields.get("note", "")]
