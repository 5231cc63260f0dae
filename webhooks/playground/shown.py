"""What the page gets to see of a message."""

from __future__ import annotations

from typing import Any

from bot.cards.as_json import card_from_json
from bot.platforms import playground_store as store
from bot.platforms.playground_tables import PlaygroundMessage


def shown(message: PlaygroundMessage) -> dict[str, Any]:
    """A message as the page gets it; `rev` is the number to ask `since`."""
    return {
        "id": message.id,
        "rev": message.rev,
        "conversation": message.conversation,
        "author": message.author,
        "text": message.text,
        "key": (message.key or "").removeprefix(f"say:{message.author}:") if message.author != store.SLUICE else None,
        "card": message.card,
        "file": {name: message.file[name] for name in ("name", "mime", "size")} if message.file else None,
        "plain": _plain(message),
        "private": message.private_to is not None,
        "reply_to": message.reply_to,
        "at": message.created_at.isoformat(),
        "edited": message.rev != message.id,
    }


def _plain(message: PlaygroundMessage) -> str:
    if message.card:
        return card_from_json(message.card).plain()
    return "\n".join(part for part in (f"📎 {message.file['name']}" if message.file else "", message.text) if part)


def quoted(message: PlaygroundMessage) -> str:
    """What a reply is about: the card's lead if it has one, else its title, else the line."""
    card = message.card or {}
    return card.get("ref") or card.get("title") or message.text
