"""Words of time without a number: "later", "the other day", 改天, 刚才; read from `words/times.yaml`."""

from bot.understanding.lexicon import one_of, read_words
from bot.understanding.times.rules import Build, Rule, chinese, english
from bot.understanding.times.steps import past, vague


def ask(days: float) -> Build:
    """A vague phrase, with a proposal so many days ahead."""
    return lambda match, here: vague(match.span(), here, days)


def look_back(days: int) -> Build:
    """A phrase about the past, so many days ago."""
    return lambda match, here: past(match.span(), here, days)


_MEANING = {"ask in days": ask(3), "ask in hours": ask(0.125), "ask now": ask(0.05)}
_LOOKS_BACK = {"looks back days": look_back(2), "looks back now": look_back(0)}
_FRAMES = {"english": english, "chinese": chinese}


def asking(language: str) -> tuple[Rule, ...]:
    """The vague words of a language. Read them last: "later this week" and 春节后 are more than "later" and 节后."""
    return _rules(language, _MEANING)


def looking_back(language: str) -> tuple[Rule, ...]:
    """The words of a language that can only look back."""
    return _rules(language, _LOOKS_BACK)


def _rules(language: str, meaning: dict[str, Build]) -> tuple[Rule, ...]:
    words = read_words("times.yaml")[language]
    return tuple(_FRAMES[language](one_of(words[kind]), build) for kind, build in meaning.items())
