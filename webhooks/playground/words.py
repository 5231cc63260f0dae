"""The words that Sluice understands, as hints for the message box."""

from __future__ import annotations

import re
from typing import Any

from bot import router
from bot.cards.language import supported, translate

_CHINESE = re.compile(r"[\u3400-\u9fff]")


def hints(lang: str) -> list[dict[str, Any]]:
    """Each command once in that language: its word, an example, what it is for, and whose it is."""
    locale = supported(lang) or "en"
    return [_hint(command, locale) for command in router.commands()]


def _hint(command: router.Command, locale: str) -> dict[str, Any]:
    example = command.example_zh if locale == "zh" else command.example
    return {
        "text": _word(command.words, locale),
        "example": example,
        "why": translate(locale, command.help),
        "roles": command.roles,
    }


def _word(words: tuple[str, ...], locale: str) -> str:
    fitting = (word for word in words if bool(_CHINESE.search(word)) == (locale == "zh"))
    return next(fitting, words[0])
