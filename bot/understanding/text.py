"""Makes text comparable without moving a single character, so that spans stay true to what the member typed."""

import re
from collections.abc import Iterator

Span = tuple[int, int]

_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_ODD: dict[int, int | str] = {
    0x3000: " ",
    0xA0: " ",
    0x202F: " ",
    0x2019: "'",
    0x2018: "'",
    0x3002: ".",
    0x3001: ",",
    0x2013: "-",
    0x2014: "-",
}
_FOLD: dict[int, int | str] = {**_HALF_WIDTH, **_ODD}
_BREAK = re.compile(
    r"[,;!?\n]|\.(?=\s|$|[^\x00-\x7f])|(?<=[^\x00-\x7f])\.|\s-+\s|->|→|\b(?:and then|then|but|and|so)\b"
    "|然后|但是|不过|所以|接着"
)


def fold(text: str) -> str:
    """Full-width letters, digits and punctuation as their half-width twins; same length as `text`."""
    return text.translate(_FOLD)


def clauses(folded: str) -> Iterator[Span]:
    """Spans of the clauses of a folded text, cut at punctuation and at words such as "then" and 然后."""
    start = 0
    for cut in _BREAK.finditer(folded):
        if cut.start() > start:
            yield start, cut.start()
        start = cut.end()
    if start < len(folded):
        yield start, len(folded)


def has_chinese(text: str) -> bool:
    """Whether any character is a CJK ideograph."""
    return any("一" <= char <= "鿿" for char in text)


def overlaps(one: Span, other: Span) -> bool:
    """Whether two spans share a character."""
    return one[0] < other[1] and other[0] < one[1]


def before_in_clause(folded: str, place: int, reach: int) -> str:
    """Up to `reach` characters before a place, from its own clause: where a denial of it would stand."""
    start = max((start for start, _ in clauses(folded) if start <= place), default=0)
    return folded[max(start, place - reach) : place]
