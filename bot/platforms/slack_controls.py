"""What can be tapped, as Block Kit elements: buttons, choices, and the overflow menu that takes what finds no room.

On the wire a button is its action (made unique by a suffix when repeated) and its value with the card's version; an
option of an overflow menu has no action of its own, so its value carries `action|value`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.cards import fit, wire
from bot.cards.model import Actions, Button, Option, Select
from bot.platforms.slack_text import label

Json = dict[str, Any]
OVERFLOW, LINK = "more", "link"
LABEL, VALUE, URL, PLACEHOLDER = 75, 2000, 3000, 150
VISIBLE, MENU, ELEMENTS, OPTIONS, OPTION_VALUE = 5, 5, 25, 100, 150
NO_VALUE = "-"
_REPEATED = re.compile(r":\d+$")


def read(action_id: str, value: str) -> tuple[str, str]:
    """Action and value of a tap, as the card had them; for an option of a menu both stand in its value."""
    action = _REPEATED.sub("", action_id)
    if action != OVERFLOW:
        return action, value
    name, _, rest = value.partition("|")
    return name, rest


@dataclass(frozen=True, slots=True)
class Controls:
    """Draws the controls of one card; remembers which names are taken in it."""

    version: int | None
    taken: Counter[str]

    def actions(self, block: Actions) -> list[Json]:
        """An actions block, or several when one cannot hold them all."""
        buttons = [item for item in block.items if isinstance(item, Button) and _can_show(item)]
        menu = self._hidden(buttons)
        hidden = {id(button) for button in menu}
        visible = [item for item in block.items if id(item) not in hidden]
        shown = [element for item in visible if (element := self._element(item))]
        shown += [self.menu(menu[start : start + MENU]) for start in range(0, len(menu), MENU)]
        groups = [shown[start : start + ELEMENTS] for start in range(0, len(shown), ELEMENTS)]
        return [{"type": "actions", "elements": group} for group in groups]

    def accessory(self, buttons: Sequence[Button]) -> Json | None:
        """What stands beside a row: its button, or a menu of several."""
        buttons = [button for button in buttons if _can_show(button)]
        if len(buttons) == 1:
            return self.button(buttons[0])
        fitting = [button for button in buttons if self._fits_menu(button)][:MENU]
        return self.menu(fitting) if fitting else None

    def button(self, button: Button) -> Json:
        """A button; one with an address opens it and tells us nothing."""
        shown: Json = {"type": "button", "text": label(button.label or button.action, LABEL)}
        if button.url:
            return shown | {"url": button.url, "action_id": self._name(LINK)}
        shown["action_id"] = self._name(button.action)
        if value := wire.pack(button.value, self.version):
            shown["value"] = value
        if button.style != "plain":
            shown["style"] = button.style
        return shown | ({"confirm": _confirm(button)} if button.confirm else {})

    def menu(self, buttons: Sequence[Button]) -> Json:
        """An overflow menu of at most five."""
        return {"type": "overflow", "action_id": self._name(OVERFLOW), "options": [self._option(b) for b in buttons]}

    def _hidden(self, buttons: Sequence[Button]) -> list[Button]:
        """What goes into the menu: marked ones, then those beyond the visible five; never one that asks to confirm."""
        able = {id(button) for button in buttons if self._fits_menu(button)}
        marked = [button for button in buttons if button.more and id(button) in able]
        rest = [button for button in buttons if not (button.more and id(button) in able)]
        return [*marked, *(button for button in rest[VISIBLE:] if id(button) in able)]

    def _fits_menu(self, button: Button) -> bool:
        return not button.confirm and (bool(button.url) or fit.units(self._option_value(button)) <= OPTION_VALUE)

    def _option(self, button: Button) -> Json:
        shown = {"text": label(button.label or button.action, LABEL)}
        if button.url:
            return shown | {"url": button.url, "value": LINK}
        return shown | {"value": self._option_value(button)}

    def _option_value(self, button: Button) -> str:
        return f"{button.action}|{wire.pack(button.value, self.version)}"

    def _element(self, item: Button | Select) -> Json | None:
        if isinstance(item, Select):
            return self._select(item)
        return self.button(item) if _can_show(item) else None

    def _select(self, select: Select) -> Json | None:
        packed = [(option, wire.pack(option.value, self.version)) for option in select.options]
        options = [option_object(option, value) for option, value in packed if fit.units(value) <= OPTION_VALUE]
        options = options[:OPTIONS]
        if not options:
            return None
        shown: Json = {
            "type": "static_select",
            "action_id": self._name(select.action),
            "placeholder": label(select.label or select.action, PLACEHOLDER),
            "options": options,
        }
        chosen = wire.pack(select.chosen or "", self.version)
        initial = [option for option in options if select.chosen is not None and option["value"] == chosen]
        return shown | ({"initial_option": initial[0]} if initial else {})

    def _name(self, action: str) -> str:
        self.taken[action] += 1
        count = self.taken[action]
        return action if count == 1 else f"{action}:{count}"


def option_object(option: Option, value: str) -> Json:
    """One choice; its label is never empty."""
    return {"text": label(option.label or option.value, LABEL), "value": value or NO_VALUE}


def _can_show(button: Button) -> bool:
    """A value cannot be shortened without changing what the tap means, so what cannot travel is not offered."""
    return fit.units(button.value) <= VALUE - 12 and (not button.url or len(button.url) <= URL)


def _confirm(button: Button) -> Json:
    return {
        "title": label(button.label or button.action, 100),
        "text": label(button.confirm or "", 300),
        "confirm": label(button.label or button.action, 30),
        "deny": label("Cancel / 取消", 30),
    }
