"""WeCom's encrypted envelope: who may knock, and what is inside. Nothing is read before signature and age hold.

The cryptography is wechatpy's; what it leaves out is here: constant-time comparison, age, a refusal of document types,
and a random prefix that nobody can guess.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import secrets
import struct
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import ExpatError

import structlog
import xmltodict
from wechatpy.enterprise import parse_message
from wechatpy.enterprise.crypto import PrpCrypto, WeChatCrypto
from wechatpy.exceptions import WeChatException
from wechatpy.messages import BaseMessage

from bot.platforms.base import Workspace

log = structlog.get_logger(__name__)

MAX_AGE = 300
BAD_INPUT = (
    WeChatException, ValueError, LookupError, TypeError, AttributeError, AssertionError, OverflowError,
    struct.error, binascii.Error, ExpatError,
)  # fmt: skip
"""All that wechatpy and expat raise on hostile input."""


class Forged(Exception):
    """Not signed by anybody known, too old, or meant for somebody else."""


@dataclass(frozen=True, slots=True)
class Query:
    """The signed part of the address, as it came."""

    signature: str
    timestamp: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """The clear part of a callback."""

    corp: str
    agent: str
    encrypted: str


class _Prefixed(PrpCrypto):
    def get_random_string(self) -> str:
        return secrets.token_urlsafe(12)


class Crypto(WeChatCrypto):
    """The keys of one installation. Raises one of BAD_INPUT when they are malformed."""

    def __init__(self, workspace: Workspace) -> None:
        kept = workspace.secrets
        super().__init__(kept["token"], kept["aes_key"], workspace.config["corp_id"])

    def echo(self, query: Query, encrypted: str) -> str:
        """The content of a verification request."""
        return str(self.check_signature(query.signature, query.timestamp, query.nonce, encrypted))

    def opened(self, query: Query, encrypted: str) -> BaseMessage:
        """The message inside; it is for this company, or InvalidCorpIdException is raised."""
        inside = {"Encrypt": encrypted}
        return parse_message(_plain_xml(self.decrypt_message(inside, query.signature, query.timestamp, query.nonce)))

    def sealed(self, xml: str, nonce: str) -> str:
        """A passive reply, signed anew."""
        return str(self._encrypt_message(xml, nonce, str(int(time.time())), _Prefixed))


def read(body: bytes) -> Envelope:
    """The envelope of a request body. Raises one of BAD_INPUT."""
    found = xmltodict.parse(_plain_xml(body.decode()))["xml"]
    return Envelope(_word(found, "ToUserName"), _word(found, "AgentID"), _word(found, "Encrypt"))


def check_age(query: Query, now: float) -> None:
    """Raises Forged unless the timestamp is a number of seconds within five minutes of `now`."""
    digits = query.timestamp
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 12) or abs(now - int(digits)) > MAX_AGE:
        raise Forged("age")


def signers(candidates: Iterable[Workspace], query: Query, encrypted: str) -> list[Workspace]:
    """The installations whose token signed this: one, unless several share a token. Raises Forged when it is none."""
    signed = [workspace for workspace in candidates if _signs(workspace.secrets.get("token", ""), query, encrypted)]
    if not signed:
        raise Forged("signature")
    return signed


def is_for(workspace: Workspace, corp: str, agent: str) -> bool:
    """Whether a message that names this company and app is for the installation; what is not named fits."""
    # Contact events come from the company, with no agent or agent 0.
    here = agent in ("", "0", str(workspace.config.get("agent_id")))
    return here and corp in ("", workspace.config.get("corp_id"))


def check_inside(workspace: Workspace, message: BaseMessage) -> None:
    """Raises Forged when the decrypted message names another company or app than its envelope."""
    inside = raw(message)
    if not is_for(workspace, str(inside.get("ToUserName") or ""), str(inside.get("AgentID") or "")):
        raise Forged("addressee")


def raw(message: BaseMessage) -> Mapping[str, Any]:
    """All fields as they came; wechatpy shows only those that it knows."""
    return message._data  # type: ignore[no-any-return] # noqa: SLF001


def _signs(token: str, query: Query, encrypted: str) -> bool:
    parts = sorted([token, query.timestamp, query.nonce, encrypted])
    wanted = hashlib.sha1("".join(parts).encode(errors="surrogatepass"), usedforsecurity=False).hexdigest()
    return bool(token) and hmac.compare_digest(wanted.encode(), query.signature.encode(errors="surrogatepass"))


def _plain_xml(text: str) -> str:
    """Refuses document types: no entity is ever declared by WeCom."""
    if "<!DOCTYPE" in text.upper() or "<!ENTITY" in text.upper():
        raise ValueError("document type")
    return text


def _word(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(name)
    return value or ""
