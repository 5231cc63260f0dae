"""The managed lists as they stand: which words mean which value, and what a company's own fields take. Pure.

A list without entries is open: any words will do, as they are written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from rapidfuzz import fuzz, process

# As people name a list, and the field of a lead that carries its values.
LISTS: dict[str, str] = {
    "products": "product", "regions": "region", "levels": "level", "channels": "channel", "campaigns": "campaign",
    "tags": "tags", "lost_reasons": "lost_reason", "stages": "stage", "sources": "source",
}  # fmt: skip
IN_CHINESE = {
    "product": "产品", "region": "地区", "level": "等级", "channel": "渠道", "campaign": "活动", "tags": "标签",
    "lost_reason": "输单原因", "stage": "阶段", "source": "来源",
}  # fmt: skip
KINDS = ("text", "number", "amount", "date", "choice", "choices", "yes_no")
CHOICES = "custom."
_CLOSE_ENOUGH = 62
_BLANKS = re.compile(r"[\s_\-]+")


def folded(words: str) -> str:
    """As words compare: case, width, blanks, `_` and `-` do not matter."""
    return _BLANKS.sub(" ", unicodedata.normalize("NFKC", words).casefold()).strip()


def said(name: str) -> str:
    """A list as commands name it; of a field's choices the field's key."""
    if name.startswith(CHOICES):
        return name.removeprefix(CHOICES)
    return next(known for known, list_ in LISTS.items() if list_ == name)


def told(name: str) -> dict[str, str]:
    """A list as a refusal names it, in both languages."""
    return {"list": said(name), "list_zh": IN_CHINESE.get(name, said(name))}


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a list; leads carry its `key`. `funnel` is of stages only; `owner_id` looks after it."""

    id: int
    list: str
    key: str
    name: str
    name_zh: str
    aliases: tuple[str, ...] = ()
    position: int = 0
    standard: bool = False
    retired: bool = False
    funnel: str | None = None
    owner_id: int | None = None

    @property
    def words(self) -> set[str]:
        """All that means this value, folded."""
        return {folded(each) for each in (self.key, self.name, self.name_zh, *self.aliases)} - {""}

    def called(self, locale: str) -> str:
        """Its name in that language."""
        return (self.name_zh if locale == "zh" else self.name) or self.name or self.key


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the company's own; its values stand in a lead's `custom` under `key`."""

    id: int
    key: str
    name: str
    name_zh: str
    kind: str
    aliases: tuple[str, ...] = ()
    required_stage: str | None = None
    sensitive: bool = False
    shown: bool = True
    position: int = 0
    retired: bool = False

    @property
    def list(self) -> str:
        """Under which its choices are kept."""
        return CHOICES + self.key

    @property
    def words(self) -> set[str]:
        """All that means this field, folded."""
        return {folded(each) for each in (self.key, self.name, self.name_zh, *self.aliases)} - {""}

    def called(self, locale: str) -> str:
        """Its name in that language."""
        return (self.name_zh if locale == "zh" else self.name) or self.name or self.key


@dataclass(frozen=True)
class Catalogue:
    """All lists and fields of a company, retired ones included, each in its order."""

    lists: Mapping[str, Sequence[Entry]] = field(default_factory=dict)
    fields: Sequence[Field] = ()

    @cached_property
    def is_plain(self) -> bool:
        """Whether nobody has set up any list or field: everything is taken as it is written."""
        return not self.fields and not set(self.lists) - {"stage", "source"}

    def is_managed(self, name: str) -> bool:
        """Whether only the values of the list are known; stages and sources always are."""
        return bool(self.lists.get(name))

    def offered(self, name: str) -> list[Entry]:
        """What may be chosen from now on."""
        return [entry for entry in self.lists.get(name, ()) if not entry.retired]

    def find(self, name: str, words: str) -> Entry | None:
        """The value that the words mean, a retired one too."""
        return self._by_word.get(name, {}).get(folded(words))

    def keyed(self, name: str, key: str) -> Entry | None:
        """The value that leads carry under this key."""
        return next((entry for entry in self.lists.get(name, ()) if entry.key == key), None)

    def standard(self, name: str) -> Entry | None:
        """What a lead gets that names none."""
        return next((entry for entry in self.offered(name) if entry.standard), None)

    def called(self, name: str, key: str | None, locale: str) -> str:
        """What a lead's value is called; one that is on no list as it stands."""
        entry = self.keyed(name, key) if key else None
        return entry.called(locale) if entry else key or ""

    def near(self, name: str, words: str, most: int = 3) -> list[Entry]:
        """The values that may have been meant, the likeliest first."""
        known = {word: entry for entry in self.offered(name) for word in entry.words}
        return _near(known, words, most)

    @property
    def open_fields(self) -> list[Field]:
        """The fields that are filled in from now on."""
        return [one for one in self.fields if not one.retired]

    def field(self, words: str) -> Field | None:
        """The field that the words name, with or without `custom.`, a retired one too."""
        return self._field_by_word.get(folded(words.removeprefix(CHOICES)))

    def fields_near(self, words: str, most: int = 3) -> list[Field]:
        """The fields that may have been meant, the likeliest first."""
        known = {word: one for one in self.open_fields for word in one.words}
        return _near(known, words, most)

    @cached_property
    def _by_word(self) -> dict[str, dict[str, Entry]]:
        return {name: _indexed(entries) for name, entries in self.lists.items()}

    @cached_property
    def _field_by_word(self) -> dict[str, Field]:
        return _indexed(self.fields)


One = TypeVar("One", Entry, Field)


def _indexed(every: Iterable[One]) -> dict[str, One]:
    """By each of their words; a key counts before a name, the earlier before the later, who is in use before all."""
    found: dict[str, One] = {}
    given = list(every)
    for some in ([one for one in given if not one.retired], [one for one in given if one.retired]):
        for one in some:
            found.setdefault(folded(one.key), one)
        for one in some:
            for word in one.words:
                found.setdefault(word, one)
    return found


def _near(known: Mapping[str, One], words: str, most: int) -> list[One]:
    found = process.extract(folded(words), list(known), scorer=fuzz.WRatio, limit=most * 3, score_cutoff=_CLOSE_ENOUGH)
    return list({known[word].key: known[word] for word, _score, _at in found}.values())[:most]
