"""Loads the vocabularies of `words/*.yaml` into compiled patterns, one lexicon per language."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from bot.understanding.text import has_chinese

Patterns = Mapping[str, re.Pattern[str]]
_LATIN = re.compile("[A-Za-z]")
_LIST_NAME = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of one language. `planned` outcomes and `channel_hints` are the weaker evidence."""

    outcomes: Patterns
    planned: Patterns
    negated: Mapping[str, str]
    negator: re.Pattern[str]
    unsure: re.Pattern[str]
    channels: Patterns
    channel_hints: Patterns
    stages: Patterns
    next: re.Pattern[str]
    past: re.Pattern[str]
    state: re.Pattern[str]
    today: re.Pattern[str]


def lexicons(text: str) -> tuple[Lexicon, ...]:
    """Those of the scripts in a text: English, Chinese or both, since people mix them."""
    english, chinese = _both()
    return ((english,) if _LATIN.search(text) else ()) + ((chinese,) if has_chinese(text) else ())


@cache
def _both() -> tuple[Lexicon, Lexicon]:
    return _load("english.yaml", r"(?<![A-Za-z])(?:{})(?![A-Za-z])"), _load("chinese.yaml", "(?:{})")


def read_words(name: str) -> dict[str, Any]:
    """One file of `words/` as plain data."""
    loaded: dict[str, Any] = yaml.safe_load(files("bot.understanding.words").joinpath(name).read_text("utf-8"))
    return loaded


def one_of(lines: str) -> str:
    """One pattern that matches what any of the lines matches."""
    return "|".join(line.strip() for line in lines.strip("\n").split("\n"))


def _load(name: str, frame: str) -> Lexicon:
    raw = read_words(name)
    lists = {key: one_of(value) for key, value in raw.pop("lists").items()}
    negated = raw.pop("negated")
    return Lexicon(negated=negated, **{key: _compiled(value, lists, frame) for key, value in raw.items()})


def _compiled(value: str | dict[str, str], lists: Mapping[str, str], frame: str) -> Any:
    if isinstance(value, dict):
        return {key: _compiled(lines, lists, frame) for key, lines in value.items()}
    filled = _LIST_NAME.sub(lambda name: f"(?:{lists[name[1]]})", value)
    return re.compile(frame.format(one_of(filled)), re.I)


def matches(patterns: Patterns, text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Every match of every key."""
    for key, pattern in patterns.items():
        for match in pattern.finditer(text):
            yield key, match
