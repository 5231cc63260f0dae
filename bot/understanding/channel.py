"""How a follow-up was made, and which stage it speaks of."""

from bot.understanding.lexicon import lexicons, matches
from bot.understanding.text import Span, overlaps


def find_channel(folded: str, next_clause: Span | None) -> str | None:
    """The channel named first, outside the next step; else the one that a tell-tale word implies."""
    strong, hints = [], []
    for lexicon in lexicons():
        strong += [(match.start(), key) for key, match in matches(lexicon.channels, folded) if _done(match.span(), next_clause)]
        hints += [(match.start(), key) for key, match in matches(lexicon.channel_hints, folded) if _done(match.span(), next_clause)]
    return min(strong or hints, default=(0, None))[1]


def _done(span: Span, next_clause: Span | None) -> bool:
    return not (next_clause and overlaps(span, next_clause))


def find_stage(folded: str, next_clause: Span | None) -> str | None:
    """The stage the lead has reached by this sentence: won and lost before the steps on the way."""
    for key in ("lost", "won", "opportunity", "qualified", "contacted"):
        for lexicon in lexicons():
            for match in lexicon.stages[key].finditer(folded):
                before = folded[max(0, match.start() - 12) : match.start()]
                if _done(match.span(), next_clause) and not lexicon.negator.search(before) and not lexicon.unsure.search(before):
                    return key
    return None
