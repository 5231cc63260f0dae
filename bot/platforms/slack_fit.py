"""Making drawn blocks fit into one message or view: the last rows of a list give way first, and each list says so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.cards import fit
from bot.platforms.slack_text import plain

Json = dict[str, Any]
_WRITE = json.JSONEncoder(ensure_ascii=False).encode
CONTEXT = 2000
MORE_ROOM = 200


@dataclass(frozen=True, slots=True)
class Budget:
    """What one message or view may hold; `chars` is the serialised blocks together."""

    blocks: int = 50
    chars: int = 12_000


@dataclass(frozen=True, slots=True)
class Piece:
    """The blocks of one neutral block, to be kept or left out together."""

    blocks: Sequence[Json]
    row: bool = False

    @property
    def size(self) -> int:
        return sum(_size(block) for block in self.blocks)


def fits(pieces: Sequence[Piece], budget: Budget) -> bool:
    """Whether these pieces are something, and not too much."""
    blocks = [block for piece in pieces for block in piece.blocks]
    if not 0 < len(blocks) <= budget.blocks:
        return False
    # Nearly everything fits, and to write it once at a stretch shows that; in parts it is a little shorter.
    return _size(blocks) <= budget.chars or sum(piece.size for piece in pieces) <= budget.chars


def without_rows(pieces: Sequence[Piece], budget: Budget) -> list[Piece]:
    """Drop rows, last ones first, until the rest fits or no row is left."""
    dropped = _too_many(pieces, budget)
    kept: list[Piece] = []
    lost = 0
    for index, piece in enumerate(pieces):
        if index in dropped:
            lost += 1
            continue
        kept += [Piece([and_more(lost)])] if lost else []
        lost = 0
        kept.append(piece)
    return [*kept, Piece([and_more(lost)])] if lost else kept


def and_more(count: int) -> Json:
    """The line that stands for rows left out."""
    return context(f"… and {count} more / 还有 {count} 条")


def context(text: str, limit: int = CONTEXT) -> Json:
    """A quiet line."""
    return {"type": "context", "elements": [plain(text, limit)]}


def _too_many(pieces: Sequence[Piece], budget: Budget) -> set[int]:
    sizes = [piece.size for piece in pieces]
    count, chars = sum(len(piece.blocks) for piece in pieces), sum(sizes)
    dropped: set[int] = set()
    rows = [index for index, piece in enumerate(pieces) if piece.row]
    while rows and (count > budget.blocks or chars > budget.chars):
        index = rows.pop()
        starts_a_gap = index + 1 not in dropped
        dropped.add(index)
        count += starts_a_gap - 1
        chars += starts_a_gap * MORE_ROOM - sizes[index]
    return dropped


def _size(blocks: Json | Sequence[Json]) -> int:
    serialised = _WRITE(blocks)
    return len(serialised) if serialised.isascii() else fit.units(serialised)
