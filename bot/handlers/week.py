"""What is due: today, this week by days, and the same in the calendar that a member looks at anyway."""

from __future__ import annotations

from bot.arguments import Word
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm.errors import BadArgument
from crm.services import feeds, members
from crm.vault import Vault

MODULE = "core"


@command("today", "今日", "今天", "待办", help=_("What to do now"), example="today", example_zh="今日", topic="work")
@action("today", guards=False)
def today(context: Context) -> Reply:
    context.need_member()
    return context.reply("today")


@command("week", "本周", help=_("What to do this week, day by day"), example="week", example_zh="本周", topic="work")
@action("week", guards=False)
def week(context: Context) -> Reply:
    context.need_member()
    return context.reply("week")


@command(
    "calendar",
    "日历",
    help=_("The private address of your reminders for your calendar: calendar new changes it, calendar off ends it"),
    example="calendar",
    example_zh="日历",
    topic="work",
    module="calendar",
)
@action("calendar", guards=False, module="calendar")
def calendar(context: Context, word: Word | None = None) -> Reply:
    vault = Vault(context.settings.secret_key.get_secret_value())
    match (word or "").lower():
        case "":
            token = feeds.address_of(context.uow, vault, actor=context.actor)
        case "new" | "新" | "新建" | "更换":
            token = feeds.renew(context.uow, vault, actor=context.actor)
            members.remember_past(context.uow, context.actor)
        case "off" | "关闭" | "关" | "停用":
            feeds.end(context.uow, actor=context.actor)
            members.remember_past(context.uow, context.actor)
            return context.reply("calendar", on=False)
        case _:
            raise BadArgument(given=str(word), example=_("calendar new"))
    address = f"{context.settings.public_url}/calendar/{token}.ics"
    return context.secretly("calendar", {"address": address}, on=True)
