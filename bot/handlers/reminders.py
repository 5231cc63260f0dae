"""Reminders, one's own and those of a team: set, taken, done, moved; by a word, or by a tap on their card."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from bot import times
from bot.arguments import PARSERS, Missing, Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.handlers import pool, work
from bot.router import action, command
from bot.understanding import about, references
from crm.errors import BadArgument, OldCard
from crm.errors_of_asking import LeadWanted
from crm.errors_of_lists import NoTaskThere, TeamNeeded
from crm.services import departments, leads, members, tasks, team_tasks, timeline
from crm.services.departments import DepartmentView
from crm.services.leads import LeadView
from crm.services.tasks import TaskView, Whose

MODULE = "core"
EVER = timedelta(days=3650)
_REF = re.compile(r"^(?:[LlＬ]\s?[-－–—]?\s?|[#＃])?\d+(?=[\s,，:：]|$)")
_EXAMPLE = _("remind L-1042 tomorrow 3pm")
_MY_TEAM = re.compile(r"^(?:the\s+|my\s+)?team(?![A-Za-z])[\s,，:：]*|^(?:我们?)?(?:的)?团队[\s,，:：]*", re.IGNORECASE)
_TEAM = re.compile(r"^[@＠]\s?(?P<name>[^\s,，:：]+)[\s,，:：]*")


@command(
    "remind",
    "提醒",
    help=_("Be reminded at a time you say; remind team or remind @East asks a team"),
    example="remind L-1042 tomorrow 3pm",
    example_zh="提醒 L-1042 明天下午3点",
    topic="work",
)
def remind(context: Context, words: Rest) -> Reply:
    team, said = _team(context, words)
    if team is not None:
        return _ask(context, team, said)
    lead, when = _whom(context, words)
    found = times.read(context, when)
    if when and found is None:
        raise BadArgument(given=when[:40], example=_EXAMPLE)
    at = times.must(times.certain(found))
    what = times.without(when, found) if found else ""
    task = tasks.remind(context.uow, actor=context.actor, lead=lead, at=at, words=what or None)
    return context.reply("reminder_set", task=task.id)


def _whom(context: Context, words: str) -> tuple[LeadView, str]:
    """The lead, and the words that say when. Raises BadArgument where no lead is named and nothing is a time."""
    try:
        return PARSERS[LeadView](context, words)
    except (LeadWanted, Missing):
        if times.read(context, words) is None:
            raise BadArgument(given=words[:40], example=_EXAMPLE) from None
        raise


def _team(context: Context, words: str) -> tuple[DepartmentView | None, str]:
    """The team that a line asks, and the rest of it. Raises TeamNeeded, PoolNotFound."""
    if own := _MY_TEAM.match(words):
        mine = context.actor.department_id
        if mine is None:
            raise TeamNeeded
        return departments.get(context.uow, mine), words[own.end() :]
    named = _TEAM.match(words)
    if named is None:
        return None, words
    return departments.find(context.uow, actor=context.actor, words=named["name"]), words[named.end() :]


def _ask(context: Context, team: DepartmentView, said: str) -> Reply:
    lead, rest = _about(context, said)
    found = times.read(context, rest)
    at = times.must(times.certain(found))
    what = times.without(rest, found)
    task = team_tasks.ask(context.uow, actor=context.actor, team=team, lead=lead, at=at, words=what or None)
    if lead is None:
        members.remember_setting(context.uow, context.actor, "team_task", str(task.id))
    return context.reply("team_asked", task=task.id)


def _about(context: Context, words: str) -> tuple[LeadView | None, str]:
    """The lead that is plainly named; a team is also asked about things that are no lead."""
    told = _REF.match(words) or references.find_references(words) or about.after_it(words) is not None
    if told or context.interaction.quoted:
        lead, rest = PARSERS[LeadView](context, words)
        return lead, rest
    name = about.name_before(words)
    found = leads.find(context.uow, actor=context.actor, words=name) if name else []
    exactly = [lead for lead in found if name and name.lower() in (lead.name.lower(), lead.company.lower())]
    return (exactly[0], words[len(name or "") :].lstrip(" ,，:：")) if len(exactly) == 1 else (None, words)


@command(
    "take",
    "接手",
    help=_("Take a reminder of your team: the first one has it"),
    example="take L-1042",
    example_zh="接手 L-1042",
    topic="work",
)
def take_word(context: Context, words: Rest | None = None) -> Reply:
    found = _wanted(context, words or "", "team")
    if not found and words and _REF.match(words):
        return pool.claim(context, words)  # nothing of the team is about it: a lead of the pool is meant
    return _one_of(context, found, "take", take)


@action("task.take", guards=False)
def take(context: Context, task: TaskView) -> Reply:
    taken = team_tasks.take(context.uow, actor=context.actor, task_id=task.id)
    return context.reply("reminder", task=taken.id)


@command(
    "done",
    "完成",
    "搞定",
    help=_("Tick a reminder off; with words it logs the follow-up as well"),
    example="done L-1042",
    example_zh="完成 L-1042",
    topic="work",
)
def done_word(context: Context, words: Rest | None = None) -> Reply:
    given = words or ""
    if ref := _REF.match(given):
        lead = leads.access(context.uow, actor=context.actor, ref=ref[0])
        if rest := given[ref.end() :].strip(" ,，:："):
            return _done_and_logged(context, lead, rest)
    return _one_of(context, _wanted(context, given, "either"), "done", done)


def _done_and_logged(context: Context, lead: LeadView, words: str) -> Reply:
    """The first reminder of the lead is ticked off, and what came of it is a follow-up."""
    for task in _wanted(context, lead.ref, "own")[:1]:
        tasks.done(context.uow, actor=context.actor, task_id=task.id)
    shown = work.log(context, leads.access_id(context.uow, actor=context.actor, lead_id=lead.id), Rest(words))
    timeline.same_step(context.uow, actor_id=context.actor.id, lead_id=lead.id)
    return shown


@action("task.done")
def done(context: Context, task: TaskView) -> Reply:
    closed = tasks.done(context.uow, actor=context.actor, task_id=task.id)
    return context.reply("task_done", task=closed.id)


@action("task.no_answer")
def no_answer(context: Context, task: TaskView) -> Reply:
    """Nobody answered; the card of a reminder has the task's version, so that a tap on an old one only refreshes it."""
    return work.no_answer(context, _lead_of(context, task))


@action("task.log")
def log(context: Context, task: TaskView, words: Rest | None = None) -> Reply:
    """What came of it: in the form of a follow-up, which is the reminder's, too, as its card is."""
    lead = _lead_of(context, task)
    if words or context.fields:
        return work.log(context, lead, words)
    return context.form("log_form", lead=lead.id, task=task.id)


def _lead_of(context: Context, task: TaskView) -> LeadView:
    if task.lead_id is None:
        raise OldCard
    return leads.access_id(context.uow, actor=context.actor, lead_id=task.lead_id)


@command(
    "snooze",
    "推迟",
    "稍后提醒",
    help=_("Move a reminder to a later time"),
    example="snooze L-1042 tomorrow 9am",
    example_zh="推迟 L-1042 明天上午9点",
    topic="work",
)
def snooze_word(context: Context, words: Rest | None = None) -> Reply:
    given = words or ""
    ref = _REF.match(given)
    rest = given[ref.end() :] if ref else given
    when = times.read(context, rest)
    found = _wanted(context, ref[0] if ref else times.without(rest, when), "own")
    if len(found) == 1 and when is not None:
        moved = tasks.move(context.uow, actor=context.actor, task_id=found[0].id, at=times.must(times.certain(when)))
        return context.reply("reminder_set", task=moved.id)
    return _one_of(context, found, "snooze", snooze)


@action("task.snooze")
def snooze(context: Context, task: TaskView, when: Rest | None = None) -> Reply:
    """+1 h, tomorrow at nine, or a time of one's own."""
    if not (when or context.fields):
        return context.form("snooze_form", task=task.id)
    at = times.moment(context, when) if when else times.of_form(context)
    moved = tasks.move(context.uow, actor=context.actor, task_id=task.id, at=times.must(at))
    return context.reply("reminder_set" if moved.member_id else "team_asked", task=moved.id)


@action("task.open", guards=False)
def open_task(context: Context, task: TaskView) -> Reply:
    """One reminder of a list, with all that can be done about it."""
    teams = task.department_id is not None and task.member_id != context.actor.id
    return context.beside("team_task" if teams else "reminder", task=task.id)


def _wanted(context: Context, words: str, whose: Whose) -> list[TaskView]:
    """The open tasks that a line may mean: of the lead that it names, with its words, else what is due today."""
    actor, given = context.actor, words.strip()
    lead_id, until = None, context.uow.now + EVER
    if _REF.match(given) or (not given and context.interaction.quoted):
        ref = given or context.interaction.quoted or ""
        lead_id, given = leads.access(context.uow, actor=actor, ref=ref).id, ""
    elif not given and whose != "team":
        until = times.morning(context, 1)
    return tasks.open_ones(context.uow, actor=actor, until=until, whose=whose, lead_id=lead_id, words=given)


def _one_of(context: Context, found: list[TaskView], deed: str, do: Callable[[Context, TaskView], Reply]) -> Reply:
    """Do it with the only one, or ask which of several. Raises NoTaskThere."""
    if not found:
        raise NoTaskThere
    if len(found) == 1:
        return do(context, found[0])
    return context.reply("which_task", tasks=[task.id for task in found], deed=deed)
