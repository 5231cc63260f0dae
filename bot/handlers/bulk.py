"""Many leads at once, for managers: a filter in words, a preview, one tap, and one more that takes it back."""

from __future__ import annotations

import re

from bot.arguments import Id, Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.handlers.lists import read_words
from bot.router import action, command
from crm.errors import MissingArgument
from crm.services import bulk, members, saved_lists

MODULE = "core"
_LOST = re.compile(
    r"^(?P<filter>.*?)[\s,，]*\b(?:lost|输单|战败)\b[\s:：,，]*(?P<reason>.*)$", re.IGNORECASE | re.DOTALL
)


@command(
    "reassign",
    "批量转交",
    help=_("Hand your people's leads that fit to one colleague, after a preview"),
    example="reassign stage quote, untouched for 30 days @Ann",
    example_zh="批量转交 阶段 报价，30天未跟进 @李娜",
    topic="managers",
    roles="manager",
)
def reassign(context: Context, words: Rest) -> Reply:
    actor = context.need_manager()
    what, _at, name = words.rpartition("@")
    if not (what.strip(" ,，") and name.strip()):
        raise MissingArgument(example=_("reassign stage quote, untouched for 30 days @Ann"))
    to = members.find(context.uow, name)
    wanted = saved_lists.understood(context.uow, actor=actor, said=read_words(context, what.strip(" ,，")))
    return context.reply("bulk", run=bulk.plan(context.uow, actor=actor, deed="reassign", wanted=wanted, to=to))


@command(
    "close all",
    "批量关闭",
    help=_("Close your people's leads that fit as lost, with one reason, after a preview"),
    example="close all stage new, untouched for 90 days lost no answer",
    example_zh="批量关闭 阶段 新线索，90天未跟进 输单 一直没有回应",
    topic="managers",
    roles="manager",
)
def close_all(context: Context, words: Rest) -> Reply:
    actor = context.need_manager()
    said = _LOST.match(words.strip())
    if said is None or not said["filter"].strip() or not said["reason"].strip():
        raise MissingArgument(example=_("close all stage new, untouched for 90 days lost no answer"))
    wanted = saved_lists.understood(context.uow, actor=actor, said=read_words(context, said["filter"]))
    run = bulk.plan(context.uow, actor=actor, deed="close", wanted=wanted, reason=said["reason"].strip())
    return context.reply("bulk", run=run)


@action("bulk.do", guards=False)
def confirm(context: Context, run: Id) -> Reply:
    planned = bulk.read(context.uow, run)
    to = members.get(context.uow, planned.to) if planned and planned.to else None
    bulk.do(context.uow, actor=context.need_manager(), run_id=run, to=to)
    return context.reply("bulk", run=run)


@action("bulk.undo", guards=False)
def take_back(context: Context, run: Id) -> Reply:
    done = bulk.take_back(context.uow, actor=context.need_manager(), run_id=run)
    return context.reply("bulk_undone", back=len(done.lead_ids), kept=len(done.kept_ids))
