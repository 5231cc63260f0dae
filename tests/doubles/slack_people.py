"""Who there is in the workspace of Slack's double: people page by page, and user groups. A part of `SlackDouble`."""

from collections.abc import Callable
from typing import Any

from tests.doubles.slack_http import SlackError


class People:
    """Methods below `users` and `usergroups`."""

    _number: Callable[[], int]

    def open_book(self) -> None:
        """Nobody is there; `groups` is None where the app may not see them."""
        self.users: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, list[str]] | None = {}
        self._cursors: dict[str, int] = {}

    def user(self, user: str, **profile: Any) -> str:
        """A person in the workspace."""
        self.users[user] = {"id": user, "team_id": "T1", "name": profile.get("name", user), "tz": "Asia/Shanghai",
                            "real_name": profile.get("name", user), "locale": profile.get("locale", "en-US"),
                            "deleted": False, "is_bot": False,
                            "profile": {"email": profile.get("email"),
                                        "real_name": profile.get("name", user)}}  # fmt: skip
        return user

    def _users_info(self, args: dict[str, Any]) -> dict[str, Any]:
        if args.get("user") not in self.users:
            raise SlackError("user_not_found")
        return {"user": self.users[args["user"]]}

    def _users_list(self, args: dict[str, Any]) -> dict[str, Any]:
        limit, cursor = int(args.get("limit") or 0), str(args.get("cursor") or "")
        if not 1 <= limit <= 1000:
            raise SlackError("invalid_limit" if limit else "limit_required")
        if cursor and cursor not in self._cursors:
            raise SlackError("invalid_cursor")
        start = self._cursors.pop(cursor, 0)
        members = list(self.users.values())
        more = start + limit < len(members)
        following = f"dXNlcjp{self._number()}=" if more else ""
        if more:
            self._cursors[following] = start + limit
        return {"members": members[start : start + limit], "response_metadata": {"next_cursor": following}}

    def _usergroups_list(self, args: dict[str, Any]) -> dict[str, Any]:
        if self.groups is None:
            raise SlackError("missing_scope", needed="usergroups:read", provided="users:read")
        with_users = str(args.get("include_users")).lower() in ("true", "1")
        return {
            "usergroups": [
                {"id": f"S{number}", "name": name, "handle": name.lower(), "date_delete": 0}
                | ({"users": list(users)} if with_users else {})
                for number, (name, users) in enumerate(self.groups.items(), 1)
            ]
        }
