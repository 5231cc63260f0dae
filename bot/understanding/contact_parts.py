"""Tells the parts of a contact apart by label or by shape: company, title, name, and the rest."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.understanding.contact_words import contact_words
from bot.understanding.text import has_chinese

_LABELLED = re.compile(r"(?P<label>[^:=]{1,20}?)\s*[:=]\s*(?P<value>.*)", re.S)
_WORD = r"[^\W\d_](?:[^\W\d_]|['’.-](?=[^\W\d_]))*\.?"
_LATIN_NAME = re.compile(rf"(?:(?:mr|mrs|ms|miss|dr|prof)\.?\s+)?{_WORD}(?:\s+{_WORD}){{0,3}}", re.I)
_BRACKETS = re.compile(r"[()\[\]<>]")
_NAME_BEFORE_COMPANY = re.compile(r"(?P<name>[A-Z][a-z'-]+\s+[A-Z][a-z'-]+)\s+(?P<company>[A-Z].*\s.*)")


@dataclass(slots=True)
class Parts:
    """What has been told apart so far; `listed` when the text was a list, where a bare second word is the company."""

    listed: bool
    name: str | None = None
    company: str | None = None
    title: str | None = None
    rest: list[str] = field(default_factory=list)

    def put(self, part: str, value: str) -> None:
        """Sets a part once; a second value goes to the rest."""
        if part in ("name", "company", "title") and getattr(self, part) is None:
            setattr(self, part, value)
        else:
            self.rest.append(value)

    def settle(self) -> None:
        """Gives a missing name or company to the first leftover that could be one."""
        self.name = self.name or self._take(_could_be_name) or self._name_before_company()
        if self.listed and self.name and not self.company:
            self.company = self._take(_could_be_company)

    def _take(self, fits: Callable[[str], bool]) -> str | None:
        found = next((value for value in self.rest if fits(value)), None)
        if found:
            self.rest.remove(found)
        return found

    def _name_before_company(self) -> str | None:
        """Of "Ann Li Acme Trading Ltd", without a comma, the first two words are the person's."""
        both = _NAME_BEFORE_COMPANY.fullmatch(self.company or "")
        if both:
            self.company = both["company"]
        return both["name"] if both else None


def sort_segment(segment: str, parts: Parts) -> None:
    """Puts one segment where its label or its shape says."""
    words = contact_words()
    labelled = _LABELLED.fullmatch(segment)
    label = words.label_of(labelled["label"]) if labelled else None
    if labelled and label:
        _put_labelled(label, labelled["value"].strip(), segment, parts)
    elif not words.label_of(segment):
        _put_by_shape(segment, parts)


def _put_labelled(label: str, value: str, segment: str, parts: Parts) -> None:
    if value:
        parts.put(label, value if label in ("name", "company", "title") else segment)


def _put_by_shape(segment: str, parts: Parts) -> None:
    words = contact_words()
    chinese = words.chinese_name.fullmatch(segment)
    if words.company.fullmatch(segment):
        parts.put("company", segment)
    elif words.title.fullmatch(segment):
        parts.put("title", segment)
    elif chinese and parts.name is None:
        _put_chinese(segment, chinese, parts)
    elif len(pieces := [piece for piece in _BRACKETS.split(segment) if piece.strip()]) > 1:
        for piece in pieces:
            sort_segment(piece.strip(), parts)
    else:
        parts.put("rest", segment)


def _put_chinese(segment: str, match: re.Match[str], parts: Parts) -> None:
    """王总 is all the name we have; 王小明经理 is a name and a title."""
    titled = match["name"] and len(match["name"]) > 1 and match["title"]
    parts.put("name", match["name"] if titled else segment)
    if titled and contact_words().title.fullmatch(match["title"]):
        parts.put("title", match["title"])


def _could_be_name(value: str) -> bool:
    if has_chinese(value):
        return 2 <= len(value) <= 4 and not contact_words().address.fullmatch(value)
    return bool(_LATIN_NAME.fullmatch(value)) and len(value) <= 40


def _could_be_company(value: str) -> bool:
    words = contact_words()
    told_apart = words.address.fullmatch(value) or words.remark.search(value)
    return 1 < len(value) <= 40 and not any(char.isdigit() for char in value) and not told_apart
