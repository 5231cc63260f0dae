"""Which of the moments in a sentence is the next step: not "met on Monday", not "their lease ends in June"."""

import re
from dataclasses import dataclass

from bot.understanding.lexicon import lexicons
from bot.understanding.text import Span, clauses, overlaps
from bot.understanding.times.resolve import When, sharpened

_ADJACENT = 4
_PLAIN, _ACTED = 1, 2
_DIGIT = re.compile(r"[0-9]|[一二三四五六七八九十]点|noon")
_EDGES = " \t\n,.;:!?()-'\"，的在是于@"
_LEADING = re.compile(
    r"^(?:at|on|in|by|to|then|and|for|or|the|before|around|about|please|pls|will)\b\s*|^(?:之前|以前|前|左右)", re.I
)
_TRAILING = re.compile(r"\s*\b(?:at|on|in|by|for|the|before|around|about|from|until|till|after|of)$", re.I)


@dataclass(frozen=True, slots=True)
class NextStep:
    """When to act, in which clause it was said, and what to do in the words that stood there."""

    when: When
    clause: Span
    text: str | None


def find_next_step(folded: str, moments: list[When]) -> NextStep | None:
    """The soonest moment with an action beside it, else the last that is neither past nor a mere circumstance."""
    chosen = _choose(folded, [(_weight(folded, when, moments), when) for when in moments if not when.past])
    if chosen is None:
        return None
    chosen = sharpened(chosen, moments)
    clause, text = _action(folded, chosen, clause_of(folded, chosen.span))
    return NextStep(chosen, clause, text)


def _choose(folded: str, weighed: list[tuple[int, When]]) -> When | None:
    acted = [when for weight, when in weighed if weight == _ACTED and not when.vague]
    dated = [when for when in acted if not _is_just_today(folded, when)]
    plain = [when for weight, when in weighed if weight == _PLAIN and not when.vague]
    vague = [when for weight, when in weighed if weight == _ACTED and when.vague]
    if dated:
        return min(dated, key=lambda when: when.at)
    return next((found[-1] for found in (acted, plain, vague) if found), None)


def _weight(folded: str, when: When, moments: list[When]) -> int:
    """`_ACTED` with an action beside it, `_PLAIN` without a word on it, 0 for what has happened or merely holds."""
    before, after = _beside(folded, when, moments)
    nearest = next(reversed(_cues(before)), None)
    following = [kind for _, kind in _cues(after)]
    if nearest and nearest[1] == "past" and len(before) - nearest[0] <= _ADJACENT:
        return 0
    named = {nearest[1] if nearest else None, *following[:1]}
    if "next" in (named | set(following)):
        return _ACTED
    return 0 if named & {"past", "state"} or _is_just_today(folded, when) else _PLAIN


def _beside(folded: str, when: When, moments: list[When]) -> tuple[str, str]:
    """What stands before and after a moment in its clause, up to the neighbouring moments."""
    start, end = clause_of(folded, when.span)
    start = max([start, *(other.span[1] for other in moments if start <= other.span[1] <= when.span[0])])
    end = min([end, *(other.span[0] for other in moments if when.span[1] <= other.span[0] <= end)])
    return folded[start : when.span[0]], folded[when.span[1] : end]


def _cues(text: str) -> list[tuple[int, str]]:
    """Ends and kinds of the words on tense, in order; what is past outranks the action word inside it."""
    found: list[tuple[Span, str]] = []
    for kind in ("past", "state", "next"):
        for lexicon in lexicons(text):
            for match in getattr(lexicon, kind).finditer(text):
                if not any(overlaps(match.span(), span) for span, _ in found):
                    found.append((match.span(), kind))
    return [(span[1], kind) for span, kind in sorted(found)]


def _is_just_today(folded: str, when: When) -> bool:
    words = folded[when.span[0] : when.span[1]]
    return not _DIGIT.search(words) and any(lexicon.today.fullmatch(words.strip()) for lexicon in lexicons(words))


def clause_of(folded: str, span: Span) -> Span:
    """The clause, or run of clauses, that holds a span."""
    held = [clause for clause in clauses(folded) if overlaps(clause, span)]
    return (min(held[0][0], span[0]), max(held[-1][1], span[1])) if held else span


def _action(folded: str, when: When, clause: Span) -> tuple[Span, str | None]:
    """What to do: the clause without its time, or the neighbouring clause where the time stands alone."""
    text = _tidy(folded[clause[0] : when.span[0]] + " " + folded[when.span[1] : clause[1]])
    if text:
        return clause, text
    others = [other for other in clauses(folded) if not overlaps(other, clause)]
    left = [other for other in others if other[1] <= clause[0]][-1:]
    right = [other for other in others if other[0] >= clause[1]][:1]
    for other in left + right:
        cues = {kind for _, kind in _cues(folded[other[0] : other[1]])}
        if "next" in cues and "past" not in cues:
            return (min(clause[0], other[0]), max(clause[1], other[1])), _tidy(folded[other[0] : other[1]])
    return clause, None


def _tidy(text: str) -> str | None:
    text = " ".join(text.split()).strip(_EDGES)
    while (shorter := _TRAILING.sub("", _LEADING.sub("", text)).strip(_EDGES)) != text:
        text = shorter
    return text or None
