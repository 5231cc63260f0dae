"""Finds a contact in whatever is pasted: a business card, a signature, or "新建 张三 13800138000 上海某某科技有限公司".

Keys are taken out first (e-mails, WeChat id, phones), then labelled parts, then what is left is told apart by its
shape: company, title, name. Whatever remains stays in `rest`, so that nothing typed is lost.
"""

import re
from dataclasses import dataclass, replace

from bot.understanding.contact_keys import Keys, take_keys
from bot.understanding.contact_parts import Parts, sort_segment
from bot.understanding.text import fold, has_chinese
from crm.rules.keys import DEFAULT_REGION

LONGEST = 4000
_NEW = (
    r"(?:new|add)(?:\s+(?:lead|customer|contact|client))?(?=[\s:,])|新建(?:线索|客户)?|新增(?:客户)?|录入|添加(?:客户)?"
)
_COMMAND = re.compile(rf"\A\s*(?:{_NEW})\s*[:,]?", re.I)
# The comma of "Acme Co., Ltd." cuts nothing.
_CUTS = re.compile(
    r",(?!\s*(?:ltd|limited|inc|llc|corp|gmbh|s\.a)\b)|[;|\n\t\x00]|\s{2,}|\s/\s|(?<=[一-鿿])/(?=[一-鿿])", re.I
)
_SPACE_AFTER_CHINESE = re.compile(r"(?<=[一-鿿)])\s+|\s+(?=[一-鿿])")
_LOOKS_LIKE_PHONE = re.compile(r"(?<![0-9A-Za-z])\+?[0-9][0-9 ()-]{6,16}[0-9](?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True)
class Contact:
    """A person to be: phones as E.164, e-mails in lower case, `rest` what was not understood.

    error: None, `nothing_usable`, `bad_phone`, `bad_email` (no key could be read, but one was meant) or `too_many`.
    """

    name: str | None = None
    company: str | None = None
    title: str | None = None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    wechat_id: str | None = None
    rest: str = ""
    error: str | None = None

    @property
    def has_key(self) -> bool:
        """Whether anything identifies the person."""
        return bool(self.phones or self.emails or self.wechat_id)


def find_contact(text: str, *, region: str = DEFAULT_REGION) -> Contact:
    """The contact in a text of any shape; `region` is the country of phones without a country code. Never raises."""
    keys, left = take_keys(_COMMAND.sub("", fold(text[:LONGEST])), region)
    segments = [segment for segment in _segments(left) if segment]
    parts = Parts(listed="," in left or "\t" in left)
    for segment in segments:
        sort_segment(segment, parts)
    parts.settle()
    return build(keys, name=parts.name, company=parts.company, title=parts.title, rest=" ".join(parts.rest))


def build(keys: Keys, *, name: str | None, company: str | None, title: str | None, rest: str) -> Contact:
    """A contact of its parts, with the error that its reader should see."""
    contact = Contact(name, company, title, keys.phones, keys.emails, keys.wechat_id, rest)
    return replace(contact, error=_error(contact))


def _error(contact: Contact) -> str | None:
    if contact.has_key:
        return None
    if _LOOKS_LIKE_PHONE.search(contact.rest):
        return "bad_phone"
    if "@" in contact.rest:
        return "bad_email"
    return None if contact.name or contact.company else "nothing_usable"


def _segments(text: str) -> list[str]:
    """The parts of a text: cut at punctuation and lines, Chinese also at single spaces."""
    return [word.strip() for part in _CUTS.split(text) for word in _words(part.strip())]


def _words(part: str) -> list[str]:
    return _SPACE_AFTER_CHINESE.split(part) if has_chinese(part) else [part]
