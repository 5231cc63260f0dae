"""Secrets at rest: Fernet (AES-CBC + HMAC, library `cryptography`), keys derived from `SLUICE_SECRET_KEY`.

Several comma-separated keys are valid at once; the first one encrypts, so that keys can be rotated.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class VaultError(Exception):
    """A stored secret cannot be read with the present key."""


class Vault:
    """Seals and opens small secrets. Args: key: the setting, at least 16 characters for each part."""

    def __init__(self, key: str) -> None:
        keys = [Fernet(_derive(part.strip())) for part in key.split(",") if part.strip()]
        self._newest, self._fernet = keys[0], MultiFernet(keys)

    def seal(self, text: str) -> bytes:
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """Raises VaultError when the key has been changed without keeping the old one."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise VaultError(
                "A stored secret cannot be read: put the former SLUICE_SECRET_KEY behind the new one."
            ) from None

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the newest key alone opens it."""
        try:
            self._newest.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def seal_anew(self, sealed: bytes) -> bytes:
        """The same secret, sealed with the newest key. Raises VaultError."""
        return self.seal(self.open(sealed))

    def seal_all(self, secrets: Mapping[str, str]) -> bytes:
        return self.seal(json.dumps(dict(secrets)))

    def open_all(self, sealed: bytes) -> dict[str, str]:
        return dict(json.loads(self.open(sealed)))


def _derive(key: str) -> bytes:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"sluice vault 1").derive(key.encode())
    return base64.urlsafe_b64encode(derived)


def fingerprint(secret: str) -> str:
    """A one-way name for a random secret (link codes, keys) to look it up by."""
    return hashlib.sha256(secret.encode()).hexdigest()


def fresh_key() -> str:
    """A new random secret, safe in URLs."""
    return secrets.token_urlsafe(24)
