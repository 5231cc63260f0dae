"""Whether a post comes from whom it says: the ways that a mapping names, as far as the post tries them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping as Named
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crm.formats.mapping import KEY, Bearer, Believed, Hmac, InBody, InHeader, InQuery, Mapping, Standard
from crm.formats.reading import at
from webhooks.intake import bodies, standard
from webhooks.intake.post import Post

MOST_AGE = 300
"""Seconds by which a signed time may differ from ours."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a source's posts may be proved with: its keys, and what the vendor's side gave us. `now` is for ages."""

    keys: Sequence[str]
    now: datetime
    vendor: Named[str, str] = field(default_factory=dict)

    def of(self, name: str) -> Sequence[str]:
        return self.keys if name == KEY else [self.vendor[name]] if name in self.vendor else []


def believes(mapping: Mapping, post: Post, secrets: Secrets) -> bool:
    """Every way that the post tries must succeed, and it has to try one."""
    tried = [found for way in mapping.believed if (found := _tried(way, post, secrets)) is not None]
    return bool(tried) and all(tried)


def is_one_of(given: str, secrets: Sequence[str]) -> bool:
    """Whether it is one of the secrets, in a time that tells nothing."""
    sent = given.encode(errors="surrogatepass")
    return any(hmac.compare_digest(sent, secret.encode()) for secret in secrets)


def signature(secret: str, signed: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.digest(secret.encode(), signed, getattr(hashlib, algorithm))


def in_address(post: Post, name: str) -> str | None:
    """A secret of the address. A key may hold a plus, which an address that is not quoted turns into a blank."""
    given = post.query.get(name)
    return given.replace(" ", "+") if given is not None else None


def password(post: Post) -> str | None:
    """What `Authorization` holds: a bearer token, or the password of a user; None without it."""
    kind, _, given = post.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return given.strip()
    if kind.lower() != "basic":
        return None
    try:
        return base64.b64decode(given.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _tried(way: Believed, post: Post, secrets: Secrets) -> bool | None:
    """Whether this way succeeds; None where the post does not try it."""
    match way:
        case Bearer():
            given = password(post)
            return None if given is None else is_one_of(given, secrets.keys)
        case Standard():
            return standard.is_signed(post, secrets.keys) if standard.SIGNATURE in post.headers else None
        case InHeader():
            return _same(post.headers.get(way.name.lower()), secrets.of(way.secret))
        case InQuery():
            return _same(in_address(post, way.name), secrets.of(way.secret))
        case InBody():
            given = at(bodies.read(post), way.path)
            return _same(given if isinstance(given, str) else None, secrets.of(way.secret))
        case Hmac():
            given = post.headers.get(way.header.lower())
            return None if given is None else _is_signed(way, given, post, secrets)


def _same(given: str | None, secrets: Sequence[str]) -> bool | None:
    return None if given is None else is_one_of(given, secrets)


def _is_signed(way: Hmac, given: str, post: Post, secrets: Secrets) -> bool:
    sent = _decoded(way, given)
    moment = post.headers.get(way.timestamp.lower(), "") if way.timestamp else ""
    if sent is None or (way.timestamp and not _is_fresh(moment, secrets.now)):
        return False
    # The body comes last: what it holds must not be taken for a place to fill.
    before, _, after = way.signs.replace("{timestamp}", moment).partition("{body}")
    signed = before.encode() + post.body + after.encode()
    return any(hmac.compare_digest(signature(secret, signed, way.algorithm), sent) for secret in secrets.of(way.secret))


def _decoded(way: Hmac, given: str) -> bytes | None:
    if not given.startswith(way.prefix):
        return None
    plain = given.removeprefix(way.prefix).strip()
    try:
        return bytes.fromhex(plain) if way.encoding == "hex" else base64.b64decode(plain, validate=True)
    except ValueError:
        return None


def _is_fresh(moment: str, now: datetime) -> bool:
    return moment.isascii() and moment.isdecimal() and abs(int(moment[:12]) - now.timestamp()) <= MOST_AGE
