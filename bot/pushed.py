"""What every pushed card has besides its own words: why it came, and a menu to tune it by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.cards import render
from bot.cards.facts import Facts
from bot.cards.language import _
from bot.cards.model import Actions, Block, Button, Card, Text
from bot.notices import NOTICES
from bot.platforms.base import Platform


def drawn(
    call: Mapping[str, Any], facts: Facts, platform: Platform | None, once: Mapping[str, Any] | None = None
) -> Card:
    """A card by its call. With a `push` it says why it came, in as many words as it has room for."""
    card = render.card(call["card"], {**call["args"], **(once or {})}, facts)
    push = call.get("push")
    return card if push is None or platform is None else tuned(card, push, facts, platform)


def push_of(message_id: int, topic: str, lead_id: int | None, *, to_group: bool) -> dict[str, Any] | None:
    """What is kept with a posted card, so that it can say why it came; None for what nobody can tune."""
    if not NOTICES[topic].group:
        return None
    return {"message": message_id, "topic": topic, "lead": lead_id, "to_group": to_group}


def tuned(card: Card, push: Mapping[str, Any], facts: Facts, platform: Platform) -> Card:
    """A private chat of WeCom counts every message silently, so there it must not become two for this."""
    if push["to_group"]:
        return card if platform.name == "wecom" else _with_menu(card, _menu(push, facts, short=True))
    short = platform.name == "wecom"
    with_menu = _with_menu(card, _menu(push, facts, short=short), first=short)
    whole = _with_reason(with_menu, facts.because(push))
    if not short:
        return whole
    cost = platform.cost(card)
    return next((each for each in (whole, with_menu) if platform.cost(each) <= cost), card)


def _menu(push: Mapping[str, Any], facts: Facts, *, short: bool) -> list[Button]:
    say, group = facts.words.say, NOTICES[push["topic"]].group
    buttons = [Button("notify.why", say(_("Why this?")), str(push["message"]), more=True)]
    if not short and push["lead"]:
        buttons.append(Button("lead.mute", say(_("Mute this lead")), facts.lead_ref(push["lead"]), more=True))
    return buttons if short else [*buttons, Button("notify.fewer", say(_("Fewer of these")), group, more=True)]


def _with_menu(card: Card, buttons: list[Button], *, first: bool = False) -> Card:
    """The buttons join the last ones of the card; `first`: before others that are seldom wanted."""
    at = next((place for place in reversed(range(len(card.blocks))) if isinstance(card.blocks[place], Actions)), None)
    if at is None:
        return replace(card, blocks=(*card.blocks, Actions(tuple(buttons))))
    there = card.blocks[at]
    assert isinstance(there, Actions)
    seldom = [item for item in there.items if first and isinstance(item, Button) and item.more]
    often = [item for item in there.items if item not in seldom]
    return _replaced(card, at, Actions((*often, *buttons, *seldom)))


def _with_reason(card: Card, reason: str) -> Card:
    """A quiet line above the last buttons."""
    at = len(card.blocks) - isinstance(card.blocks[-1], Actions)
    return replace(card, blocks=(*card.blocks[:at], Text(reason, "quiet"), *card.blocks[at:]))


def _replaced(card: Card, at: int, block: Block) -> Card:
    return replace(card, blocks=(*card.blocks[:at], block, *card.blocks[at + 1 :]))
