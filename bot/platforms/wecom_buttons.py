"""How the taps of a neutral card find room in WeCom: six buttons, a menu of three, one choice; the rest becomes words.

A list whose rows have buttons of their own becomes one choice of the row and one button for each thing to do with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.cards import wire
from bot.cards.model import Actions, Button, Card, Option, Row
from bot.platforms import wecom_keys as keys
from bot.platforms.wecom_text import line
from bot.platforms.wecom_words import is_chinese, typed

BUTTONS, MENU, OPTIONS = 6, 3, 10
LABEL, QUESTION, OPTION_TEXT, URL_BYTES = 10, 13, 16, 2048
STYLES = {"primary": 1, "plain": 2, "danger": 4}
_REF = re.compile(r"[A-Z]{1,3}-\d+")
_WEB = re.compile(r"https?://[^\s]+")


@dataclass(frozen=True, slots=True)
class Tap:
    """A button with its key; `chosen` says that it speaks of the option chosen beside it."""

    button: Button
    key: str
    chosen: bool = False

    def shown(self) -> dict[str, Any]:
        """As an element of `button_list`."""
        look = {"text": line(self.button.label, LABEL) or "?", "style": STYLES[self.button.style]}
        return {"type": 1, "url": self.button.url, **look} if self.button.url else {"type": 0, "key": self.key, **look}

    def words(self) -> str:
        """What to type instead; empty when there is nothing."""
        return "" if self.chosen or self.button.url else words_of(self.button)


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
    own, rows = _own(card), [block for block in card.blocks if isinstance(block, Row) and block.buttons]
    select = next(card.selects(), None)
    if select and (choice := _choice(select.label, select.options, card, select.chosen)):
        sending = Tap(Button(select.action, select.label), keys.of_choice(select.action), chosen=True)
        others = tuple(line(each.label) for each in card.selects() if each is not select)
        return _placed([sending, *own, *_flat(rows, card)], choice, others)
    shared, rest = _one_choice(rows)
    options = tuple(Option(row.buttons[0].value, row.text) for row in shared)
    if shared and (choice := _choice(card.title, options, card, None)):
        return _placed([*_for_all(shared), *own, *_flat(rest, card)], choice)
    return _placed([*own, *_flat(rows, card)], None)


def words_of(button: Button) -> str:
    """The command that a button stands for; empty when there is none."""
    return typed(button.action, button.value, chinese=is_chinese(button.label))


def _own(card: Card) -> list[Tap]:
    blocks = (block for block in card.blocks if isinstance(block, Actions))
    return [_tap(item, card) for block in blocks for item in block.items if isinstance(item, Button)]


def _tap(button: Button, card: Card) -> Tap:
    return Tap(button, keys.of_button(button.action, button.value, card.version))


def _one_choice(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The rows for which one choice can stand, those like the first, and the others."""
    like = _kind(rows[0]) if rows else None
    shared = [row for row in rows if _kind(row) == like]
    if like is None or len(shared) < 2:
        return [], list(rows)
    return shared, [row for row in rows if _kind(row) != like]


def _kind(row: Row) -> tuple[tuple[str, str], ...] | None:
    """What can be done with a row, apart from what it is about; None when a choice cannot say it."""
    about = row.buttons[0].value
    fits = 0 < len(about.encode()) <= keys.OPTION_BYTES - 12
    if not fits or any(button.url or not button.value.startswith(about) for button in row.buttons):
        return None
    return tuple((button.action, button.value.removeprefix(about)) for button in row.buttons)


def _for_all(rows: Sequence[Row]) -> list[Tap]:
    pairs = zip(rows[0].buttons, _kind(rows[0]) or (), strict=True)
    return [Tap(button, keys.of_choice(action, suffix), chosen=True) for button, (action, suffix) in pairs]


def _flat(rows: Sequence[Row], card: Card) -> list[Tap]:
    """Buttons of rows as buttons of the card; of several rows, each says which row it means."""
    if len(rows) < 2:
        return [_tap(button, card) for row in rows for button in row.buttons]
    labelled = ((button, _told_apart(button, row)) for row in rows for button in row.buttons)
    return [replace(_tap(button, card), button=replace(button, label=label)) for button, label in labelled]


def _told_apart(button: Button, row: Row) -> str:
    found = _REF.search(f"{row.text} {button.value}")
    about = found.group() if found else button.value
    return whole if len(whole := f"{button.label} {about}") <= LABEL else about


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


def _placed(taps: Iterable[Tap], choice: dict[str, Any] | None, words: tuple[str, ...] = ()) -> Controls:
    unique = list({(tap.key, tap.button.url): tap for tap in reversed(list(taps))}.values())[::-1]
    listed, menu, left = _split([tap for tap in unique if _possible(tap)])
    left += [tap for tap in unique if not _possible(tap)]
    return Controls(
        buttons=tuple(tap.shown() for tap in listed),
        menu=tuple({"text": line(tap.button.label, LABEL) or "?", "key": tap.key} for tap in menu),
        choice=choice if any(tap.chosen for tap in listed) else None,
        words=(*dict.fromkeys(said for tap in left if (said := line(tap.words(), 60))), *words),
    )


def _split(taps: Sequence[Tap]) -> tuple[list[Tap], list[Tap], list[Tap]]:
    """Into the list, the menu and what is left; the menu takes no links and nothing that needs the choice."""
    first = [tap for tap in taps if not tap.button.more] or list(taps)
    listed, over = first[:BUTTONS], first[BUTTONS:]
    over += [tap for tap in taps if tap.button.more and tap not in first]
    menu = [tap for tap in over if not tap.button.url and not tap.chosen][:MENU]
    rest = [tap for tap in over if tap not in menu]
    room = BUTTONS - len(listed)
    return listed + rest[:room], menu, rest[room:]


def _possible(tap: Tap) -> bool:
    if tap.button.url:
        return len(tap.button.url.encode()) <= URL_BYTES and bool(_WEB.fullmatch(tap.button.url))
    return len(tap.key.encode()) <= keys.KEY_BYTES
