"""How the taps of a neutral card find room in WeCom: six buttons, a menu of three, one choice; the rest becomes words.

A list whose rows have buttons of their own becomes one choice of the row and one button for each thing to do with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.cards import wire
from bot.cards.model import Actions, Button, Card, Option, Row, Select
from bot.platforms import wecom_keys as keys
from bot.platforms.wecom_text import line

BUTTONS, MENU, OPTIONS = 6, 3, 10
LABEL, QUESTION, OPTION_TEXT, URL_BYTES = 10, 13, 16, 2048
STYLES = {"primary": 1, "plain": 2, "danger": 4}
_TYPEABLE = re.compile(r"[A-Z]{1,3}-\d{1,12}|")
_WEB = re.compile(r"https?://[^\s]+")


@dataclass(frozen=True, slots=True)
class Controls:
    """What can be tapped, in WeCom's own JSON, and the words to type for what found no room."""

    buttons: tuple[dict[str, Any], ...] = ()
    menu: tuple[dict[str, Any], ...] = ()
    choice: dict[str, Any] | None = None
    words: tuple[str, ...] = ()

    def as_card(self) -> dict[str, Any]:
        """The parts of a `button_interaction` card; at least one button must be there."""
        parts: dict[str, Any] = {"button_list": list(self.buttons)}
        if self.menu:
            parts["action_menu"] = {"desc": "…", "action_list": list(self.menu)}
        if self.choice:
            parts["button_selection"] = self.choice
        return parts


def plan(card: Card) -> Controls:
    """Give every button and choice of the card its place. A confirmation has none: what was done can be undone."""
    rows = _rows(card)
    select, own = next(card.selects(), None), _own(card)
    if select:
        own = [Button(select.action, select.label, keys.CHOSEN, "plain"), *own]
        return _placed(own + _flat(rows), card, _choice(select.label, select.options, card, select.chosen), select)
    if len(rows) > 1 and _alike(rows):
        options = tuple(Option(row.buttons[0].value, row.text) for row in rows)
        return _placed(_shared(rows) + own, card, _choice(card.title, options, card, None), None)
    return _placed(own + _flat(rows), card, None, None)


def _own(card: Card) -> list[Button]:
    blocks = (block for block in card.blocks if isinstance(block, Actions))
    return [item for block in blocks for item in block.items if isinstance(item, Button)]


def _rows(card: Card) -> list[Row]:
    return [block for block in card.blocks if isinstance(block, Row) and block.buttons]


def _alike(rows: Sequence[Row]) -> bool:
    """Whether one choice can stand for all rows: the same things to do with each, each about one thing."""
    actions = {tuple(button.action for button in row.buttons) for row in rows}
    single = all(len({button.value for button in row.buttons}) == 1 and not row.buttons[0].url for row in rows)
    return single and len(actions) == 1


def _shared(rows: Sequence[Row]) -> list[Button]:
    return [replace(button, value=keys.CHOSEN) for button in rows[0].buttons]


def _flat(rows: Sequence[Row]) -> list[Button]:
    """Buttons of rows as buttons of the card; of several rows, each says which row it means."""
    if len(rows) < 2:
        return [button for row in rows for button in row.buttons]
    return [replace(button, label=f"{button.label} {button.value}") for row in rows for button in row.buttons]


def _choice(title: str, options: Sequence[Option], card: Card, chosen: str | None) -> dict[str, Any] | None:
    shown = {wire.pack(option.value, card.version): line(option.label, OPTION_TEXT) or "?" for option in options}
    fitting = [(key, label) for key, label in shown.items() if 0 < len(key.encode()) <= keys.OPTION_BYTES][:OPTIONS]
    if not fitting:
        return None
    wanted = wire.pack(chosen or "", card.version)
    return {
        "question_key": keys.CHOICE,
        "title": line(title, QUESTION),
        "option_list": [{"id": key, "text": label} for key, label in fitting],
        "selected_id": wanted if wanted in dict(fitting) else fitting[0][0],
    }


def _placed(buttons: list[Button], card: Card, choice: dict[str, Any] | None, select: Select | None) -> Controls:
    usable = _unique(button for button in buttons if choice or button.value != keys.CHOSEN)
    listed, menu, left = _split([button for button in usable if _possible(button, card)])
    refused = [button for button in usable if not _possible(button, card)]
    others = [each for each in card.selects() if each is not select]
    return Controls(
        buttons=tuple(_button(button, card) for button in listed),
        menu=tuple({"text": line(button.label, LABEL) or "?", "key": _key(button, card)} for button in menu),
        choice=choice,
        words=tuple(dict.fromkeys(words for button in [*left, *refused] if (words := typed(button))))
        + tuple(line(each.label) for each in others),
    )


def _split(buttons: Sequence[Button]) -> tuple[list[Button], list[Button], list[Button]]:
    """Into the list, the menu and what is left; the menu takes no links."""
    first = [button for button in buttons if not button.more] or list(buttons)
    listed, over = first[:BUTTONS], first[BUTTONS:]
    over += [button for button in buttons if button.more and button not in first]
    menu = [button for button in over if not button.url][:MENU]
    rest = [button for button in over if button not in menu]
    room = BUTTONS - len(listed)
    return listed + rest[:room], menu, rest[room:]


def _unique(buttons: Iterable[Button]) -> list[Button]:
    found: dict[tuple[str, str, str | None], Button] = {}
    for button in buttons:
        found.setdefault((button.action, button.value, button.url), button)
    return list(found.values())


def _possible(button: Button, card: Card) -> bool:
    if button.url:
        return len(button.url.encode()) <= URL_BYTES and bool(_WEB.fullmatch(button.url))
    return len(_key(button, card).encode()) <= keys.KEY_BYTES


def _key(button: Button, card: Card) -> str:
    if button.value == keys.CHOSEN:
        return keys.of_choice(button.action)
    return keys.of_button(button.action, button.value, card.version)


def _button(button: Button, card: Card) -> dict[str, Any]:
    shown = {"text": line(button.label, LABEL) or "?", "style": STYLES[button.style]}
    return {"type": 1, "url": button.url, **shown} if button.url else {"type": 0, "key": _key(button, card), **shown}


def typed(button: Button) -> str:
    """The command that does the same, such as `claim L-12`; empty when there is none."""
    if button.url or button.value == keys.CHOSEN or not _TYPEABLE.fullmatch(button.value):
        return ""
    return f"{button.action.rpartition('.')[2]} {button.value}".replace("_", " ").strip()
