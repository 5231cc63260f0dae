"""What people say about a lead's fields: `budget 5k, region north`, 预算5万 地区华北: which field, and which value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from crm.errors_of_catalogue import FieldUnknown, FieldWrong, ValueMeant, ValueUnknown
from crm.rules import clean
from crm.rules.arrival import money
from crm.rules.catalogue import CHOICES, Catalogue, Entry, folded, told
from crm.rules.catalogue_values import EXAMPLES, NotThat, Value, read

# Fields that every lead has, and how people call them.
BUILT_IN: dict[str, tuple[str, ...]] = {
    "product": ("product", "产品", "意向产品"), "region": ("region", "city", "地区", "区域", "城市"),
    "level": ("level", "grade", "等级", "级别"), "channel": ("channel", "渠道"), "campaign": ("campaign", "活动"),
    "tags": ("tags", "tag", "label", "标签"), "amount": ("amount", "value", "deal value", "金额"),
    "name": ("name", "姓名", "名字"), "company": ("company", "firm", "公司", "单位"),
    "title": ("title", "job title", "position", "职位", "职务"),
}  # fmt: skip
_NOTHING = frozenset({"-", "none", "nothing", "empty", "clear", "无", "空", "清空", "没有"})
_IS = re.compile(r"^\s*(?:is\b|to\b|=|:|\uff1a|是|为|改为|改成)?\s*", re.IGNORECASE)
_NEXT = re.compile(r"^[\s,;\uff0c\uff1b、]+")
_BREAK = re.compile(r"[,;\uff0c\uff1b\n]")
_BLANK = re.compile(r"\s+")
_SEVERAL = re.compile(r"[/;,|、\uff0c\uff1b\n]+")
BUILT_IN_ZH = ("产品", "地区", "等级", "渠道", "活动", "标签", "金额", "姓名", "公司", "职位")
OF_PERSON = ("name", "company", "title")
LONGEST, SHOWN, LONGEST_NAME = 40, 20, 200


def pairs(catalogue: Catalogue, words: str) -> dict[str, str]:
    """Fields, by the lead's column or `custom.KEY`, with the words for their values.

    A field's name after a blank begins the next one too, `company Acme level A`, where that is not ambiguous.

    Raises: FieldUnknown where no field is named at the beginning, or after a comma that begins no value.
    """
    names = _names(catalogue)
    found: dict[str, str] = {}
    rest, last = words.strip(), ""
    while rest:
        name, after = _field_at(names, rest)
        part = _BREAK.split(after, maxsplit=1)[0]
        if name:
            part = part[: _next_field(catalogue, names, name, part)]
            found[name], last = part.strip(), name
        elif last:
            found[last] += f", {part.strip()}"
        else:
            raise unknown_field(catalogue, _BREAK.split(rest)[0])
        rest = _NEXT.sub("", after[len(part) :])
    return found


def _next_field(catalogue: Catalogue, names: Mapping[str, str], name: str, part: str) -> int:
    """Where in a field's words another field begins whose value follows; their end where none does.

    What is a value as a whole stays whole, and in a text of the company's own a field counts with a known value only.
    """
    if catalogue.find(name, part.strip()):
        return len(part)
    for at in (found.end() for found in _BLANK.finditer(part)):
        other, after = _field_at(names, part[at:])
        if other and other != name and part[:at].strip() and after.strip() and _follows(catalogue, name, other, after):
            return at
    return len(part)


def _follows(catalogue: Catalogue, name: str, other: str, after: str) -> bool:
    if not name.startswith(CHOICES):
        return True
    heads = (after[:size].strip() for size in range(len(after), 0, -1) if _ends_word(after, size))
    return any(catalogue.find(other, head) for head in heads)


def value(catalogue: Catalogue, name: str, words: str) -> Value | None:
    """What the words mean for a field of `pairs`; None empties it. Raises FieldWrong, ValueMeant, ValueUnknown."""
    given = words.strip()
    if not given or folded(given) in _NOTHING:
        return [] if name == "tags" else "" if name in OF_PERSON else None
    if name.startswith(CHOICES):
        return _own(catalogue, name, given)
    if name in OF_PERSON:
        return clean.line(given, LONGEST_NAME)
    if name == "amount":
        amount = money(given)
        if amount is None:
            raise FieldWrong(field=name, given=given, example=EXAMPLES["amount"])
        return str(amount)
    if name == "tags":
        return [known(catalogue, name, part.strip()) for part in _SEVERAL.split(given) if part.strip()]
    return known(catalogue, name, given)


def known(catalogue: Catalogue, name: str, given: str) -> str:
    """The value of a list that the words mean; the words where anything goes. Raises ValueMeant, ValueUnknown."""
    if not catalogue.is_managed(name):
        return given[:20].upper() if name == "level" else given
    entry = catalogue.find(name, given)
    if entry is None or entry.retired:
        raise unknown_value(catalogue, name, given)
    return entry.key


def leading(catalogue: Catalogue, name: str, words: str) -> Entry | None:
    """The value with which a sentence begins, the longest that fits: `price, they wanted half` is about the price."""
    heads = (words[:size] for size in range(min(len(words), LONGEST), 0, -1) if _ends_word(words, size))
    found = (catalogue.find(name, head.strip(" ,;:.\uff0c\u3002\uff1b\uff1a")) for head in heads)
    return next((entry for entry in found if entry is not None and not entry.retired), None)


def mentioned(catalogue: Catalogue, words: str) -> dict[str, str]:
    """The product and the region that a sentence names, where it names one and no other."""
    plain = f" {folded(words)} "
    found = {name: _named(catalogue.offered(name), plain) for name in ("product", "region")}
    return {name: keys.pop() for name, keys in found.items() if len(keys) == 1}


def _named(entries: Sequence[Entry], plain: str) -> set[str]:
    every = {word: entry.key for entry in entries for word in entry.words if len(word) > 1 and _stands(plain, word)}
    # Of `Gizmo` and `Gizmo Pro` the longer one is meant.
    return {key for word, key in every.items() if not any(word != other and word in other for other in every)}


def _stands(plain: str, word: str) -> bool:
    at = plain.find(word)
    return at > 0 and _ends_word(plain, at) and _ends_word(plain, at + len(word))


def unknown_value(catalogue: Catalogue, name: str, given: str) -> ValueMeant | ValueUnknown:
    """The refusal of a value that is on no list, with those that are."""
    data = {"given": given[:80], **told(name)} | _called("names", catalogue.offered(name)[:SHOWN])
    near = catalogue.near(name, given)
    return ValueMeant(**data | _called("meant", near)) if near else ValueUnknown(**data)


def unknown_field(catalogue: Catalogue, given: str) -> FieldUnknown:
    """The refusal of a field that there is not, with those that there are."""
    own = catalogue.open_fields
    names = ", ".join((*BUILT_IN, *(one.called("en") for one in own)))
    names_zh = "、".join((*BUILT_IN_ZH, *(one.called("zh") for one in own)))
    return FieldUnknown(given=given.strip()[:80], names=names, names_zh=names_zh)


def _called(key: str, every: Sequence[Entry]) -> dict[str, str]:
    """What these are called, for a refusal in either language."""
    return {
        key: ", ".join(one.called("en") for one in every),
        f"{key}_zh": "、".join(one.called("zh") for one in every),
    }


def _own(catalogue: Catalogue, name: str, given: str) -> Value | None:
    field = catalogue.field(name)
    if field is None:
        raise unknown_field(catalogue, name)
    try:
        return read(catalogue, field, given)
    except NotThat as wrong:
        if wrong.choice:
            raise unknown_value(catalogue, field.list, wrong.given) from None
        raise FieldWrong(
            field=field.called("en"), field_zh=field.called("zh"), given=given[:80], example=EXAMPLES[field.kind]
        ) from None


def _names(catalogue: Catalogue) -> Mapping[str, str]:
    """Every word for a field, folded; the company's own fields win."""
    built_in = {folded(word): name for name, words in BUILT_IN.items() for word in words}
    return built_in | {word: CHOICES + one.key for one in catalogue.open_fields for word in one.words}


def _field_at(names: Mapping[str, str], words: str) -> tuple[str, str]:
    """The field that stands first, by its longest name, and what follows it; no name where there is none."""
    for size in range(min(len(words), LONGEST), 0, -1):
        name = names.get(folded(words[:size])) if _ends_word(words, size) and not words[size - 1].isspace() else None
        if name:
            return name, words[size:][_end(_IS, words[size:]) :]
    return "", words


def _end(pattern: re.Pattern[str], words: str) -> int:
    found = pattern.match(words)
    return found.end() if found else 0


def _ends_word(words: str, size: int) -> bool:
    """Whether no Latin word goes on there."""
    here, after = words[size - 1 : size], words[size : size + 1]
    return not (here.isascii() and here.isalnum() and after.isascii() and after.isalnum())
