"""A neutral card as Block Kit, within every limit of Slack.

What does not fit leaves in this order: the last rows of a list ("and 12 more"), then the ends of long texts, then all
but the words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from bot.cards import fit
from bot.cards.model import Actions, Block, Card, Fields, Image, Row, Text
from bot.platforms.slack_controls import Controls
from bot.platforms.slack_fit import CONTEXT, Budget, Piece, context, fits, without_rows
from bot.platforms.slack_text import NOTHING, fallback, plain, titled

Json = dict[str, Any]
Files = Mapping[Image, str]
TEXT, FIELD, HEADER, ALT, FALLBACK = 3000, 2000, 150, 2000, 3900
FIELDS_A_SECTION = 10
CUTS = (TEXT, 1000, 300, 100)
TONES = {"normal": "", "good": "✅ ", "warn": "⚠️ ", "bad": "⛔ "}

MESSAGE = Budget()
# Slack refuses a message above about 13,000 characters without saying how it counts; this fits by any count.
TIGHT = Budget(blocks=20, chars=2_200)
# Slack counts a view as it travels, and there a Chinese character is six.
VIEW = Budget(blocks=100, chars=38_000)


def message(card: Card, *, files: Files | None = None, budget: Budget = MESSAGE) -> Json:
    """Text and blocks of a message. `files` says which uploaded Slack file shows an image."""
    return {"text": text(card), "blocks": blocks(card, files=files, budget=budget)}


def text(card: Card) -> str:
    """The card's plain twin, for notifications and for clients without blocks."""
    return fallback(card.plain(), FALLBACK)


def blocks(card: Card, *, files: Files | None = None, budget: Budget = MESSAGE) -> list[Json]:
    """The card's blocks, never more than the budget allows and never none."""
    for cut in CUTS:
        pieces = list(_pieces(card, cut, files or {}))
        kept = pieces if fits(pieces, budget) else without_rows(pieces, budget)
        if fits(kept, budget):
            return [block for piece in kept for block in piece.blocks]
    return [_section(plain(card.plain(), min(TEXT, budget.chars // 8)))]


def heading(card: Card) -> str:
    """Tone, title and, where the title does not say it, the reference; the reference is never cut off."""
    title, ref = fit.one_line(card.title), fit.one_line(card.ref)
    mark = TONES[card.tone]
    if not ref or ref in title:
        return mark + fit.cut(title, HEADER - fit.units(mark)) if title else ""
    tail = f" · {ref}" if title else ref
    return mark + fit.cut(title, HEADER - fit.units(mark + tail)) + tail


def _pieces(card: Card, cut: int, files: Files) -> Iterator[Piece]:
    controls = Controls(card.version, Counter())
    if title := heading(card):
        yield Piece([{"type": "header", "text": plain(title, HEADER)}])
    for block in card.blocks:
        yield Piece(_drawn(block, cut, controls, files), row=isinstance(block, Row))
    if fit.one_line(card.footer):
        yield Piece([context(card.footer, min(cut, CONTEXT))])


def _drawn(block: Block, cut: int, controls: Controls, files: Files) -> list[Json]:
    match block:
        case Text():
            return _text(block, cut)
        case Fields():
            return _fields(block, cut)
        case Row():
            return [_row(block, cut, controls)]
        case Image():
            return [_image(block, files)]
        case Actions():
            return controls.actions(block)
        case _:
            return [{"type": "divider"}]


def _text(block: Text, cut: int) -> list[Json]:
    said = fit.clean(block.text).strip()
    if not said:
        return []
    if block.style == "quiet":
        return [context(said, min(cut, CONTEXT))]
    is_heading = block.style == "strong" and "\n" not in said
    return [_section(titled(said, "", cut) if is_heading else plain(said, cut))]


def _fields(block: Fields, cut: int) -> list[Json]:
    shown = [titled(item.label, fit.clean(item.value).strip() or NOTHING, min(cut, FIELD)) for item in block.items]
    groups = [shown[start : start + FIELDS_A_SECTION] for start in range(0, len(shown), FIELDS_A_SECTION)]
    return [{"type": "section", "fields": group} for group in groups]


def _row(block: Row, cut: int, controls: Controls) -> Json:
    section = _section(titled(block.text, block.detail, cut))
    accessory = controls.accessory(block.buttons)
    return section | {"accessory": accessory} if accessory else section


def _image(block: Image, files: Files) -> Json:
    if file := files.get(block):
        alt = fit.cut(fit.one_line(block.alt), ALT) or block.name
        return {"type": "image", "slack_file": {"id": file}, "alt_text": alt}
    return context(block.alt)


def _section(said: Json) -> Json:
    return {"type": "section", "text": said}
