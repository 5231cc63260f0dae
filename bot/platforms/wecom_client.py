"""WeCom's API: wechatpy's client with the calls it lacks, a shared token, bounded retries and errors free of secrets.

wechatpy's own refreshing loops without bound when a server keeps answering 42001, and its exceptions show the token.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from collections.abc import Mapping
from typing import Any

import requests
from wechatpy.enterprise import WeChatClient
from wechatpy.exceptions import WeChatClientException

from bot.platforms import wecom_errors as errors
from bot.platforms import wecom_media
from bot.platforms.base import PlatformError, Unavailable, Workspace
from bot.platforms.wecom_tokens import Token, Tokens

TIMEOUT = (3.0, 6.0)
"""Seconds to connect, and between two bytes of the answer."""

_SECRET_QUERY = re.compile(r"((?:access_token|corpsecret|key)=)[^&\s\"']+")


class WeComClient(WeChatClient):
    """One app of one company. All calls raise PlatformError and its subclasses, nothing else.

    Args:
        workspace: `config` has corp_id and agent_id, `secrets` has secret.
        api_url: ends with `/cgi-bin/`.
    """

    def __init__(self, workspace: Workspace, tokens: Tokens, *, api_url: str) -> None:
        self.API_BASE_URL = api_url
        self.agent_id = int(workspace.config["agent_id"])
        self._workspace, self._tokens = workspace, tokens
        super().__init__(workspace.config["corp_id"], workspace.secrets["secret"], timeout=TIMEOUT, auto_retry=False)

    def send(self, user_id: str, message: Mapping[str, Any], *, again: bool = False) -> dict[str, Any]:
        """A message to one member. `again` lets WeCom drop it if the same words went out in the last half hour."""
        once = {"enable_duplicate_check": 1, "duplicate_check_interval": 1800} if again else {}
        return self._call("message/send", {"touser": user_id, "agentid": self.agent_id, **message, **once})

    def update_card(self, response_code: str, user_id: str, card: Mapping[str, Any]) -> dict[str, Any]:
        """Replace a card, once per response code."""
        data = {"userids": [user_id], "agentid": self.agent_id, "response_code": response_code, "template_card": card}
        return self._call(errors.UPDATE, data)

    def recall(self, msgid: str) -> dict[str, Any]:
        """Take a message back, within 24 h."""
        return self._call("message/recall", {"msgid": msgid})

    def send_to_chat(self, chat_id: str, message: Mapping[str, Any]) -> dict[str, Any]:
        """A message to a group chat that this app has made."""
        return self._call("appchat/send", {"chatid": chat_id, **message})

    def send_by_robot(self, key: str, message: Mapping[str, Any]) -> dict[str, Any]:
        """A message by a group's robot; the key is its only credential."""
        return self._once("post", "webhook/send", params={"key": key, "access_token": None}, data=dict(message))

    def upload_image(self, png: bytes, name: str) -> str:
        """Returns the media id, good for three days."""
        return self.upload("image", png, name, "image/png")

    def upload(self, kind: str, content: bytes, name: str, mime: str) -> str:
        """Returns the media id. Args: kind: `image` or `file`; a file has at most 20 MB."""
        # As bytes: a file object would be empty when the upload is repeated with a fresh token.
        files = {"media": (name, content, mime)}
        answer = self._request("post", "media/upload", params={"type": kind}, files=files)
        return str(answer.get("media_id", ""))

    def install_menu(self, menu: Mapping[str, Any]) -> dict[str, Any]:
        """Put the menu under the app's chat, in place of the present one."""
        return self._request("post", "menu/create", params={"agentid": self.agent_id}, data=dict(menu))

    def read(self, endpoint: str, **params: Any) -> dict[str, Any]:
        """A question by GET, such as `user/get`."""
        return self._request("get", endpoint, params=params)

    def ask(self, endpoint: str, **data: Any) -> dict[str, Any]:
        """A question or order by POST, such as `externalcontact/transfer_customer`."""
        return self._call(endpoint, data)

    def download(self, media_id: str, most: int) -> bytes:
        """A file that somebody has sent, within three days. Raises Rejected when it is gone or larger than `most`."""
        token = self._tokens.current(self._workspace) or self._renewed(None)
        try:
            return self._fetched(media_id, token, most)
        except errors.TokenStale:
            token = self._renewed(token)
        return self._fetched(media_id, token, most)

    def _fetched(self, media_id: str, token: str, most: int) -> bytes:
        params = {"access_token": token, "media_id": media_id}
        found = wecom_media.fetch(self._http, f"{self.API_BASE_URL}{wecom_media.ENDPOINT}", params, TIMEOUT, most)
        if isinstance(found, PlatformError):
            # Raised here, as in `_once`.
            raise found
        return found

    def _call(self, endpoint: str, data: dict[str, Any]) -> dict[str, Any]:
        return self._request("post", endpoint, data=data)

    def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> dict[str, Any]:
        """Every call of wechatpy's own parts ends here too. A refused token is renewed once."""
        params = dict(kwargs.pop("params", None) or {})
        token = self._tokens.current(self._workspace) or self._renewed(None)
        try:
            return self._once(method, url_or_endpoint, params={**params, "access_token": token}, **kwargs)
        except errors.TokenStale:
            token = self._renewed(token)
        return self._once(method, url_or_endpoint, params={**params, "access_token": token}, **kwargs)

    def _renewed(self, stale: str | None) -> str:
        return self._tokens.renew(self._workspace, stale, self._fetch)

    def _fetch(self) -> Token:
        params = {"corpid": self.corp_id, "corpsecret": self.secret, "access_token": None}
        answer = self._once("get", "gettoken", params=params)
        if not isinstance(answer.get("access_token"), str):
            raise Unavailable("wecom gettoken answered without a token")
        return Token(answer["access_token"], float(answer.get("expires_in", 7200)))

    def _once(self, method: str, endpoint: str, **kwargs: Any) -> dict[str, Any]:
        answer = self._outcome(method, endpoint, **kwargs)
        if isinstance(answer, PlatformError):
            # Raised here, outside any `except`: what was caught shows the address with its token.
            raise answer
        return answer

    def _outcome(self, method: str, endpoint: str, **kwargs: Any) -> dict[str, Any] | PlatformError:
        try:
            answer = super()._request(method, endpoint, allow_redirects=False, **kwargs)
        except WeChatClientException as exc:
            return _translated(exc, endpoint)
        except requests.RequestException as exc:
            return errors.by_exception(exc, endpoint)
        except (ValueError, TypeError):
            return errors.garbled(endpoint)
        return answer if isinstance(answer, dict) and "errcode" in answer else errors.garbled(endpoint)


def _translated(exc: WeChatClientException, endpoint: str) -> PlatformError:
    if exc.errcode is not None:
        return errors.by_code(exc.errcode, endpoint)
    return errors.by_status(exc.response.status_code, exc.response.headers.get("Retry-After"), endpoint)


def robot_image(png: bytes) -> dict[str, Any]:
    """An image as a robot takes it: in the message itself."""
    digest = hashlib.md5(png, usedforsecurity=False).hexdigest()
    return {"msgtype": "image", "image": {"base64": base64.b64encode(png).decode(), "md5": digest}}


class _Scrub(logging.Filter):
    """Keeps tokens and keys out of the HTTP library's debug log, where they stand in the path."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _SECRET_QUERY.sub(r"\1…", record.getMessage()), None
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_Scrub())
