"""Slack's people and user groups in neutral words. Bots, guests and strangers of shared channels are no colleagues."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from slack_sdk import WebClient

from bot.platforms.base import RecipientGone, Throttled
from bot.platforms.slack_errors import calling
from crm.rules.directory import Colleague, Unit

PAGE, PAGES = 200, 500
# What Slack asks to wait between pages, which it does about every twentieth a minute; longer ones wait for the night.
LONGEST_WAIT, WAITS = 90.0, 60
SLACKBOT = "USLACKBOT"

Wait = Callable[[float], None]


class SlackDirectory:
    """What the app may see of a workspace's people. Args: wait: sleeps for so many seconds."""

    def __init__(self, client: WebClient, wait: Wait = time.sleep) -> None:
        self._client, self._wait = client, wait

    def colleague(self, user: str) -> Colleague | None:
        """Somebody by id; None who is unknown, or no colleague."""
        try:
            return colleague_of(calling(self._client.users_info, user=user).get("user") or {})
        except RecipientGone:
            return None

    def colleagues(self, units: Mapping[str, str]) -> list[Colleague]:
        """Everybody of the workspace, those who have left it too. Args: units: each one's user group, by user."""
        told = (each for page in self._pages() for each in page)
        found = (colleague_of(each, units.get(str(each.get("id")), "")) for each in told)
        return [each for each in found if each is not None]

    def groups(self) -> dict[Unit, list[str]]:
        """The user groups that are in use, each with who is in it."""
        told = calling(self._client.usergroups_list, include_users=True).get("usergroups") or []
        return {
            Unit(str(each["id"]), str(each.get("name") or "")): [str(user) for user in each.get("users") or ()]
            for each in told
            if not each.get("date_delete")
        }

    def _pages(self) -> Iterator[list[Mapping[str, Any]]]:
        cursor, waits = "", 0
        for _page in range(PAGES):
            while True:
                try:
                    told = calling(self._client.users_list, limit=PAGE, cursor=cursor)
                    break
                except Throttled as exc:
                    waits += 1
                    if exc.retry_after > LONGEST_WAIT or waits > WAITS:
                        raise
                    self._wait(exc.retry_after)
            yield told.get("members") or []
            cursor = (told.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return


def colleague_of(told: Mapping[str, Any], unit: str = "") -> Colleague | None:
    """A user as `users.list` and events tell; None for whom we do not know."""
    kinds = ("is_bot", "is_restricted", "is_ultra_restricted", "is_stranger", "is_app_user", "is_workflow_bot")
    if told.get("id") in (None, SLACKBOT) or any(told.get(kind) for kind in kinds):
        return None
    profile = told.get("profile") or {}
    name = profile.get("real_name") or told.get("real_name") or profile.get("display_name") or told.get("name")
    return Colleague(
        user=str(told["id"]), name=str(name or ""), email=str(profile.get("email") or ""), unit=unit,
        active=not told.get("deleted"),
    )  # fmt: skip
