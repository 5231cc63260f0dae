"""Answers by response_url: only to Slack's own host (or the configured double's), never following a redirect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
from urllib3.exceptions import NewConnectionError

from bot.platforms import slack_address
from bot.platforms.base import CardGone, Handle, OutcomeUnknown, Rejected, Unavailable
from bot.platforms.slack_errors import from_http

TIMEOUT = (3.05, 6.0)


def post(url: str, api_url: str, body: Mapping[str, Any]) -> Handle:
    """Post a message to a response_url; it cannot be edited later, so the handle is empty.

    Raises: CardGone when it is used up or older than 30 minutes, Rejected when it leads elsewhere.
    """
    target = slack_address.allowed(url, api_url)
    try:
        response = requests.post(target, json=dict(body), timeout=TIMEOUT, allow_redirects=False)
    except (requests.ConnectTimeout, requests.ConnectionError) as error:
        raise _unreachable(error) from None
    except requests.RequestException as error:
        raise OutcomeUnknown(f"response_url_cut_off: {type(error).__name__}") from None
    return _judge(response)


def _unreachable(error: requests.ConnectionError) -> Unavailable:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError):
        return Unavailable("response_url_unreachable")
    return OutcomeUnknown("response_url_cut_off")


def _judge(response: requests.Response) -> Handle:
    if 300 <= response.status_code < 400:
        raise Rejected("response_url_redirects")
    code = _code(response)
    if response.status_code in {403, 404, 410} and code not in {"invalid_blocks", "no_text"}:
        raise CardGone("response_url_expired")
    if response.status_code != 200 or code:
        raise from_http(response.status_code, response.headers, code)
    return {}


def _code(response: requests.Response) -> str:
    """Slack's error code, which comes as JSON or as bare text; empty when all is well."""
    try:
        data = response.json()
    except ValueError:
        return "" if response.status_code == 200 else response.text.strip()[:60]
    return str(data.get("error", "")) if isinstance(data, dict) and not data.get("ok", True) else ""
