"""Languages: English is what the code says, every other language is a catalogue beside it."""

from __future__ import annotations

import io
from functools import cache, lru_cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LOCALES = ("en", "zh")
FOLDER = Path(__file__).parent / "locale"


def supported(tag: str | None) -> str | None:
    """`zh-CN`, `zh_Hans` and the like become `zh`; None for a language that there is no catalogue for."""
    short = (tag or "").replace("_", "-").split("-")[0].lower()
    return short if short in LOCALES else None


@cache
def translations(locale: str) -> NullTranslations:
    """The catalogue of a language, compiled in memory."""
    if locale == "en":
        return NullTranslations()
    compiled = io.BytesIO()
    with (FOLDER / locale / "LC_MESSAGES" / "messages.po").open("rb") as po:
        write_mo(compiled, read_po(po, locale=locale))
    compiled.seek(0)
    return Translations(compiled)


@lru_cache(maxsize=4096)
def translate(locale: str, text: str) -> str:
    """One text in that language; itself where there is no translation."""
    return translations(locale).gettext(text)


def _(text: str) -> str:
    """Mark a text for translation without translating it."""
    return text
