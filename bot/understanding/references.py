"""References of leads that stand anywhere in a line: `called L-2990, no answer`, 打了电话给 L-2800 没接."""

import re
from dataclasses import dataclass

from bot.understanding.text import Span, fold

_REFERENCE = re.compile(
    r"(?<![A-Za-z0-9_/.#-])(?:(?P<sure>L\s?-\s?\d{1,12}|L\d{3,12})|L\d{1,2}|#\d{1,12})(?![A-Za-z0-9_/-])", re.I
)
# What ties a reference to its sentence goes with it: "spoke to L-2800", 打电话给 L-2800.
_TIE = re.compile(r"(?:(?<![a-z])(?:for|to|with|on|about|from|at|re)\s+|[给跟向]\s*)$", re.I)
_GAP = re.compile(r"\s+(?=[\s,，.。;；:：!！?？])")
_EDGES = " \t\n,，:：;；"


@dataclass(frozen=True, slots=True)
class Reference:
    """As leads are looked up by it, and where it stood; one that is not `sure` may be any number of something."""

    ref: str
    span: Span
    sure: bool


def find_references(words: str) -> list[Reference]:
    """All references of a line, in their order. A bare number is none: it could be a price or an hour."""
    found = _REFERENCE.finditer(fold(words))
    return [Reference("".join(each[0].split()), each.span(), bool(each["sure"])) for each in found]


def is_reference(words: str) -> bool:
    """Whether there is nothing but one reference."""
    return bool(_REFERENCE.fullmatch(fold(words.strip())))


def without(words: str, references: list[Reference]) -> str:
    """The line without these references and what tied them to it."""
    for each in reversed(references):
        before = words[: each.span[0]]
        tie = _TIE.search(fold(before))
        words = f"{before[: tie.start()] if tie else before} {words[each.span[1] :].lstrip()}"
    return _GAP.sub("", words).strip(_EDGES)
