"""From a template's XML to the neutral card. A mistake in a template fails loudly here, in tests, not in a chat."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any, cast

from bot.cards.fit import clean
from bot.cards.model import (
    Actions,
    Block,
    Button,
    ButtonStyle,
    Card,
    Divider,
    Field,
    Fields,
    Form,
    Image,
    Input,
    InputKind,
    Option,
    Row,
    Select,
    Text,
    TextStyle,
    Tone,
)


class CardMistake(Exception):
    """A template wrote something that no card can be."""


def parse_card(xml: str, images: Mapping[str, bytes]) -> Card:
    """Read `<card>`; `images` are the pictures that it names. Raises CardMistake."""
    root = _root(xml, "card")
    version = root.get("version")
    return Card(
        title=_need(root, "title"),
        ref=root.get("ref", ""),
        tone=cast(Tone, _one_of(root.get("tone", "normal"), ("normal", "good", "warn", "bad"))),
        footer=root.get("footer", ""),
        version=int(version) if version else None,
        blocks=tuple(_blocks(root, images)),
    )


def parse_form(xml: str) -> Form:
    """Read `<form>`. Raises CardMistake."""
    root = _root(xml, "form")
    return Form(
        action=_need(root, "action"), title=_need(root, "title"), submit=_need(root, "submit"),
        value=root.get("value", ""),
        inputs=tuple(_input(item) for item in root),
    )  # fmt: skip


def _blocks(root: ET.Element, images: Mapping[str, bytes]) -> list[Block]:
    """Neighbouring fields make one block, and so do neighbouring buttons and choices."""
    blocks: list[Block] = []
    for item in root:
        if item.tag == "field":
            field = Field(_need(item, "label"), _text(item), item.get("ours") == "yes")
            _join(blocks, Fields, field)
        elif item.tag in ("button", "select"):
            control = _button(item) if item.tag == "button" else _select(item)
            _join(blocks, Actions, control)
        else:
            blocks.append(_block(item, images))
    return blocks


def _join(blocks: list[Block], kind: type[Fields | Actions], item: Any) -> None:
    last = blocks[-1] if blocks else None
    if isinstance(last, kind):
        blocks[-1] = kind((*last.items, item))
    else:
        blocks.append(kind((item,)))


def _block(item: ET.Element, images: Mapping[str, bytes]) -> Block:
    match item.tag:
        case "text":
            style = _one_of(item.get("style", "normal"), ("normal", "strong", "quiet"))
            return Text(_text(item), cast(TextStyle, style))
        case "row":
            return Row(_need(item, "text"), item.get("detail", ""), tuple(_button(button) for button in item))
        case "image":
            return Image(images[_need(item, "name")], _need(item, "alt"), f"{item.get('name')}.png")
        case "divider":
            return Divider()
    raise CardMistake(f"a card has no <{item.tag}>")


def _button(item: ET.Element) -> Button:
    style: ButtonStyle = (
        "primary" if item.get("primary") == "yes" else "danger" if item.get("danger") == "yes" else "plain"
    )
    return Button(
        action=_need(item, "action"), label=_text(item), value=item.get("value", ""), style=style,
        confirm=item.get("confirm"), url=item.get("url"), more=item.get("more") == "yes",
    )  # fmt: skip


def _select(item: ET.Element) -> Select:
    return Select(_need(item, "action"), _need(item, "label"), _options(item), item.get("chosen"))


def _input(item: ET.Element) -> Input:
    kinds = ("text", "multiline", "number", "date", "time", "datetime", "select", "member", "lead", "hidden")
    return Input(
        name=_need(item, "name"), label=_need(item, "label"), kind=cast(InputKind, _one_of(item.get("kind", "text"),
        kinds)),
        options=_options(item), value=item.get("value", ""), optional=item.get("optional") == "yes",
        hint=item.get("hint", ""), only_if=item.get("only_if", ""),
    )  # fmt: skip


def _options(item: ET.Element) -> tuple[Option, ...]:
    return tuple(Option(_need(option, "value"), _text(option)) for option in item)


def _root(xml: str, tag: str) -> ET.Element:
    try:
        root = ET.fromstring(clean(xml))  # noqa: S314  (our own template, autoescaped; no document type, no entities)
    except ET.ParseError as exc:
        raise CardMistake(f"not well-formed: {exc}") from exc
    if root.tag != tag:
        raise CardMistake(f"expected <{tag}>, found <{root.tag}>")
    return root


def _text(item: ET.Element) -> str:
    text = "\n".join(line.strip() for line in (item.text or "").strip().splitlines())
    if not text:
        raise CardMistake(f"an empty <{item.tag}>")
    return text


def _need(item: ET.Element, name: str) -> str:
    value = item.get(name, "")
    if not value:
        raise CardMistake(f"<{item.tag}> lacks {name}")
    return value


def _one_of(value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise CardMistake(f"{value!r} is none of {allowed}")
    return value
