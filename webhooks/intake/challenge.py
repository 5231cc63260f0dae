"""The vendor's question, by GET, whether an address is ours, and our answer."""

from __future__ import annotations

import re

from crm.formats.mapping import Challenge
from webhooks.intake.belief import Secrets, is_one_of, signature
from webhooks.intake.post import Answer, Post

MOST = 256
# Whatever is signed here is signed for whoever asks, so nothing is that could be the beginning of a post.
_CODE = re.compile(r"[0-9A-Za-z_-]{1,64}")


def answer(challenge: Challenge, post: Post, secrets: Secrets) -> Answer | None:
    """What the vendor waits for; None where the question is not this source's."""
    asked, keys = post.query.get(challenge.parameter, ""), secrets.of(challenge.secret)
    if not 0 < len(asked) <= MOST or not keys or not _fits(challenge, post, secrets):
        return None
    if challenge.answer == "text":
        return Answer(200, asked)
    if not _CODE.fullmatch(asked):
        return None
    return Answer(200, {challenge.parameter: asked, challenge.signed_as: signature(keys[0], asked.encode()).hex()})


def _fits(challenge: Challenge, post: Post, secrets: Secrets) -> bool:
    if any(post.query.get(name) != value for name, value in challenge.need.items()):
        return False
    return challenge.token is None or is_one_of(post.query.get(challenge.token, ""), secrets.keys)
