"""Which outcome a follow-up had: the most specific one that was said and not denied."""

from collections.abc import Iterator

from bot.understanding.lexicon import Lexicon, Patterns, lexicons, matches
from bot.understanding.text import Span, before_in_clause

# Of these the last word counts: "not interested ... but send a quote", "wanted a quote, now they bought elsewhere".
_CONTRARY = ("meeting_set", "quote_requested", "not_interested")
_SAID, _PLANNED = "said", "planned"
_BY_WEIGHT = (
    (_SAID, "do_not_contact"), (_SAID, "wrong_number"), (_SAID, "meeting_set"), (_SAID, "quote_requested"),
    (_SAID, "not_interested"), (_SAID, "no_answer"), (_PLANNED, "meeting_set"), (_SAID, "interested"),
    (_SAID, "callback"), (_SAID, "connected"), (_PLANNED, "quote_requested"), (_PLANNED, "callback"),
)  # fmt: skip
_NEGATION_REACH = 24


def find_outcome(folded: str, plan: Span | None, *, vague: bool) -> str | None:
    """The outcome key of a folded sentence; `plan` is the clause of the next step, `vague` when its time is.

    A vague plan sets no meeting and promises no quote.
    """
    said = [key for _, key in sorted(_said(folded))]
    last_word = [key for key in said if key in _CONTRARY][-1:]
    if "not_interested" in said:
        said = [key for key in said if key not in _CONTRARY] + last_word
    planned = list(_planned(folded[plan[0] : plan[1]])) if plan else []
    found = {(_SAID, key) for key in said} | {(_PLANNED, key) for key in planned if key == "callback" or not vague}
    return next((key for evidence, key in _BY_WEIGHT if (evidence, key) in found), None)


def _said(text: str) -> Iterator[tuple[int, str]]:
    for lexicon in lexicons(text):
        yield from _meant(lexicon.outcomes, lexicon, text)


def _planned(clause: str) -> Iterator[str]:
    for lexicon in lexicons(clause):
        yield from (key for _, key in _meant(lexicon.planned, lexicon, clause))


def _meant(patterns: Patterns, lexicon: Lexicon, text: str) -> Iterator[tuple[int, str]]:
    """Places and keys; a denied one turns into its opposite or into nothing, an unsure one into nothing."""
    for key, match in matches(patterns, text):
        before = before_in_clause(text, match.start(), _NEGATION_REACH)
        meant = lexicon.negated.get(key) if lexicon.negator.search(before) else key
        if meant and not lexicon.unsure.search(before):
            yield match.start(), meant
