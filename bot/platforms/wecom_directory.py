"""WeCom's address book and customer contacts, in neutral words. Raises what the client raises.

An app sees who is in its visible range; details such as phones and e-mail are not given to apps any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.platforms import wecom_errors as errors
from bot.platforms.base import InstallationDead, RecipientGone, Rejected
from bot.platforms.wecom_client import WeComClient
from crm.rules.directory import Colleague, Contact, Unit

LEFT = frozenset({2, 5})
"""Status of a member who is disabled or has left."""
PAGES = 200
_NO_CONTACTS = 84061
_NOT_LEFT, _FULL, _RUNNING, _TWICE = 40097, 40099, 40100, 40128
_STATUS = {1: ("done", ""), 2: ("waiting", ""), 3: ("refused", "refused"), 4: ("refused", "full"), 5: ("waiting", "")}
_CAUSES = {_FULL: "full", _TWICE: "twice"}
FAILED = {"customer_refused": "refused", "customer_limit_exceed": "full"}
"""Why a transfer failed, in the words of the event."""

Answers = Mapping[str, tuple[str, str]]
"""By customer: done, waiting or refused, and the cause: refused, full, twice or other."""


class Directory:
    """What one app may see and do about people."""

    def __init__(self, client: WeComClient) -> None:
        self._client = client

    def colleague(self, user: str) -> Colleague | None:
        """Somebody by userid; None who is gone or outside the visible range."""
        try:
            return colleague_of(self._client.read("user/get", userid=user))
        except RecipientGone:
            return None

    def units(self) -> list[Unit]:
        """The departments within the visible range."""
        found = self._client.read("department/list").get("department") or []
        return [Unit(str(each["id"]), str(each.get("name") or ""), str(each.get("parentid") or "")) for each in found]

    def colleagues(self, units: Iterable[Unit]) -> list[Colleague]:
        """Everybody in these departments, each once."""
        found: dict[str, Colleague] = {}
        for unit in units:
            for told in self._client.read("user/list", department_id=unit.id).get("userlist") or []:
                person = colleague_of(told)
                found[person.user.lower()] = person
        return list(found.values())

    def contact(self, external_id: str, user: str) -> Contact | None:
        """A customer as that member has them; None where the two are no contacts."""
        asked = {"external_userid": external_id}
        for told in self._pages(lambda more: self._client.read("externalcontact/get", **asked, **more)):
            follows = (each for each in told.get("follow_user") or [] if each["userid"].lower() == user.lower())
            if follow := next(follows, None):
                return contact_of(told["external_contact"], follow, tags=_names(follow))
        return None

    def contacts_of(self, user: str) -> list[Contact]:
        """All customers of a member; tags are not told here."""
        asked: dict[str, Any] = {"userid_list": [user], "limit": 100}
        pages = self._pages(lambda more: self._client.ask("externalcontact/batch/get_by_user", **asked, **more))
        rows = (row for page in pages for row in page.get("external_contact_list") or [])
        return [contact_of(row["external_contact"], row["follow_info"], tags=None) for row in rows]

    def move(self, giver: str, taker: str, external_ids: Sequence[str], *, left: bool) -> Answers:
        """Ask that up to 100 customers follow from one member to another. Args: left: the giver is here no longer."""
        asked = {"handover_userid": giver, "takeover_userid": taker, "external_userid": list(external_ids)}
        try:
            told = self._client.ask(f"externalcontact/{'resigned/' if left else ''}transfer_customer", **asked)
        except InstallationDead:
            raise
        except Rejected as exc:
            if left and errors.code_of(exc) == _NOT_LEFT:
                return self.move(giver, taker, external_ids, left=False)
            return dict.fromkeys(external_ids, ("refused", _CAUSES.get(errors.code_of(exc) or 0, "other")))
        return {each["external_userid"]: _asked(int(each.get("errcode") or 0)) for each in told.get("customer") or []}

    def moved(self, giver: str, taker: str, *, left: bool) -> Answers:
        """What has become of the customers between these two."""
        endpoint = f"externalcontact/{'resigned/' if left else ''}transfer_result"
        asked = {"handover_userid": giver, "takeover_userid": taker}
        pages = self._pages(lambda more: self._client.ask(endpoint, **asked, **more))
        rows = (row for page in pages for row in page.get("customer") or [])
        return {row["external_userid"]: _STATUS.get(int(row.get("status") or 0), ("waiting", "")) for row in rows}

    def _pages(self, call: Any) -> Iterator[dict[str, Any]]:
        """Page after page, until there is no cursor; nothing where there are no contacts at all."""
        cursor = ""
        for _page in range(PAGES):
            try:
                told = call({"cursor": cursor} if cursor else {})
            except Rejected as exc:
                if errors.code_of(exc) != _NO_CONTACTS:
                    raise
                return
            yield told
            cursor = told.get("next_cursor") or ""
            if not cursor:
                return


def colleague_of(told: Mapping[str, Any]) -> Colleague:
    """A member as `user/get` and `user/list` tell."""
    units = [str(each) for each in told.get("department") or []]
    main = str(told.get("main_department") or (units[0] if units else ""))
    leads = dict(zip(units, told.get("is_leader_in_dept") or [], strict=False))
    return Colleague(
        user=str(told["userid"]), name=str(told.get("name") or ""), email=str(told.get("biz_mail") or ""), unit=main,
        leads=bool(leads.get(main)), active=told.get("status") not in LEFT,
    )  # fmt: skip


def contact_of(known: Mapping[str, Any], follow: Mapping[str, Any], *, tags: tuple[str, ...] | None) -> Contact:
    """A customer and what one member has noted about them."""
    since = follow.get("createtime")
    return Contact(
        id=str(known["external_userid"]), name=str(known.get("name") or ""), remark=str(follow.get("remark") or ""),
        company=str(known.get("corp_full_name") or known.get("corp_name") or follow.get("remark_corp_name") or ""),
        title=str(known.get("position") or ""), unionid=str(known.get("unionid") or ""),
        mobiles=tuple(str(each) for each in follow.get("remark_mobiles") or ()), tags=tags,
        state=str(follow.get("state") or ""), since=datetime.fromtimestamp(int(since), UTC) if since else None,
    )  # fmt: skip


def _names(follow: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(each["tag_name"])[:40] for each in follow.get("tags") or () if each.get("tag_name"))


def _asked(code: int) -> tuple[str, str]:
    return ("waiting", "") if code in (0, _RUNNING) else ("refused", _CAUSES.get(code, "other"))
