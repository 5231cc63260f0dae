"""Events: made by one line, shown with their figures, changed, closed and opened again."""

from __future__ import annotations

import re

from bot.arguments import Id, Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from bot.understanding.events import Told, understood
from crm.errors import MissingArgument
from crm.errors_of_events import EventTime, MaterialWanted
from crm.services import attachments, departments, event_materials, events, members, tasks
from crm.services.attachments import Coming
from crm.services.events import EventView
from crm.vault import Vault

MODULE = "events"
_EXAMPLE = _("event new Spring Expo, Hall 3, Saturday 2pm, @Ann @Bob")
_CHANGE, _LINK = _("event change Spring Expo, Hall 5, Sunday 10am"), _("event link Spring Expo, @Ann @Bob")
_MATERIAL = _("event material Spring Expo, Brochure https://www.example.com/brochure")
_URL = re.compile(r"https?://\S+", re.IGNORECASE)


@command(
    "event new",
    "new event",
    "活动 新建",
    "活动新建",
    "新建活动",
    help=_("An event with its form, QR code, sign-in page and an address for each helper"),
    example="event new Spring Expo, Hall 3, Saturday 2pm, @Ann @Bob",
    example_zh="活动 新建 春季发布会，三号馆，周六下午2点，@李娜 @陈波",
    topic="setup",
    roles="manager",
)
def event_new(context: Context, words: Rest | None = None) -> Reply:
    told = _told(context, words or "", _EXAMPLE)
    if told.starts_at is None:
        raise EventTime(given=words, example=context.say(_EXAMPLE))
    vault = Vault(context.settings.secret_key.get_secret_value())
    made = events.create(
        context.uow, vault, actor=context.actor, name=told.name, place=told.place or "", starts_at=told.starts_at,
        helpers=_helpers(context, told.helpers),
    )  # fmt: skip
    members.remember_setting(context.uow, context.actor, "event", str(made.id))
    return _shown(context, made, "made")


@command(
    "events",
    "活动列表",
    help=_("Events that come, run and ran"),
    example="events",
    example_zh="活动列表",
    topic="setup",
    roles="manager",
)
@action("events", guards=False)
def listed(context: Context) -> Reply:
    context.need_member()
    return context.reply("events")


@command(
    "event",
    "活动",
    help=_("One event: who registered, who is there, whom each helper brought"),
    example="event Spring Expo",
    example_zh="活动 春季发布会",
    topic="setup",
    roles="manager",
)
def show(context: Context, words: Rest | None = None) -> Reply:
    context.need_member()
    return _shown(context, events.find(context.uow, words), "") if words else context.reply("events")


@action("event.show", guards=False)
def show_one(context: Context, number: Id) -> Reply:
    context.need_member()
    return _shown(context, events.get(context.uow, number), "")


@command(
    "event change",
    "活动 修改",
    "活动修改",
    "修改活动",
    help=_("Another place or time for an event; its addresses stay"),
    example="event change Spring Expo, Hall 5, Sunday 10am",
    example_zh="活动 修改 春季发布会，五号馆，周日上午10点",
    topic="setup",
    roles="manager",
)
def change(context: Context, words: Rest | None = None) -> Reply:
    told = _told(context, words or "", _CHANGE)
    if told.starts_at is None and told.place is None and told.ends_at is None:
        raise MissingArgument(example=context.say(_CHANGE))
    event = events.find(context.uow, told.name)
    events.change(
        context.uow, actor=context.actor, event=event, place=told.place, starts_at=told.starts_at,
        ends_at=told.ends_at,
    )  # fmt: skip
    members.remember_past(context.uow, context.actor)
    return _shown(context, event, "changed")


@command(
    "event link",
    "活动 链接",
    "活动链接",
    help=_("An address of an event for colleagues or a team, so that whom they bring counts for them"),
    example="event link Spring Expo, @Ann @Bob",
    example_zh="活动 链接 春季发布会，@李娜 @陈波",
    topic="setup",
    roles="manager",
)
def link(context: Context, words: Rest | None = None) -> Reply:
    told = _told(context, words or "", _LINK)
    if not told.helpers:
        raise MissingArgument(example=context.say(_LINK))
    event = events.find(context.uow, told.name)
    events.help_with(context.uow, actor=context.actor, event=event, members=_helpers(context, told.helpers))
    members.remember_past(context.uow, context.actor)
    return _shown(context, event, "")


@command(
    "event close",
    "活动 关闭",
    "活动关闭",
    "关闭活动",
    help=_("Nobody can register or sign in any more"),
    example="event close Spring Expo",
    example_zh="活动 关闭 春季发布会",
    topic="setup",
    roles="manager",
)
def close(context: Context, words: Rest) -> Reply:
    return _set_open(context, events.find(context.uow, words), is_open=False)


@command(
    "event open",
    "event reopen",
    "活动 重开",
    "活动重开",
    help=_("Open the pages of a closed event again"),
    example="event open Spring Expo",
    example_zh="活动 重开 春季发布会",
    topic="setup",
    roles="manager",
)
def reopen(context: Context, words: Rest) -> Reply:
    return _set_open(context, events.find(context.uow, words), is_open=True)


@action("event.close", guards=False)
def close_one(context: Context, number: Id) -> Reply:
    return _set_open(context, events.get(context.uow, number), is_open=False)


@action("event.open", guards=False)
def open_one(context: Context, number: Id) -> Reply:
    return _set_open(context, events.get(context.uow, number), is_open=True)


@action("event.undo", guards=False)
def undo(context: Context, number: Id) -> Reply:
    """The event that was just made is none."""
    return take_back(context, number)


@command(
    "event material",
    "活动 资料",
    "活动资料",
    help=_("What visitors may take along: an address, or a file sent with these words"),
    example="event material Spring Expo, Brochure https://www.example.com/brochure",
    example_zh="活动 资料 春季发布会，产品手册 https://www.example.com/brochure",
    topic="setup",
    roles="manager",
)
def material(context: Context, words: Rest) -> Reply:
    name, _comma, rest = re.sub("[，、；;]", ",", words, count=1).partition(",")
    event = events.find(context.uow, name)
    found, files = _URL.search(rest), context.interaction.files
    if not found and not files:
        raise MaterialWanted(example=context.say(_MATERIAL))
    title = _URL.sub("", rest).strip(" ,，:：")
    if found:
        event_materials.add(context.uow, actor=context.actor, event=event, title=title, url=found[0])
    coming = [Coming(file.name, file.mime, file.size, file.handle) for file in files]
    ids = attachments.announce(context.uow, actor=context.actor, workspace_id=context.workspace.id, files=coming)
    for file, number in zip(files, ids, strict=True):
        event_materials.add(context.uow, actor=context.actor, event=event, title=title or file.name, file=number)
    members.remember_past(context.uow, context.actor)
    return _shown(context, event, "material")


def take_back(context: Context, number: int) -> Reply:
    """Undo of `event new`. Raises EventInUse."""
    events.unmake(context.uow, actor=context.actor, event=events.get(context.uow, number))
    return context.reply("event_undone")


def _set_open(context: Context, event: EventView, *, is_open: bool) -> Reply:
    events.set_open(context.uow, actor=context.actor, event=event, is_open=is_open)
    members.remember_past(context.uow, context.actor)
    return _shown(context, event, "opened" if is_open else "closed")


def _shown(context: Context, event: EventView, note: str) -> Reply:
    return context.reply("event", event=event.id, note=note, base=context.settings.public_url)


def _told(context: Context, words: str, example: str) -> Told:
    """Name, place, time and helpers. Raises MissingArgument without a name, TimeInPast."""
    told = understood(words, now=context.uow.now, tz=context.actor.timezone, locale=context.actor.locale)
    if not told.name:
        raise MissingArgument(example=context.say(example))
    return told


def _helpers(context: Context, named: tuple[str, ...]) -> list[int]:
    """Members by name, and everybody of teams by theirs. Raises MemberNotFound, MemberAmbiguous."""
    teams = departments.visible(context.uow, actor=context.actor)
    found: dict[int, None] = {}
    for name in named:
        team = next((one for one in teams if name.casefold() in (one.key.casefold(), one.name.casefold())), None)
        ids = tasks.team(context.uow, team.id) if team else [members.find(context.uow, name).id]
        found |= dict.fromkeys(ids)
    return list(found)
