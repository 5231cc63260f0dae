"""What a source brings and costs: its figures, why posts were turned away, and the money that was spent on it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.handlers import values
from bot.router import action, command
from bot.understanding.money import bare_money
from crm.errors import BadArgument, MissingArgument, NotAllowed
from crm.services import source_costs, sources

MODULE = "core"
_SPENT = re.compile(
    r"(?P<source>.+?)\s+(?P<amount>[¥￥$€£]?\s?\d[\d,.]*\s?(?:k|w|万|千)?(?:\s?[A-Za-z]{3}\b|\s?元)?)"
    r"(?:\s+(?P<period>.+))?\s*",
    re.IGNORECASE,
)
_CAMPAIGN = re.compile(r"\s+(?:campaign|推广活动|计划)\s+(?P<campaign>.+)$", re.IGNORECASE)
EXAMPLE = _("cost website 3000 last month")


@dataclass(frozen=True, slots=True)
class Said:
    """The parts of a sentence such as `google campaign spring 3k last month`."""

    source: str
    campaign: str | None
    money: str
    period: str


@command(
    "source",
    "来源详情",
    help=_("What a source brings and costs, and why posts were turned away"),
    example="source website",
    example_zh="来源详情 官网",
    topic="setup",
    roles="marketing",
)
@action("source", guards=False)
def source(context: Context, name: Rest | None = None) -> Reply:
    actor, found = context.actor, sources.named(context.uow, name) if name else None
    if not (found and sources.may_see(actor, context.uow, found)):
        _keeper(context)
    if not name:
        raise MissingArgument(example=_("source website"))
    return context.reply("source", source=(found or sources.find(context.uow, name)).id)


@command(
    "cost",
    "成本",
    help=_("What a source, or one campaign of it, cost in a period; 0 takes it away"),
    example="cost website 3000 last month",
    example_zh="成本 官网 3000 上月",
    topic="setup",
    roles="marketing",
)
def cost(context: Context, words: Rest | None = None) -> Reply:
    _keeper(context)
    said = _said(words or "")
    found = sources.find(context.uow, said.source)
    money, span = bare_money(said.money), context.period(said.period, example=EXAMPLE)
    if money is None:
        raise BadArgument(given=said.money, example=EXAMPLE)
    source_costs.put(
        context.uow, actor=context.actor, source_id=found.id, amount=money.amount, currency=money.currency or "CNY",
        first=span.first, last=span.last, campaign=said.campaign,
    )  # fmt: skip
    context.stays()
    spent = [str(money.amount or 0), money.currency or "CNY", span.first.isoformat(), span.last.isoformat()]
    return context.reply("source", source=found.id, spent=spent, campaign=said.campaign)


@command(
    "sources owner",
    "来源 负责人",
    help=_("Who looks after a source: told when it falls silent, and part of a hand-over"),
    example="sources owner website @Ann",
    example_zh="来源 负责人 官网 @李娜",
    topic="setup",
    roles="marketing",
)
def look_after(context: Context, words: Rest) -> Reply:
    _keeper(context)
    done = values.owned(context, "source", words)
    values.can_be_undone(context, done)
    return context.reply("source", source=sources.find(context.uow, done.key).id, noted=True)


def _keeper(context: Context) -> None:
    if context.actor.role not in sources.KEEPERS:
        raise NotAllowed(roles="marketers")


def _said(words: str) -> Said:
    match = _SPENT.fullmatch(words.strip())
    if match is None:
        raise MissingArgument(example=EXAMPLE)
    named = _CAMPAIGN.search(match["source"])
    name = match["source"][: named.start()] if named else match["source"]
    return Said(name, named["campaign"] if named else None, match["amount"], match["period"] or "month")
