"""What WeCom tells of people by itself: colleagues and departments of the address book, and members' customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.platforms.wecom_directory import FAILED

LEFT = {"2", "5"}
"""Status of a member who is disabled or has left."""
_USERS = ("create_user", "update_user", "delete_user")
_PARTIES = {"create_party": "made", "update_party": "changed", "delete_party": "dropped"}
_CONTACTS = {
    "add_external_contact": "added", "add_half_external_contact": "added", "edit_external_contact": "edited",
    "del_external_contact": "removed", "del_follow_user": "lost", "transfer_fail": "stays",
}  # fmt: skip

Told = Mapping[str, Any]
News = dict[str, Any]
"""What differs from any other `Interaction`."""


def news_of(told: Told) -> News | None:
    """The interaction behind an event about people; None for anything else. Raises ValueError where somebody has no
    name."""
    reader = _READERS.get(str(told.get("Event") or "").lower()) if told.get("MsgType") == "event" else None
    return reader(told) if reader else None


def _came(told: Told) -> News:
    return {"kind": "joined", "profile": {"told_at": _at(told)}}


def _went(_told: Told) -> News:
    return {"kind": "left"}


def _colleague(told: Told) -> News | None:
    change = _word(told, "ChangeType")
    if change in _PARTIES:
        fields = {"name": _word(told, "Name"), "parent": _word(told, "ParentId")}
        return {"kind": "unit", "action": _PARTIES[change], "value": _needed(told, "Id"), "fields": fields}
    if change not in _USERS:
        return None
    gone = change == "delete_user" or _word(told, "Status") in LEFT
    return {"kind": "left" if gone else "joined", "user": _needed(told, "UserID"), "profile": _profile(told)}


def _profile(told: Told) -> dict[str, str]:
    """What has changed about somebody, by our names."""
    units = [unit for unit in _word(told, "Department").split(",") if unit]
    main = _word(told, "MainDepartment") or (units[0] if units else "")
    leads = dict(zip(units, _word(told, "IsLeaderInDept").split(","), strict=False))
    said = {
        "name": _word(told, "Name"), "email": _word(told, "BizMail"), "renamed_to": _word(told, "NewUserID"),
        "unit": main, "leads": "yes" if leads.get(main) == "1" else "", "told_at": _at(told),
    }  # fmt: skip
    return {name: value for name, value in said.items() if value}


def _customer(told: Told) -> News | None:
    change = _CONTACTS.get(_word(told, "ChangeType"))
    if change is None:
        return None
    fields = {
        "state": _word(told, "State"), "why": FAILED.get(_word(told, "FailReason"), ""),
        "moved": "yes" if _word(told, "Source") == "DELETE_BY_TRANSFER" else "",
    }  # fmt: skip
    user, customer = _needed(told, "UserID"), _needed(told, "ExternalUserID")
    return {"kind": "contact", "user": user, "action": change, "value": customer, "fields": fields}


def _at(told: Told) -> str:
    return datetime.fromtimestamp(int(_word(told, "CreateTime") or 0), UTC).isoformat()


def _word(told: Told, name: str) -> str:
    value = told.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(name)
    return (value or "").strip()


def _needed(told: Told, name: str) -> str:
    value = _word(told, name)
    if not value or len(value) > 128:
        raise ValueError(name)
    return value


_READERS: dict[str, Callable[[Told], News | None]] = {
    "subscribe": _came,
    "unsubscribe": _went,
    "change_contact": _colleague,
    "change_external_contact": _customer,
}
