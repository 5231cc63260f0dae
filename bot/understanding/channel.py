"""How a follow-up was made, and which stage it speaks of."""

import re

from bot.understanding.lexicon import Lexicon, lexicons, matches
from bot.understanding.text import Span, before_in_clause, overlaps

_NEAR = 6
_TOLD = re.compile(r"(?:[a-z]ed|rang|met|了)$|^sent\b", re.I)
_ARRANGED = re.compile(r".{0,4}(?:约(?!谈)|(?:[定订]|沟通)了)|\s*(?::|(?:to|booked|arranged|agreed|set)\b)", re.I)


def find_channel(folded: str, plan: Span | None) -> str | None:
    """The channel named first, outside the next step; else the one that a tell-tale word implies."""
    for named in (_places(folded, plan, "channels"), _places(folded, plan, "channel_hints")):
        if named:
            return min(named)[1]
    return None


def _places(folded: str, plan: Span | None, table: str) -> list[tuple[int, str]]:
    return [
        (match.start(), key)
        for lexicon in lexicons(folded)
        for key, match in matches(getattr(lexicon, table), folded)
        if _done(folded, match.span(), plan) and not _denied(folded, match.start(), lexicon)
    ]


def _denied(folded: str, place: int, lexicon: Lexicon) -> bool:
    return bool(lexicon.negator.search(before_in_clause(folded, place, _NEAR)))


def _done(folded: str, span: Span, plan: Span | None) -> bool:
    """Whether a word speaks of what was done: not of the next step, unless in the past tense
    or as the way in which it was arranged."""
    if not (plan and overlaps(span, plan)):
        return True
    return bool(_ARRANGED.match(folded, span[1]) or _TOLD.search(folded[span[0] : span[1]]))


def find_stage(folded: str, plan: Span | None) -> str | None:
    """The stage the lead has reached by this sentence: won and lost before the steps on the way."""
    for key in ("lost", "won", "opportunity", "qualified", "contacted"):
        for lexicon in lexicons(folded):
            for match in lexicon.stages[key].finditer(folded):
                before = before_in_clause(folded, match.start(), 2 * _NEAR)
                denied = lexicon.negator.search(before) or lexicon.unsure.search(before)
                if _done(folded, match.span(), plan) and not denied:
                    return key
    return None
