"""How phrases are found: a table of patterns per language, read from the most to the least telling."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.understanding.times.pieces import Piece
from bot.understanding.times.resolve import Here

Match = re.Match[str]
Build = Callable[[Match, Here], Piece | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern and what its match means; `build` answers None when the match is no time after all."""

    pattern: re.Pattern[str]
    build: Build


def english(pattern: str, build: Build) -> Rule:
    """A rule whose pattern must stand free of Latin letters and digits on both sides."""
    return Rule(re.compile(rf"(?<![A-Za-z0-9_])(?:{pattern})(?![A-Za-z0-9_])", re.I), build)


def chinese(pattern: str, build: Build) -> Rule:
    """A rule on Chinese text, where words have no boundaries."""
    return Rule(re.compile(pattern, re.I), build)


def scan(rules: Iterable[Rule], folded: str, here: Here) -> list[Piece]:
    """All pieces the rules see, in the order of the rules; later ones may overlap earlier ones.

    A date that does not exist, such as 30 February, is no piece.
    """
    found: list[Piece] = []
    for rule in rules:
        for match in rule.pattern.finditer(folded):
            piece = _built(rule, match, here)
            if piece:
                found.append(piece)
    return found


def _built(rule: Rule, match: Match, here: Here) -> Piece | None:
    try:
        return rule.build(match, here)
    except (ValueError, OverflowError):
        return None
