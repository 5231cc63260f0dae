"""The menu under a WeCom app's chat: three buttons with the words that people use most, in their language.

An entry's key is the command that it types, so that the menu needs no handler of its own.
"""

from __future__ import annotations

from typing import Any, cast

from bot.app import Bot
from bot.platforms.base import Workspace
from bot.platforms.wecom import WeCom

Entries = tuple[tuple[str, str, str], ...]
"""English name, Chinese name, and the command."""

# WeCom takes 16 bytes of a button's name and 40 of an entry's: five and thirteen Chinese characters.
_TODAY = (("Due today", "今日待办", "today"), ("This week", "本周待办", "week"), ("My leads", "我的线索", "my"))
_OWN = (("New customer", "新建客户", "new"), ("Undo", "撤销", "undo"))
_POOL = (("Claim the next", "领取下一个", "claim next"), ("See the pool", "看公海", "pool"))
_FUNNELS = (("My funnel", "我的漏斗", "funnel me"), ("Team funnel", "团队漏斗", "funnel"))
_DUTY = (("On duty", "上班", "on"), ("Off duty", "下班", "off"))
_SETTINGS = (("My desk", "工作台", "home"), ("Notices", "通知设置", "notify"), ("Help", "帮助", "help"))
_MENU: tuple[tuple[str, str, Entries], ...] = (
    ("Today", "今日", (*_TODAY, *_OWN)),
    ("Pool", "公海", (*_POOL, *_FUNNELS)),
    ("More", "更多", (*_DUTY, *_SETTINGS)),
)


def menu(locale: str) -> dict[str, Any]:
    """The menu as WeCom wants it; Chinese unless the locale is English."""
    named = 0 if locale.startswith("en") else 1
    return {"button": [{"name": top[named], "sub_button": [_entry(each, named) for each in top[2]]} for top in _MENU]}


def install_menu(platform: WeCom, workspace: Workspace, *, locale: str) -> dict[str, Any]:
    """Put the menu under the app's chat and return it. Raises PlatformError."""
    made = menu(locale)
    platform.client(workspace).install_menu(made)
    return made


def install_menus(bot: Bot, app: str, *, locale: str) -> list[str]:
    """The menu on one connected app, by `corp/agent`, or on all of them; returns their ids. Raises PlatformError."""
    platform = cast(WeCom, bot.platforms["wecom"])
    found = [each for each in bot.workspaces.all("wecom") if app in ("", each.external_id)]
    for workspace in found:
        install_menu(platform, workspace, locale=locale)
    return [each.external_id for each in found]


def _entry(entry: tuple[str, str, str], named: int) -> dict[str, str]:
    return {"type": "click", "name": entry[named], "key": entry[2]}
