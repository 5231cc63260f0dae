"""What could not be done, for admins: seen by cause, tried again once that is mended, or dropped."""

from __future__ import annotations

from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm.errors import MissingArgument
from crm.services import dead_letters
from crm.services.dead_letters import Which

MODULE = "core"
_RETRY, _DROP = ("retry", "重试"), ("drop", "丢弃")
_ALL, _LIKE = ("all", "全部"), ("like", "同因")


@command(
    "dead",
    "死信",
    help=_("What could not be sent, called or fetched, by cause: retry N, drop N, or all"),
    example="dead retry 17",
    example_zh="死信 重试 17",
    topic="setup",
    roles="admin",
)
@action("dead", guards=False)
def dead(context: Context, words: Rest | None = None) -> Reply:
    """`like 17` means all of the same kind and cause as number 17; that is what the buttons of a cause say."""
    actor, said = context.need_admin(), (words or "").lower().split()
    if not said:
        return context.reply("dead", retried=0, dropped=0)
    if len(said) < 2 or said[0] not in (*_RETRY, *_DROP):
        raise MissingArgument(example=_("dead retry 17"))
    which = _which(context, said[1:])
    context.stays()
    if said[0] in _RETRY:
        return context.reply("dead", retried=dead_letters.retry(context.uow, actor=actor, which=which), dropped=0)
    return context.reply("dead", retried=0, dropped=dead_letters.drop(context.uow, actor=actor, which=which))


def _which(context: Context, said: list[str]) -> Which:
    if said[0] in _ALL:
        return Which()
    if said[0] in _LIKE and len(said) > 1:
        return dead_letters.alike(context.uow, said[1])
    return dead_letters.named(said[0])
