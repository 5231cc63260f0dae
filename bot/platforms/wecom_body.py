"""The words of a neutral card for WeCom: as markdown, as plain text, and as the few lines of a template card."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.cards import fit
from bot.cards.model import Card, Field, Fields, Image, Row, Text
from bot.platforms.wecom_text import address, inert, line, within

TEXT_BYTES, MARKDOWN_BYTES, ROBOT_MARKDOWN_BYTES = 2048, 2048, 4096
HEADING, LINE, FOOTER = 120, 400, 200
TITLE, DESC, SUBTITLE, KEYNAME, VALUE, FIELDS = 36, 44, 160, 5, 30, 6
_COLOURS = {"good": "info", "warn": "warning", "bad": "warning"}


def heading(card: Card) -> str:
    """The title, with the reference when it does not say it."""
    title, ref = line(card.title, HEADING) or "…", line(card.ref, HEADING)
    return f"{title} ({ref})" if ref and ref not in title else title


def markdown(card: Card, limit: int, words: tuple[str, ...] = ()) -> str:
    """The card in WeCom's small markdown, within `limit` bytes; `words` can be typed instead of tapped.

    A list that is too long names all of its rows rather than explaining the first ones.
    """
    colour = _COLOURS.get(card.tone)
    title = f"**{heading(card)}**"
    head = f'<font color="{colour}">{title}</font>' if colour else title
    lines, tail = [head, *_marked(card)], [*_footer(card), *hints(words)]
    if len("\n".join([*lines, *tail]).encode()) > limit:
        lines = [head, *_marked(_without_details(card))]
    return within(lines, limit, tail)


def _without_details(card: Card) -> Card:
    return replace(
        card, blocks=tuple(replace(each, detail="") if isinstance(each, Row) else each for each in card.blocks)
    )


def plain(card: Card, limit: int = TEXT_BYTES, words: tuple[str, ...] = ()) -> str:
    """The card as a text message, within `limit` bytes."""
    tail = [*_lines(card.footer), *hints(words)]
    return within([heading(card), *_paragraphs(card, _fields(card))], limit, tail)


def hints(words: tuple[str, ...]) -> list[str]:
    """Commands to type, on one line; a keyboard says so in every language."""
    return [f"⌨ {' · '.join(words)}"] if words else []


def _footer(card: Card) -> list[str]:
    return [_quiet(said)] if (said := line(card.footer, FOOTER)) else []


def _lines(text: str) -> list[str]:
    """Cut one by one, before anything is put around them: a cut inside a tag would show the tag."""
    return [fit.cut(each, LINE) for each in inert(text).splitlines()]


def _quiet(text: str) -> str:
    return f'<font color="comment">{text}</font>' if text.strip() else text


def _marked(card: Card) -> list[str]:
    found: list[str] = []
    for block in card.blocks:
        match block:
            case Text(text=text, style="strong"):
                found += [f"**{each}**" if each.strip() else each for each in _lines(text)]
            case Text(text=text, style="quiet"):
                found += [_quiet(each) for each in _lines(text)]
            case Text(text=text):
                found += _lines(text)
            case Fields(items=items):
                found += [f"> {line(item.label, LINE)}: {_said(item)}" for item in items]
            case Row(text=text, detail=detail):
                found += [f"• {line(text, LINE)}", *([_quiet("　" + line(detail, LINE))] if detail else [])]
    return found


def _fields(card: Card) -> list[tuple[str, str]]:
    blocks = (block for block in card.blocks if isinstance(block, Fields))
    return [(line(item.label, LINE), _said(item)) for block in blocks for item in block.items]


def _said(item: Field) -> str:
    return address(item.value) if item.ours else line(item.value, LINE)


def _paragraphs(card: Card, fields: list[tuple[str, str]]) -> list[str]:
    """Text of the card in reading order; `fields` are those to be written as words, where the first of them stands."""
    found: list[str] = []
    for block in card.blocks:
        match block:
            case Text(text=text):
                found += _lines(text)
            case Fields():
                found += [f"{label}: {value}" for label, value in fields]
                fields = []
            case Row(text=text, detail=detail):
                found.append("• " + line(text) + (f" · {line(detail)}" if detail else ""))
            case Image(alt=alt):
                found.append(line(alt))
    return [each for each in found if each.strip()]


@dataclass(frozen=True, slots=True)
class Squeezed:
    """The words as a template card has them, and whether nothing was cut."""

    title: str
    desc: str
    subtitle: str
    fields: tuple[tuple[str, str], ...]
    whole: bool


def squeezed(card: Card, words: tuple[str, ...] = ()) -> Squeezed:
    """Short fields go beside each other; the first short line becomes the description, the rest the subtitle."""
    fields = _fields(card)
    beside = [pair for pair in fields if 0 < fit.units(pair[0]) <= KEYNAME and 0 < fit.units(pair[1]) <= VALUE][:FIELDS]
    lines = _paragraphs(card, [pair for pair in fields if pair not in beside])
    lines += [*_lines(card.footer), *hints(words)]
    desc = lines.pop(0) if lines and fit.units(lines[0]) <= DESC else ""
    title, subtitle = heading(card), "\n".join(lines)
    fits = fit.units(title) <= TITLE and fit.units(subtitle) <= SUBTITLE
    return Squeezed(fit.cut(title, TITLE), desc, fit.cut(subtitle, SUBTITLE), tuple(beside), fits)
