"""A neutral card as WeCom messages: a button card where there is something to tap, markdown for much to read.

Every limit is kept here, so that nothing is left for WeCom to cut or refuse.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from bot.cards.model import Actions, Card, Form, Image, Input, Row
from bot.platforms import wecom_body as body
from bot.platforms import wecom_keys as keys
from bot.platforms.wecom_buttons import LABEL, OPTIONS, Controls, plan, words_of
from bot.platforms.wecom_text import line

Message = dict[str, Any]

SELECTS, SELECT_TITLE, SUBMIT = 3, 13, 10
VOTES, VOTE_TEXT, LINKS = 20, 17, 3
_TONES = {"normal": 0, "good": 3, "warn": 2, "bad": 2}
_DONE = {"good": "✓", "warn": "!", "bad": "✕", "normal": "✓"}


def for_person(card: Card) -> list[Message]:
    """The messages of a card in a private chat: seldom more than one. Pictures are sent apart (`pictures`)."""
    controls = plan(card)
    if not controls.buttons:
        return [_markdown(body.markdown(card, body.MARKDOWN_BYTES, controls.words))]
    whole = _button_card(card, controls)
    if whole is not None:
        return [_template(whole)]
    short = Card(title=card.title, ref=card.ref, tone=card.tone)
    small = _layout(short, replace(controls, words=()), notice=True)
    return [_markdown(body.markdown(card, body.MARKDOWN_BYTES, controls.words)), _template(small)]


def for_chat(card: Card) -> list[Message]:
    """The messages of a card in an app's group chat, where nothing can be tapped."""
    return [_markdown(body.markdown(card, body.MARKDOWN_BYTES, _words(card)))]


def for_robot(card: Card) -> list[Message]:
    """The messages of a card by a group's robot."""
    return [_markdown(body.markdown(card, body.ROBOT_MARKDOWN_BYTES, _words(card)))]


def pictures(card: Card) -> list[Image]:
    """The card's pictures, in order."""
    return [block for block in card.blocks if isinstance(block, Image)]


def as_text(card: Card) -> Message:
    """The card in the one form that every client shows."""
    return {"msgtype": "text", "text": {"content": body.plain(card, words=_words(card))}}


def for_update(card: Card, task_id: str = "") -> dict[str, Any]:
    """The template card that takes the place of a posted one; without buttons it ends in a grey sign."""
    controls = plan(card)
    shown = _layout(card, controls)
    if not controls.buttons:
        dummy = {"type": 0, "text": _DONE[card.tone], "style": 2, "key": keys.of_button("none", "", None)}
        shown |= {"button_list": [dummy], "replace_text": _DONE[card.tone]}
    return {**shown, "task_id": task_id} if task_id else shown


def to_read(card: Card) -> Card | None:
    """What of a card does not fit into a template card: all of its words without the taps, or None when it fits."""
    if body.squeezed(card, plan(card).words).whole and not pictures(card):
        return None
    blocks = (replace(block, buttons=()) if isinstance(block, Row) else block for block in card.blocks)
    return replace(card, blocks=tuple(block for block in blocks if not isinstance(block, Actions)))


def for_form(form: Form) -> dict[str, Any] | None:
    """A form as a card of choices; None when it asks for anything that must be typed."""
    visible = [each for each in form.inputs if each.kind != "hidden"]
    key = keys.of_form(form)
    if not 0 < len(visible) <= SELECTS or len(key.encode()) > keys.KEY_BYTES:
        return None
    asked = [_question(each) for each in visible]
    submit = {"submit_button": {"text": line(form.submit, SUBMIT) or "OK", "key": key}}
    title = {"title": line(form.title, body.TITLE)}
    if all(asked):
        return {"card_type": "multiple_interaction", "main_title": title, "select_list": asked, **submit}
    vote = _vote(visible[0]) if len(visible) == 1 else None
    if vote is None:
        return None
    title["desc"] = line(visible[0].label, body.DESC)
    return {"card_type": "vote_interaction", "main_title": title, "checkbox": vote, **submit}


def task_id(key: str, card: dict[str, Any]) -> str:
    """Names a card within the app: the same for the same message with the same words, so a repeat is seen as one."""
    content = json.dumps(card, sort_keys=True, ensure_ascii=False)
    return "s-" + hashlib.sha256(f"{key}\0{content}".encode()).hexdigest()[:40]


def _markdown(content: str) -> Message:
    return {"msgtype": "markdown", "markdown": {"content": content}}


def _template(card: dict[str, Any]) -> Message:
    return {"msgtype": "template_card", "template_card": card}


def _button_card(card: Card, controls: Controls) -> dict[str, Any] | None:
    """The whole card as one template card, or None when its words do not fit."""
    return _layout(card, controls, notice=True) if body.squeezed(card, controls.words).whole else None


def _layout(card: Card, controls: Controls, *, notice: bool = False) -> dict[str, Any]:
    """Args: notice: a card with nothing but links may be a notice, all of which can be tapped."""
    words, taps = body.squeezed(card, controls.words), controls.as_card()
    links = _links(controls) if notice else None
    shown: dict[str, Any] = {
        "card_type": "text_notice" if links else "button_interaction",
        "source": {"desc": "Sluice", "desc_color": _TONES[card.tone]},
        "main_title": {"title": words.title or "…", **({"desc": words.desc} if words.desc else {})},
    }
    if words.subtitle:
        shown["sub_title_text"] = words.subtitle
    if words.fields:
        shown["horizontal_content_list"] = [{"keyname": label, "value": value} for label, value in words.fields]
    return shown | (links or taps)


def _links(controls: Controls) -> dict[str, Any] | None:
    """The taps of a `text_notice`; None where one of them is no link, or there are more than it takes."""
    urls = [button.get("url") for button in controls.buttons]
    if not all(urls) or len(urls) > LINKS or controls.menu:
        return None
    jumps = [{"type": 1, "title": button["text"], "url": button["url"]} for button in controls.buttons]
    return {"jump_list": jumps, "card_action": {"type": 1, "url": urls[0]}}


def _words(card: Card) -> tuple[str, ...]:
    found = (line(words_of(button), 60) for button in card.buttons())
    return tuple(dict.fromkeys(words for words in found if words))


def _question(asked: Input) -> dict[str, Any] | None:
    options = _options(asked, OPTIONS, LABEL)
    if options is None:
        return None
    return {
        "question_key": asked.name,
        "title": line(asked.label, SELECT_TITLE),
        "selected_id": asked.value if asked.value in options else next(iter(options)),
        "option_list": [{"id": key, "text": label} for key, label in options.items()],
    }


def _vote(asked: Input) -> dict[str, Any] | None:
    """A choice of one among more than a select takes, as a list to tick."""
    options = _options(asked, VOTES, VOTE_TEXT)
    if options is None:
        return None
    chosen = asked.value if asked.value in options else next(iter(options))
    listed = [{"id": key, "text": label, "is_checked": key == chosen} for key, label in options.items()]
    return {"question_key": asked.name, "mode": 0, "option_list": listed}


def _options(asked: Input, most: int, width: int) -> dict[str, str] | None:
    """Labels by id; None where it is no choice, or one that WeCom would refuse."""
    options = [*([(keys.NONE, "—")] if asked.optional and not asked.value else [])]
    options += [(option.value, line(option.label, width) or "?") for option in asked.options]
    found = dict(options)
    fit = asked.kind == "select" and asked.options and len(options) <= most and len(found) == len(options)
    return found if fit and all(0 < len(key.encode()) <= keys.OPTION_BYTES for key in found) else None
