"""For managers: who gets what, and how it goes."""

from __future__ import annotations

from bot.arguments import Rest, meant
from bot.cards.language import _
from bot.context import Context, Reply
from bot.handlers.yours import own_funnel
from bot.router import action, command
from bot.understanding import cuts
from crm.errors import MissingArgument
from crm.rules import periods
from crm.rules.access import Actor
from crm.services import assignments, departments, leads, members, pools

MODULE = "core"
MOST_WORDS = 8  # of a period and a team together


@command(
    "assign",
    "分配",
    help=_("Give a lead, or the best twenty, to a colleague"),
    example="assign L-1042 @Ann",
    example_zh="分配 L-1042 @李娜",
    topic="managers",
    roles="manager",
)
def assign(context: Context, words: Rest) -> Reply:
    if not pools.in_charge(context.uow, context.actor):
        context.need_manager()
    what, _at, name = words.partition("@")
    if not name:
        what, _space, name = words.partition(" ")
    if not name.strip():
        raise MissingArgument(example=_("assign L-1042 @Ann"))
    to = members.find(context.uow, name)
    if what.strip().isdigit() and len(what.strip()) <= 3:
        return _assign_many(context, int(what), to)
    lead = leads.access(context.uow, actor=context.actor, ref=meant(context, what.strip(), _("assign L-1042 @Ann")))
    assignments.assign(context.uow, actor=context.actor, lead=lead, to=to)
    return context.reply("handed_over", leads=[lead.id], to=to.id)


def _assign_many(context: Context, many: int, to: Actor) -> Reply:
    listed = pools.listing(context.uow, actor=context.actor, most=many, claimable=False)
    given = assignments.assign_best(context.uow, actor=context.actor, to=to, found=listed)
    return context.reply("handed_over", leads=given, to=to.id)


@command(
    "transfer",
    "转交",
    help=_("Hand one colleague's leads to another"),
    example="transfer @Ann @Bob",
    example_zh="转交 @李娜 @王强",
    topic="managers",
    roles="manager",
)
def transfer(context: Context, words: Rest) -> Reply:
    context.need_manager()
    names = [part.strip() for part in words.split("@") if part.strip()] if "@" in words else words.split()
    if len(names) != 2:
        raise MissingArgument(example=_("transfer @Ann @Bob"))
    giver, to = members.find(context.uow, names[0]), members.find(context.uow, names[1])
    moved = assignments.transfer_all(context.uow, actor=context.actor, giver=giver, to=to)
    return context.reply("transferred_all", giver=giver.id, to=to.id, count=len(moved), leads=moved)


@command(
    "funnel",
    "漏斗",
    help=_("The funnel of a team and a period, also by source or campaign; funnel me is your own"),
    example="funnel month",
    example_zh="漏斗 本月",
    topic="managers",
    module="funnel",
)
@action("funnel", guards=False, module="funnel")
def funnel(context: Context, words: Rest | None = None) -> Reply:
    context.need_member()
    given = [word for word in (words or "").split() if word]
    if given and given[0].lower() in ("me", "我", "我的"):
        return own_funnel(context, " ".join(given[1:]))
    cut, rest = cuts.read(" ".join(given[:MOST_WORDS]))
    period, named = _period_in(context, rest.split())
    team = departments.find(context.uow, actor=context.actor, words=named).id if named else None
    if cut:
        return context.reply("funnel_by", period=period, team=team, cut=cut)
    return context.reply("funnel", period=period, team=team)


def _period_in(context: Context, given: list[str]) -> tuple[str, str]:
    """The longest period among the words, else thirty days, and the words that are left."""
    spans = [(start, end) for start in range(len(given)) for end in range(start + 1, len(given) + 1)]
    for start, end in sorted(spans, key=lambda span: span[0] - span[1]):
        if _is_period(context, " ".join(given[start:end])):
            return " ".join(given[start:end]), " ".join(given[:start] + given[end:])
    return "30d", " ".join(given)


def _is_period(context: Context, word: str) -> bool:
    try:
        periods.parse(word, context.uow.now, context.actor.timezone)
    except ValueError:
        return False
    return True
