"""The first look at a request from Slack: size, age, signature. Nothing is parsed before this is passed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Iterable, Mapping

from pydantic import SecretStr

BODY_LIMIT = 1024 * 1024
MAX_AGE = 300
LONGEST_TIMESTAMP = 12


class TooLarge(Exception):
    """The body is above the limit."""


class Forged(Exception):
    """Not signed by Slack with a secret of ours, or not now."""


async def read_capped(length: str | None, stream: AsyncIterator[bytes], limit: int = BODY_LIMIT) -> bytes:
    """The whole body, or TooLarge as soon as that is certain."""
    if length is not None and length.isascii() and length.isdigit() and int(length[:20]) > limit:
        raise TooLarge
    body = bytearray()
    async for chunk in stream:
        body += chunk
        if len(body) > limit:
            raise TooLarge
    return bytes(body)


class Guard:
    """Knows the signing secrets; all of them are valid, so that one can be rotated without a gap."""

    def __init__(self, secrets: Iterable[SecretStr]) -> None:
        self._secrets = [secret.get_secret_value().encode() for secret in secrets]

    def check(self, headers: Mapping[str, str], body: bytes, *, now: float) -> None:
        """Pass or raise Forged. `now` is the wall clock in seconds, never a driven one."""
        timestamp = headers.get("x-slack-request-timestamp", "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= LONGEST_TIMESTAMP):
            raise Forged
        if abs(now - int(timestamp)) > MAX_AGE:
            raise Forged
        given = headers.get("x-slack-signature", "").encode()
        base = b"v0:" + timestamp.encode() + b":" + body
        matches = [hmac.compare_digest(_signature(secret, base), given) for secret in self._secrets]
        if not any(matches):
            raise Forged


def _signature(secret: bytes, base: bytes) -> bytes:
    return b"v0=" + hmac.new(secret, base, hashlib.sha256).hexdigest().encode()
