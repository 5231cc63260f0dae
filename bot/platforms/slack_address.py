"""Where a late answer goes in Slack, as one string that outlives the request.

`D1` a channel or person · `C1/17.0002` a thread in it · `C1/17.0002@U1` the same, for one person's eyes ·
`https://hooks.slack.com/...#U1` a response_url; when it has run out, that person's private chat takes over.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from bot.platforms.base import Rejected

HOOKS = "hooks.slack.com"


@dataclass(frozen=True, slots=True)
class Place:
    """A channel, perhaps a thread in it, perhaps for one reader only."""

    channel: str
    thread: str = ""
    reader: str = ""


def place(channel: str, thread: str | None = None, reader: str | None = None) -> str:
    """A place as one string, see `parse`."""
    return channel + (f"/{thread}" if thread else "") + (f"@{reader}" if reader else "")


def parse(address: str) -> Place:
    """The reverse of `place`."""
    rest, _, reader = address.partition("@")
    channel, _, thread = rest.partition("/")
    return Place(channel, thread, reader)


def is_url(address: str) -> bool:
    """Whether an address is a response_url."""
    return address.startswith(("https://", "http://"))


def allowed(url: str, api_url: str) -> str:
    """The response_url without its reader, if it leads to Slack or to the server that the settings name.

    Raises: Rejected for any other address, so that a forged one never makes us call somebody else.
    """
    parts = _split(url)
    api = urlsplit(api_url)
    to_slack = (parts.scheme, parts.netloc) == ("https", HOOKS)
    to_double = api.hostname != "slack.com" and (parts.scheme, parts.netloc) == (api.scheme, api.netloc)
    if not (to_slack or to_double):
        raise Rejected("response_url_not_allowed")
    return parts._replace(fragment="").geturl()


def reader(url: str) -> str:
    """The person for whom a response_url was made, or an empty text."""
    return _split(url).fragment


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise Rejected("response_url_not_allowed") from None
