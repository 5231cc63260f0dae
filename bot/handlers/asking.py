"""Asking a colleague about a lead, answering, and showing a lead to somebody."""

from __future__ import annotations

import re
from datetime import datetime

from bot import times
from bot.arguments import Rest, Word
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from bot.understanding import until
from crm.errors import MemberNotFound, MissingArgument
from crm.rules.access import Actor
from crm.services import asking, members, sharing
from crm.services.asking import QuestionView
from crm.services.leads import LeadView

MODULE = "asking"
_NAME_WORD = re.compile(r"[^\s,，:：;；]+")
_EDGES = " \t\n,，:：;；"
NAME_WORDS, HAN_NAME = 3, (4, 3, 2)


@command(
    "ask",
    "协同",
    "请教",
    help=_("Ask a colleague about a lead; the answer comes back to you and onto the timeline"),
    example="ask L-1042 @Bob can we give them 5%? by Friday 15:00",
    example_zh="协同 L-1042 @王强 能给5%的折扣吗？周五15点前",
    topic="work",
)
@action("lead.ask", guards=False)
def ask(context: Context, lead: LeadView, words: Rest | None = None) -> Reply:
    if context.fields.get("to"):
        colleague, said = members.find(context.uow, context.fields["to"]), context.fields.get("question", "")
        due = times.of_form(context)
    elif words:
        colleague, said = addressed(context, words)
        due = _due(context, said)
    else:
        return context.form("ask_form", lead=lead.id)
    if not said:
        raise MissingArgument(example=_("ask L-1042 @Bob can we give them 5%? by Friday 15:00"))
    asked, new = asking.ask(
        context.uow, actor=context.actor, lead=lead, colleague=colleague, words=said, due_at=due
    )  # fmt: skip
    members.remember_past(context.uow, context.actor)
    return context.beside("question", question=asked.id, lead=lead.id, about="sent" if new else "sent_before")


@command(
    "answer",
    "答复",
    help=_("Answer a colleague's question, or ask back"),
    example="answer A-3 yes, up to 5% until June",
    example_zh="答复 A-3 可以，6月前最多5%",
    topic="work",
)
@action("question.answer", guards=False)
def answer(context: Context, ref: Word, words: Rest | None = None) -> Reply:
    question = asking.get(context.uow, actor=context.actor, ref=ref)
    said = words or context.fields.get("words")
    if not said:
        return context.form("answer_form", question=question.id)
    return replied(context, question, said)


@command(
    "questions",
    "提问",
    "协同列表",
    help=_("What colleagues ask you, and what you have asked"),
    example="questions",
    example_zh="提问",
    topic="work",
)
@action("questions", guards=False)
def questions(context: Context) -> Reply:
    found = asking.waiting(context.uow, actor=context.actor)
    return context.reply("questions", questions=[question.id for question in found])


@action("question.open", guards=False)
def open_(context: Context, ref: Word) -> Reply:
    """One question of a list."""
    question = asking.get(context.uow, actor=context.actor, ref=ref)
    return context.beside("question", question=question.id, lead=question.lead_id, about="")


@action("question.decline", guards=False)
def decline(context: Context, ref: Word) -> Reply:
    """The colleague cannot say."""
    question = asking.get(context.uow, actor=context.actor, ref=ref)
    return _shown(context, asking.decline(context.uow, actor=context.actor, question=question))


@action("question.done", guards=False)
def done(context: Context, ref: Word) -> Reply:
    """The asker has what was needed, or needs it no more."""
    question = asking.get(context.uow, actor=context.actor, ref=ref)
    return _shown(context, asking.done(context.uow, actor=context.actor, question=question))


@command(
    "share",
    "分享",
    help=_("Show a lead to a colleague, who sees of it what they may see"),
    example="share L-1042 @Bob please have a look",
    example_zh="分享 L-1042 @王强 请看一下",
    topic="leads",
)
@action("lead.share", guards=False)
def share(context: Context, lead: LeadView, words: Rest | None = None) -> Reply:
    if context.fields.get("to"):
        colleague, said = members.find(context.uow, context.fields["to"]), context.fields.get("note", "")
    elif words:
        colleague, said = addressed(context, words)
    else:
        return context.form("share_form", lead=lead.id)
    sharing.share(context.uow, actor=context.actor, lead=lead, colleague=colleague, words=said)
    members.remember_past(context.uow, context.actor)
    return context.beside("shared", lead=lead.id, to=colleague.id)


def replied(context: Context, question: QuestionView, words: str) -> Reply:
    """What was said in a question's thread."""
    answered = asking.reply(context.uow, actor=context.actor, question=question, words=words)
    members.remember_past(context.uow, context.actor)
    return _shown(context, answered)


def addressed(context: Context, words: str) -> tuple[Actor, str]:
    """The colleague with whose name a line begins, and the rest of it. Raises MemberNotFound, MemberAmbiguous."""
    given = words.lstrip("@＠ ")
    ends = [found.end() for found in _NAME_WORD.finditer(given)][:NAME_WORDS]
    first = given[: ends[0]] if ends else given
    heads = [given[:end] for end in reversed(ends)] + [first[:size] for size in HAN_NAME if len(first) > size]
    for head in heads:
        try:
            return members.find(context.uow, head), given[len(head) :].strip(_EDGES)
        except MemberNotFound:
            continue
    raise MemberNotFound(given=first)


def _due(context: Context, words: str) -> datetime | None:
    """Until when the words want an answer: a firm time ahead, or one after "by". Raises TimeInPast for the latter."""
    found = times.read(context, words)
    if found is None or found.vague or (found.past and not until.is_deadline(words, found)):
        return None
    return times.certain(found)


def _shown(context: Context, question: QuestionView) -> Reply:
    return context.reply("question", question=question.id, lead=question.lead_id, about="")
