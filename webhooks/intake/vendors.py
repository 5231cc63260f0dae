"""Fetching an announced lead from the vendor's own interface, and what each kind of failure means."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from crm.settings import Settings
from webhooks.intake.belief import signature

TIMEOUT = (5, 15)
MOST_BYTES = 1024 * 1024
LINKEDIN_VERSION = "202606"
_META_FIELDS = "id,created_time,ad_id,ad_name,campaign_id,campaign_name,form_id,platform,is_organic,field_data"
_LINKEDIN_FIELDS = "id,submittedAt,testLead,leadType,formResponse,leadMetadataInfo,form:(name,content)"
# https://developers.facebook.com/docs/graph-api/guides/error-handling: one's own or the app's calls are too many.
_META_LIMITS = frozenset({4, 17, 32, 341, 613, *range(80000, 80010)})
_META_PASSING = frozenset({1, 2})
_META_RIGHTS = frozenset({10, 102, 190, *range(200, 300)})


class FetchFailed(Exception):
    """Args: cause: a word for people; never the address, which holds the token."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class TryAgain(FetchFailed):
    """For now. Args: seconds: how long the vendor asks to wait."""

    def __init__(self, cause: str, seconds: float = 0.0) -> None:
        super().__init__(cause)
        self.seconds = seconds


class NoRight(FetchFailed):
    """The token is missing, over, or lacks a right: it can be fetched with another one."""


class Gone(FetchFailed):
    """There is no such lead, or this is not a thing that can be fetched."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: an address with parameters and headers."""

    url: str
    params: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Vendor:
    """How one vendor is asked, and what its refusals mean."""

    ask: Callable[[Settings, Mapping[str, str], str], Request]
    refused: Callable[[requests.Response, Any], FetchFailed]


def fetch(name: str, settings: Settings, secrets: Mapping[str, str], own_id: str) -> Mapping[str, Any]:
    """The lead as the vendor holds it; numbers are text. Raises FetchFailed."""
    vendor = VENDORS[name]
    asked = vendor.ask(settings, secrets, own_id)
    try:
        with requests.get(
            asked.url, params=asked.params, headers=asked.headers, timeout=TIMEOUT, allow_redirects=False, stream=True
        ) as response:
            return _read(vendor, response)
    except requests.RequestException as exc:
        raise TryAgain(f"not reached: {type(exc).__name__}") from None


def _read(vendor: Vendor, response: requests.Response) -> Mapping[str, Any]:
    raw = response.raw.read(MOST_BYTES + 1, decode_content=True)
    try:
        content = json.loads(raw, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        content = None
    if response.status_code == 200 and isinstance(content, dict):
        return content
    if response.status_code >= 500 or response.status_code == 200:
        raise TryAgain(f"HTTP {response.status_code}", _wait(response))
    raise vendor.refused(response, content)


def _wait(response: requests.Response) -> float:
    given = response.headers.get("Retry-After", "")
    return float(given[:6]) if given.isascii() and given.isdecimal() else 0.0


def _ask_meta(settings: Settings, secrets: Mapping[str, str], own_id: str) -> Request:
    token = _token(secrets, "page_token")
    if not own_id.isdecimal():
        raise Gone("not an id of a lead")
    params = {"fields": _META_FIELDS, "access_token": token}
    if app_secret := secrets.get("app_secret"):
        params["appsecret_proof"] = signature(app_secret, token.encode()).hex()
    return Request(settings.meta_api_url + own_id, params, {})


def _refused_by_meta(response: requests.Response, content: Any) -> FetchFailed:
    error = content.get("error") if isinstance(content, dict) else None
    given = error if isinstance(error, dict) else {}
    code = int(found) if (found := str(given.get("code", ""))).isdecimal() else 0
    cause = f"HTTP {response.status_code}, code {code}"
    if response.status_code == 429 or code in _META_LIMITS:
        return TryAgain(f"too many calls ({cause})", _wait(response) or 300.0)
    if code in _META_PASSING or given.get("is_transient") is True:
        return TryAgain(cause)
    return NoRight(f"page token refused ({cause})") if code in _META_RIGHTS else Gone(f"no such lead ({cause})")


def _ask_linkedin(settings: Settings, secrets: Mapping[str, str], own_id: str) -> Request:
    headers = {
        "Authorization": f"Bearer {_token(secrets, 'access_token')}", "LinkedIn-Version": LINKEDIN_VERSION,
        "X-Restli-Protocol-Version": "2.0.0",
    }  # fmt: skip
    number = own_id.rpartition(":")[2]
    return Request(
        f"{settings.linkedin_api_url}leadFormResponses/{quote(number, safe='')}", {"fields": _LINKEDIN_FIELDS}, headers
    )


def _refused_by_linkedin(response: requests.Response, _content: Any) -> FetchFailed:
    cause = f"HTTP {response.status_code}"
    if response.status_code == 429:
        return TryAgain(f"too many calls ({cause})", _wait(response) or 300.0)
    if response.status_code in (401, 403):
        return NoRight(f"access token refused ({cause})")
    return Gone(f"no such lead ({cause})")


def _token(secrets: Mapping[str, str], name: str) -> str:
    """Raises NoRight."""
    if name not in secrets:
        raise NoRight(f"{name} is missing")
    return secrets[name]


VENDORS: dict[str, Vendor] = {
    "meta": Vendor(_ask_meta, _refused_by_meta),
    "linkedin": Vendor(_ask_linkedin, _refused_by_linkedin),
}
