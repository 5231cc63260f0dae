"""Who sent this: a Standard Webhooks signature, or the source's key as a bearer token."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from standardwebhooks import Webhook, WebhookVerificationError

from webhooks.intake.post import Post

SIGNATURE = "webhook-signature"


def is_authentic(post: Post, keys: Sequence[str]) -> bool:
    """Whether the post was signed or sent with one of the keys. A signature that is there must be right."""
    if SIGNATURE in post.headers:
        return is_signed(post, keys)
    kind, _, token = post.headers.get("authorization", "").partition(" ")
    given = token.strip().encode()
    return kind.lower() == "bearer" and any(hmac.compare_digest(given, key.encode()) for key in keys)


def is_signed(post: Post, keys: Sequence[str]) -> bool:
    """Whether the signature that is there was made with one of the keys."""
    return any(_is_signed(post, key) for key in keys)


def message_id(post: Post) -> str:
    """The sender's id of a signed message, which a repeat carries again."""
    return post.headers.get("webhook-id", "") if SIGNATURE in post.headers else ""


def _is_signed(post: Post, key: str) -> bool:
    # The library lets malformed base64 and odd signature lists through as ValueError, also for a key of another form.
    try:
        Webhook(key).verify(post.body, dict(post.headers), json_parse=False)
    except (WebhookVerificationError, ValueError, RuntimeError):
        return False
    return True
