"""The day's work: log, note, remind, today, undo. One sentence or one tap each."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.arguments import Id, Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from bot.understanding.sentence import understand
from bot.understanding.when import When, understand_when
from crm.errors import TimeInPast, TimeVague
from crm.services import follow_ups, leads, members, tasks, undo
from crm.services.follow_ups import FollowUp
from crm.services.leads import LeadView
from crm.services.tasks import TaskView

MORNING = 9


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
    said = understand(sentence, now=context.uow.now, tz=context.actor.timezone, locale=context.actor.locale)
    follow_up = FollowUp(
        note=said.note or sentence, outcome=said.outcome, channel=said.channel, stage=None, amount=said.amount,
        currency=said.currency, next_at=_certain(said.next_at) or _form_time(context), next_words=said.next_text,
    )  # fmt: skip
    activity = follow_ups.log(context.uow, actor=context.actor, lead=lead, said=follow_up)
    vague = said.next_at is not None and said.next_at.vague
    return context.reply("logged", lead=lead.id, activity=activity, vague=vague)


@action("lead.no_answer")
def no_answer(context: Context, lead: LeadView) -> Reply:
    """One tap: nobody answered, try again tomorrow morning."""
    said = FollowUp(note=context.say(_("No answer")), outcome="no_answer", channel="call", next_at=_morning(context, 1))
    activity = follow_ups.log(context.uow, actor=context.actor, lead=lead, said=said)
    return context.reply("logged", lead=lead.id, activity=activity, vague=False)


@action("lead.later")
def call_later(context: Context, lead: LeadView, when: Rest | None = None) -> Reply:
    """Call back later: in an hour, tomorrow morning, or a time of one's own. Moves no clock but holds the lead."""
    if not (when or context.fields):
        return context.form("later_form", lead=lead.id)
    at = _moment(context, when or "") if when else _form_time(context)
    task = tasks.remind(context.uow, actor=context.actor, lead=lead, at=_must(at))
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


@command(
    "remind",
    "提醒",
    help=_("Be reminded at a time you say"),
    example="remind L-1042 tomorrow 3pm",
    example_zh="提醒 L-1042 明天下午3点",
    topic="work",
)
def remind(context: Context, lead: LeadView, when: Rest) -> Reply:
    found = _read(context, when)
    words = (when[: found.span[0]] + when[found.span[1] :]).strip(" ,，。.") if found else ""
    task = tasks.remind(context.uow, actor=context.actor, lead=lead, at=_must(_certain(found)), words=words or None)
    return context.reply("reminder_set", task=task.id)


@command("today", "今日", "今天", "待办", help=_("What to do now"), example="today", example_zh="今日", topic="work")
@action("today", guards=False)
def today(context: Context) -> Reply:
    context.need_member()
    return context.reply("today", days=0)


@command("week", "本周", help=_("What to do this week"), example="week", example_zh="本周", topic="work")
def week(context: Context) -> Reply:
    context.need_member()
    return context.reply("today", days=6)


@action("task.open", guards=False)
def open_task(context: Context, task: TaskView) -> Reply:
    """One reminder of a list, with all that can be done about it."""
    return context.beside("reminder", task=task.id)


@action("task.done")
def done(context: Context, task: TaskView) -> Reply:
    closed = tasks.done(context.uow, actor=context.actor, task_id=task.id)
    return context.reply("task_done", task=closed.id)


@action("task.snooze")
def snooze(context: Context, task: TaskView, when: Rest | None = None) -> Reply:
    """+1 h, tomorrow at nine, or a time of one's own."""
    if not (when or context.fields):
        return context.form("snooze_form", task=task.id)
    at = _moment(context, when) if when else _form_time(context)
    moved = tasks.move(context.uow, actor=context.actor, task_id=task.id, at=_must(at))
    return context.reply("reminder_set", task=moved.id)


@command("undo", "撤销", "撤回", help=_("Take back your last change"), example="undo", example_zh="撤销", topic="work")
@action("undo", guards=False)
def undo_(context: Context, activity: Id | None = None) -> Reply:
    setting = members.undo_setting(context.uow, context.actor) if activity is None else None
    if setting is not None:
        context.viewer = context.member = members.get(context.uow, context.actor.id)
        cards = {"duty": ("duty", {"on": context.actor.on_duty}), "locale": ("language", {}), "notify": ("notify", {})}
        card, args = cards[setting]
        return context.reply(card, **args)
    undone = undo.undo(context.uow, actor=context.actor, activity_id=activity)
    return context.reply(
        "undone", lead=undone.lead_ids[0], verb=undone.verb, leads=undone.lead_ids, kept=undone.kept_ids
    )


def log_line(context: Context, ref: str, words: str) -> Reply:
    """A plain line that names a lead: a follow-up."""
    return log(context, leads.access(context.uow, actor=context.actor, ref=ref), Rest(words))


def _form_parts(context: Context) -> list[str]:
    """A log form's answers, in the words a person would type."""
    return [context.fields.get("outcome_words", ""), context.fields.get("note", "")]


def _form_time(context: Context) -> datetime | None:
    """The time chosen in a form: a date and time, or words. Raises TimeInPast, TimeVague."""
    given = (context.fields.get("when") or context.fields.get("next") or "").strip()
    if not given:
        return None
    return _moment(context, given)


def _moment(context: Context, words: str) -> datetime:
    """A time that somebody wrote. Raises TimeVague, TimeInPast."""
    if words == "+1h":
        return context.uow.now + timedelta(hours=1)
    if words == "tomorrow":
        return _morning(context, 1)
    try:
        local = datetime.fromisoformat(words)
        return (local.replace(tzinfo=context.actor.timezone) if local.tzinfo is None else local).astimezone(
            context.uow.now.tzinfo
        )
    except ValueError:
        return _must(_certain(_read(context, words)))


def _read(context: Context, words: str) -> When | None:
    return understand_when(words, now=context.uow.now, tz=context.actor.timezone, locale=context.actor.locale)


def _certain(found: When | None) -> datetime | None:
    """The time understood; None when it is vague. Raises TimeInPast."""
    if found is None or found.vague:
        return None
    if found.past:
        raise TimeInPast
    return found.at


def _must(at: datetime | None) -> datetime:
    if at is None:
        raise TimeVague
    return at


def _morning(context: Context, days: int) -> datetime:
    """Nine o'clock of the member's own day."""
    local = context.uow.now.astimezone(context.actor.timezone) + timedelta(days=days)
    return local.replace(hour=MORNING, minute=0, second=0, microsecond=0).astimezone(context.uow.now.tzinfo)
