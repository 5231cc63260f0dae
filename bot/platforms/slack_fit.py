"""Making drawn blocks fit into one message or view: the last rows of a list give way first, and each list says so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.cards import fit
from bot.platforms.slack_text import plain

Json = dict[str, Any]
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
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", sum(_size(block) for block in self.blocks))


def fits(pieces: Sequence[Piece], budget: Budget) -> bool:
    """Whether these pieces are something, and not too much."""
    count = sum(len(piece.blocks) for piece in pieces)
    return 0 < count <= budget.blocks and sum(piece.size for piece in pieces) <= budget.chars


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
    count, chars = sum(len(piece.blocks) for piece in pieces), sum(piece.size for piece in pieces)
    dropped: set[int] = set()
    rows = [index for index, piece in enumerate(pieces) if piece.row]
    while rows and (count > budget.blocks or chars > budget.chars):
        index = rows.pop()
        starts_a_gap = index + 1 not in dropped
        dropped.add(index)
        count += starts_a_gap - 1
        chars += starts_a_gap * MORE_ROOM - pieces[index].size
    return dropped


def _size(block: Json) -> int:
    serialised = json.dumps(block, ensure_ascii=False)
    return len(serialised) if serialised.isascii() else fit.units(serialised)
