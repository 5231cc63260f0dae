"""What Slack's refusals and silences mean for a message: wait, try again, leave it, or tell somebody."""

from __future__ import annotations

import http.client
import logging
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Any
from urllib.error import URLError

from slack_sdk.errors import SlackApiError, SlackClientError

from bot.platforms.base import (
    CardGone,
    InstallationDead,
    OutcomeUnknown,
    PlatformError,
    RecipientGone,
    Rejected,
    Throttled,
    TriggerExpired,
    Unavailable,
)

# The SDK logs the answer that it could not read, and with it what people wrote; the caller logs the cause instead.
quiet = logging.getLogger("bot.platforms.slack.sdk")
quiet.addHandler(logging.NullHandler())
quiet.propagate = False
quiet.setLevel(logging.CRITICAL)

DEFAULT_WAIT, LONGEST_WAIT = 10.0, 3600.0


class BlocksRefused(Rejected):
    """Slack will not take these blocks: the words alone may still go."""


class TooManyBlocks(BlocksRefused):
    """The blocks are too long together, by a count that Slack does not publish."""


class NotInChannel(RecipientGone):
    """The app is not a member of this channel; a public one it can join."""


MEANINGS: Mapping[str, type[PlatformError]] = {
    **dict.fromkeys(("internal_error", "fatal_error"), OutcomeUnknown),
    **dict.fromkeys(("service_unavailable", "request_timeout", "team_added_to_org"), Unavailable),
    **dict.fromkeys(
        (
            "channel_not_found", "is_archived", "is_inactive", "restricted_action", "user_not_in_channel",
            "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
            "restricted_action_non_threadable_channel", "posting_to_general_channel_denied", "messages_tab_disabled",
            "cannot_dm_bot", "user_not_found",
            "users_not_found", "user_disabled", "user_not_visible", "cannot_find_channel", "not_visible",
        ),
        RecipientGone,
    ),
    "not_in_channel": NotInChannel,
    **dict.fromkeys(
        (
            "account_inactive", "token_revoked", "invalid_auth", "not_authed", "token_expired", "org_login_required",
            "team_access_not_granted", "app_uninstalled", "access_denied", "ekm_access_denied", "team_not_found",
        ),
        InstallationDead,
    ),
    **dict.fromkeys(("invalid_blocks", "invalid_blocks_format", "invalid_attachments"), BlocksRefused),
    "msg_blocks_too_long": TooManyBlocks,
    **dict.fromkeys(
        ("expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id", "trigger_expired", "trigger_exchanged"),
        TriggerExpired,
    ),
    **dict.fromkeys(
        (
            "message_not_found", "cant_update_message", "edit_window_closed", "streaming_state_conflict",
            "block_mismatch", "expired_url", "used_url", "url_expired", "not_found", "view_not_found",
        ),
        CardGone,
    ),
}  # fmt: skip
_CODE = re.compile(r"[a-z0-9_]{1,60}")
_POINTER = re.compile(r"json-pointer:([\w/]{1,80})")


def meaning(error: Exception) -> PlatformError:
    """The failure of a call through slack_sdk, in our words; its cause holds codes only, never text of a person."""
    match error:
        case SlackApiError():
            return _refusal(error.response)
        case SlackClientError():
            return Unavailable("slack_client_error")
        case URLError(reason=ConnectionRefusedError() | socket.gaierror() | ssl.SSLError()):
            return Unavailable(f"slack_unreachable: {type(error.reason).__name__}")
        case TimeoutError() | URLError(reason=TimeoutError()):
            return OutcomeUnknown("slack_timeout")
        case OSError() | http.client.HTTPException():
            return OutcomeUnknown(f"slack_cut_off: {type(error).__name__}")
        case _:
            return OutcomeUnknown(f"slack_garbled: {type(error).__name__}")


def calling(method: Callable[..., Any], **arguments: Any) -> Any:
    """Call a method of the SDK. Raises PlatformError, whatever goes wrong."""
    try:
        return method(**arguments)
    except Exception as error:  # noqa: BLE001 - the SDK lets anything through that a broken answer can cause
        raise meaning(error) from None


def from_http(status: int, headers: Mapping[str, str], code: str, detail: str = "") -> PlatformError:
    """The meaning of an HTTP status, its Retry-After and Slack's error code; `detail` joins the cause."""
    if status == 429 or code in {"ratelimited", "rate_limited"}:
        return Throttled("ratelimited", retry_after=_wait(headers))
    if status in {408, 503}:
        return Unavailable(f"slack_http_{status}")
    if status >= 500:
        return OutcomeUnknown(f"slack_http_{status}")
    known = MEANINGS.get(code)
    if known is None and not _CODE.fullmatch(code):
        return OutcomeUnknown("slack_garbled") if status == 200 else Rejected(f"slack_http_{status}")
    return (known or Rejected)(f"{code}: {detail}" if detail else code)


def _refusal(response: Any) -> PlatformError:
    data = response.data if isinstance(response.data, dict) else {}
    return from_http(response.status_code, response.headers, str(data.get("error", "")), _detail(data))


def _detail(data: Mapping[str, Any]) -> str:
    """Which scope is missing, or where in the JSON a block is wrong; never the text that was wrong."""
    if needed := data.get("needed"):
        return f"needs {needed}"
    messages = (data.get("response_metadata") or {}).get("messages") or []
    return " ".join(pointer for message in messages for pointer in _POINTER.findall(str(message)))


def _wait(headers: Mapping[str, str]) -> float:
    given = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return min(float(given), LONGEST_WAIT) if given.isascii() and given.isdigit() else DEFAULT_WAIT
