"""What WeCom's error codes mean for a message, in words that hold no secret: only the code is read, never its text.

The words of an answer (`errmsg`) carry addresses and hints that change; requests' own texts carry the token.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import requests
from urllib3.exceptions import NewConnectionError

from bot.platforms.base import (
    CardGone,
    InstallationDead,
    OutcomeUnknown,
    PlatformError,
    RecipientGone,
    Rejected,
    Throttled,
    Unavailable,
)

UPDATE = "message/update_template_card"


class TokenStale(Unavailable):
    """The access token was refused: a fresh one may help once."""


class CardRefused(Rejected):
    """The template card breaks a rule of the platform: the same words as plain text may pass."""


_CODE = re.compile(r"wecom \S+ (-?\d+)")
_WORDS = {
    -1: "busy",
    40001: "the app secret is refused",
    40003: "no such member",
    40007: "media expired",
    40013: "the corp id is refused",
    40014: "token invalid",
    40056: "the agent id is refused",
    42001: "token expired",
    42022: "response code used",
    45002: "too long",
    45009: "too fast",
    45033: "too many calls at once",
    48002: "the app may not use this call",
    60011: "outside the app's visible range",
    60020: "this server's address is not among the app's trusted IPs",
    60111: "no such member",
    81013: "outside the app's visible range",
    93000: "the robot is gone",
    301002: "the app lacks a permission",
}
_DEAD = frozenset({40001, 40013, 40056, 60020, 301002})
# Whatever a group chat of the app refuses with, it cannot be written to any more.
_CHAT, _CHAT_GONE = "appchat/", range(86000, 87000)
# 48002 means here that an app without the whole company in its range tried to use a group chat.
_GONE = frozenset(
    {40003, 48002, 60011, 60111, 81013, 86001, 86003, 86004, 86101, 86215, 86216, 86217, 93000, 93004, 93008}
)
_STALE = frozenset({40014, 42001})
_WAIT = {45009: 60.0, 45033: 5.0}
_USED_UP = frozenset({*range(42014, 42023), 60140})
_BAD_CARD = frozenset({40058, 42014, *range(42017, 42020), *range(42027, 42052)})


def by_code(code: int, endpoint: str) -> PlatformError:
    """The error for an `errcode` that is not 0. Args: endpoint: such as `message/send`."""
    cause = f"wecom {endpoint} {code}" + (f": {_WORDS[code]}" if code in _WORDS else "")
    if code in _WAIT:
        return Throttled(cause, retry_after=_WAIT[code])
    return _kind(code, endpoint)(cause)


def _kind(code: int, endpoint: str) -> type[PlatformError]:
    kinds: Iterable[tuple[frozenset[int], type[PlatformError]]] = (
        (frozenset({-1}), Unavailable),
        (_STALE, TokenStale),
        (_DEAD, InstallationDead),
        (_GONE, RecipientGone),
        (frozenset(_CHAT_GONE) if endpoint.startswith(_CHAT) else frozenset(), RecipientGone),
        (_USED_UP if endpoint == UPDATE else frozenset(), CardGone),
        (_BAD_CARD, CardRefused),
    )
    return next((kind for codes, kind in kinds if code in codes), Rejected)


def code_of(failure: PlatformError) -> int | None:
    """The `errcode` behind a failure, if WeCom has named one."""
    found = _CODE.match(failure.cause)
    return int(found.group(1)) if found else None


def by_status(status: int, retry_after: str | None, endpoint: str) -> PlatformError:
    """The error for an HTTP status that is not 2xx. 502 and 504 come from a gateway, so the message may have passed."""
    cause = f"wecom {endpoint} HTTP {status}"
    if status == 429:
        seconds = (retry_after or "").strip()
        return Throttled(cause, retry_after=float(seconds) if seconds.isascii() and seconds.isdigit() else 60.0)
    if status in (502, 504):
        return OutcomeUnknown(cause)
    return Unavailable(cause) if status >= 500 else Rejected(cause)


def by_exception(exc: requests.RequestException, endpoint: str) -> PlatformError:
    """The error for a call without an answer: certain only when no connection was made."""
    cause = f"wecom {endpoint} {type(exc).__name__}"
    return Unavailable(cause) if _never_connected(exc) else OutcomeUnknown(cause)


def _never_connected(exc: requests.RequestException) -> bool:
    reason = getattr(exc.args[0], "reason", None) if exc.args else None
    return isinstance(exc, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)


def garbled(endpoint: str) -> PlatformError:
    """The error for an answer that is cut off or no JSON object."""
    return OutcomeUnknown(f"wecom {endpoint} answered something unreadable")
