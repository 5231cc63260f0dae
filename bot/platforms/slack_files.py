"""Files: pictures for blocks are uploaded first; what people share is fetched, what we make is shared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
import structlog
from slack_sdk import WebClient

from bot.cards import fit
from bot.cards.model import Image
from bot.platforms.base import MAX_FILE, InstallationDead, PlatformError, Rejected, Throttled, Unavailable
from bot.platforms.slack_errors import calling, from_http, meaning

log = structlog.get_logger()

FILES = "files.slack.com"
TIMEOUT = (3.05, 8.0)


def upload(client: WebClient, image: Image) -> str:
    """The id of the uploaded file, or an empty text when Slack would not take it.

    Raises: Throttled and InstallationDead, for then the message cannot go either.
    """
    alt = fit.cut(fit.one_line(image.alt), 1000)
    try:
        done = client.files_upload_v2(filename=image.name, content=image.png, title=alt or image.name, alt_txt=alt)
        return str(done["files"][0]["id"])
    except Exception as error:  # noqa: BLE001 - a picture is never worth losing its message
        return _without(meaning(error))


def _without(failure: PlatformError) -> str:
    if isinstance(failure, Throttled | InstallationDead):
        raise failure
    log.warning("slack.upload_failed", cause=failure.cause)
    return ""


def fetch(token: str, handle: Mapping[str, Any], api_url: str) -> bytes:
    """The bytes of a shared file, from Slack's file server only, or from the server that the settings name.

    Raises: Rejected for any other address, a file that is gone or too large; Throttled, Unavailable.
    """
    url = str(handle.get("url") or "")
    parts, api = urlsplit(url), urlsplit(api_url)
    at_slack = (parts.scheme, parts.netloc) == ("https", FILES)
    at_double = api.hostname != "slack.com" and (parts.scheme, parts.netloc) == (api.scheme, api.netloc)
    if not (at_slack or at_double):
        raise Rejected("file_elsewhere")
    try:
        with requests.get(
            url, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT, stream=True, allow_redirects=False
        ) as response:
            return _body(response)
    except requests.RequestException as error:
        raise Unavailable(f"file_cut_off: {type(error).__name__}") from None


def _body(response: requests.Response) -> bytes:
    if response.status_code != 200:
        raise from_http(response.status_code, response.headers, "file_not_found")
    # Without the scope, Slack answers with its log-in page.
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise Rejected("file_not_readable: needs files:read")
    content = bytearray()
    for chunk in response.iter_content(65_536):
        content += chunk
        if len(content) > MAX_FILE:
            raise Rejected("file_too_large")
    return bytes(content)


def share(client: WebClient, place: Mapping[str, Any], name: str, content: bytes) -> None:
    """Put a file into the thread of a card. Raises PlatformError."""
    where = {"channel": place["channel"], "thread_ts": place["ts"]}
    calling(client.files_upload_v2, filename=name, content=content, title=name, **where)
