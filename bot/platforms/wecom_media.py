"""Files that people send to a WeCom app: fetched by their media id, never more of them than asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import requests

from bot.platforms import wecom_errors as errors
from bot.platforms.base import PlatformError, Rejected

ENDPOINT = "media/get"
CHUNK = 64 * 1024
# The answer is the file itself; an error is a few words of JSON under the type of a text.
SHORT = 2048
_WORDS = re.compile("json|^text/")


def fetch(
    http: requests.Session, url: str, params: Mapping[str, str], timeout: tuple[float, float], most: int
) -> bytes | PlatformError:
    """The bytes, or why there are none; returned, because what would be raised shows the address with its token."""
    try:
        with http.get(url, params=params, timeout=timeout, stream=True, allow_redirects=False) as answer:
            if answer.status_code != 200:
                return errors.by_status(answer.status_code, answer.headers.get("Retry-After"), ENDPOINT)
            content = _within(answer, max(most, SHORT))
            words = bool(_WORDS.search(answer.headers.get("Content-Type", "")))
    except requests.RequestException as exc:
        return errors.by_exception(exc, ENDPOINT)
    refusal = _refusal(content) if words and content is not None and len(content) < SHORT else None
    if refusal is None and (content is None or len(content) > most):
        return Rejected("file_too_big")
    return refusal or content or b""


def _within(answer: requests.Response, most: int) -> bytes | None:
    """All of it, or None as soon as it is too much."""
    found = bytearray()
    for chunk in answer.iter_content(CHUNK):
        found += chunk
        if len(found) > most:
            return None
    return bytes(found)


def _refusal(content: bytes) -> PlatformError | None:
    try:
        told = json.loads(content)
    except ValueError:
        return None
    code = told.get("errcode") if isinstance(told, dict) else None
    return errors.by_code(code, ENDPOINT) if isinstance(code, int) and code != 0 else None
