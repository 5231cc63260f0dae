"""Which outcome a follow-up had: the most specific one that was said and not denied."""

from collections.abc import Iterable, Iterator

from bot.understanding.lexicon import Lexicon, Patterns, lexicons, matches
from bot.understanding.text import Span, clauses

FINAL = ("do_not_contact", "wrong_number")
# Of these the last word counts: "not interested ... but send a quote", "wanted a quote, now they bought elsewhere".
_CONTRARY = ("meeting_set", "quote_requested", "not_interested")
_BY_WEIGHT = (*FINAL, "meeting_set", "quote_requested", "not_interested", "no_answer", "interested")
_NEGATION_REACH = 24


def find_outcome(folded: str, next_clause: Span | None) -> str | None:
    """The outcome key of a folded sentence; `next_clause` is where the next step stands, if one was found."""
    said = sorted((at, key) for lexicon in lexicons() for key, at in _said(lexicon.outcomes, lexicon, folded))
    keys = [key for _, key in said]
    last_word = [key for key in keys if key in _CONTRARY]
    if "not_interested" in last_word:
        keys = [key for key in keys if key not in _CONTRARY] + last_word[-1:]
    planned = set(_planned(folded, next_clause))
    for key in _BY_WEIGHT:
        if key in keys:
            return key
    return _weaker(keys, planned)


def _weaker(keys: Iterable[str], planned: set[str]) -> str | None:
    order = [("meeting_set", planned), ("callback", planned), ("callback", set(keys)), ("connected", set(keys))]
    return next((key for key, found in order if key in found), None)


def _planned(folded: str, clause: Span | None) -> Iterator[str]:
    if clause:
        for lexicon in lexicons():
            yield from (key for key, _ in _said(lexicon.planned, lexicon, folded[clause[0] : clause[1]]))


def _said(patterns: Patterns, lexicon: Lexicon, text: str) -> Iterator[tuple[str, int]]:
    """Keys with their places; a denied one turns into its opposite or into nothing, an unsure one into nothing."""
    starts = [start for start, _ in clauses(text)]
    for key, match in matches(patterns, text):
        clause = max((start for start in starts if start <= match.start()), default=0)
        before = text[max(clause, match.start() - _NEGATION_REACH) : match.start()]
        if lexicon.unsure.search(before):
            continue
        meant = lexicon.negated.get(key) if lexicon.negator.search(before) else key
        if meant:
            yield meant, match.start()
