"""Whether a card or form is one that each platform takes, by rules that are written apart from the renderers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from slack_sdk.models.blocks import Block

from bot.cards.as_json import card_from_json, form_from_json, to_json
from bot.cards.model import Card, Form
from bot.platforms import slack_blocks, slack_forms, wecom_body, wecom_cards, wecom_forms
from tests.doubles import slack_limits
from tests.doubles.wecom_rules import advice, check_card, check_message

PERSON, CHAT = {"markdown", "template_card"}, {"markdown"}


def check_slack(shown: Card | Form) -> None:
    """Within Slack's limits as a message and as a home page, or as a modal."""
    if isinstance(shown, Form):
        assert slack_limits.view_problems(slack_forms.view(shown)) == []
        return
    blocks = slack_blocks.message(shown)["blocks"]
    home = slack_blocks.blocks(shown, budget=slack_blocks.VIEW)
    assert slack_limits.message_problems(blocks) == []
    assert not slack_limits.too_long(blocks)
    assert slack_limits.view_problems({"type": "home", "blocks": home}) == []
    for block in Block.parse_all(blocks):
        block.validate_json()


def check_wecom(shown: Card | Form) -> None:
    """Taken by WeCom in a private chat, in group chats and by robots, and as the update of a posted card."""
    if isinstance(shown, Form):
        _check_wecom_form(shown)
        return
    for message in wecom_cards.for_person(shown):
        _check(message, PERSON, wecom_body.MARKDOWN_BYTES)
    for message in wecom_cards.for_chat(shown):
        _check(message, CHAT, wecom_body.MARKDOWN_BYTES)
    for message in wecom_cards.for_robot(shown):
        _check(message, CHAT, wecom_body.ROBOT_MARKDOWN_BYTES)
    check_card(wecom_cards.for_update(shown, "task"))
    assert len(wecom_cards.as_text(shown)["text"]["content"].encode()) <= wecom_body.TEXT_BYTES


def check_playground(shown: Card | Form) -> None:
    """Nothing is lost on the way through JSON."""
    read: Callable[[Any], Any] = form_from_json if isinstance(shown, Form) else card_from_json
    assert read(json.loads(json.dumps(to_json(shown)))) == shown


def _check(message: dict[str, Any], types: set[str], limit: int) -> None:
    card = message.get("template_card", {})
    named = message | ({"template_card": card | {"task_id": "task"}} if card else {})
    check_message(named, types=types, markdown=limit)
    assert advice(card) == []


def _check_wecom_form(form: Form) -> None:
    if card := wecom_cards.for_form(form):
        check_card(card | {"task_id": "task"})
    assert 0 < len(wecom_forms.prompt(form).encode()) <= wecom_body.TEXT_BYTES
