"""The neutral card as JSON and back, nothing lost: how the playground stores and sends what others render.

Every block says its `type`; a value that equals its default is left out, so that the JSON stays short and readable.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from bot.cards import model

DATA_URL = "data:image/png;base64,"
BLOCKS: dict[str, type] = {
    "text": model.Text,
    "fields": model.Fields,
    "row": model.Row,
    "image": model.Image,
    "actions": model.Actions,
    "divider": model.Divider,
}
CONTROLS: dict[str, type] = {"button": model.Button, "select": model.Select}
NAMES = {kind: name for name, kind in (BLOCKS | CONTROLS).items()}
# What stands in a tuple, where the tuple's name alone says it; `items` differs by block and is looked up by type.
PARTS: dict[str, type] = {"options": model.Option, "inputs": model.Input, "buttons": model.Button}


def to_json(thing: model.Card | model.Form) -> dict[str, Any]:
    """A card or form as plain JSON data."""
    return _shown(thing)


def card_from_json(data: Mapping[str, Any]) -> model.Card:
    """The reverse of `to_json` for a card. Raises KeyError or TypeError when it is none."""
    return model.Card(**{**data, "blocks": tuple(_block(block) for block in data.get("blocks", ()))})


def form_from_json(data: Mapping[str, Any]) -> model.Form:
    """The reverse of `to_json` for a form. Raises KeyError or TypeError when it is none."""
    form: model.Form = _made(model.Form, data)
    return form


def _shown(thing: Any) -> dict[str, Any]:
    named = {"type": NAMES[type(thing)]} if type(thing) in NAMES else {}
    told = {field.name: _value(getattr(thing, field.name)) for field in fields(thing) if _is_told(thing, field)}
    return named | told


def _is_told(thing: Any, field: Field[Any]) -> bool:
    return field.default is MISSING or bool(getattr(thing, field.name) != field.default)


def _value(value: Any) -> Any:
    match value:
        case tuple():
            return [_shown(item) for item in value]
        case bytes():
            return DATA_URL + base64.b64encode(value).decode()
        case _:
            return value


def _block(data: Mapping[str, Any]) -> Any:
    return _made(BLOCKS[data["type"]], data)


def _made(kind: type, data: Mapping[str, Any]) -> Any:
    return kind(**{name: _part(kind, name, value) for name, value in data.items() if name != "type"})


def _part(kind: type, name: str, value: Any) -> Any:
    if name == "png":
        return base64.b64decode(value.removeprefix(DATA_URL))
    if not isinstance(value, list):
        return value
    return tuple(_made(_kind_of(kind, name, item), item) for item in value)


def _kind_of(kind: type, name: str, item: Mapping[str, Any]) -> type:
    if name == "items":
        return model.Field if kind is model.Fields else CONTROLS[item["type"]]
    return PARTS[name]
