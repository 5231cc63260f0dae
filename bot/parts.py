"""To which module each word and button belongs, for whoever draws a card: what leads nowhere is not offered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from bot.cards.model import Actions, Block, Button, Card, Row, Select
from crm.rules.modules import CORE

# Filled by `bot/router.py` when handlers register themselves.
WORDS: dict[str, str] = {}
ACTIONS: dict[str, str] = {}
TYPED = "command"  # the button that is the same as typing its value


def offered(card: Card, off: Collection[str]) -> Card:
    """The card without the buttons and choices of modules that are off."""
    blocks = (_block(block, off) for block in card.blocks)
    return replace(card, blocks=tuple(block for block in blocks if block is not None))


def is_off(action: str, value: str, off: Collection[str]) -> bool:
    """Whether a tap would come to nothing."""
    if action != TYPED:
        return ACTIONS.get(action, CORE) in off
    typed = value.lower()
    found = max((word for word in WORDS if typed == word or typed.startswith(f"{word} ")), key=len, default="")
    return WORDS.get(found, CORE) in off


def _block(block: Block, off: Collection[str]) -> Block | None:
    match block:
        case Row():
            return replace(block, buttons=tuple(one for one in block.buttons if not _leads_nowhere(one, off)))
        case Actions():
            left = tuple(one for one in block.items if not _leads_nowhere(one, off))
            return Actions(left) if left else None
        case _:
            return block


def _leads_nowhere(one: Button | Select, off: Collection[str]) -> bool:
    return is_off(one.action, one.value if isinstance(one, Button) else "", off)
