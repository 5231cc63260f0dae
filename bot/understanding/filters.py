"""Filters in words: "stage quote, amount over 50k, starred", 阶段 报价，金额5万以上，3天没跟进.

A keyword opens a filter; what stands between keywords and fits none is text to look for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from types import MappingProxyType

from bot.understanding.numbers import CHINESE, chinese
from bot.understanding.text import fold
from crm.rules.wanted import Name, Said, Sign

LONGEST = 400
_SCALES = {
    "k": 1000, "thousand": 1000, "m": 10**6, "million": 10**6, "w": 10**4, "千": 1000, "万": 10**4, "百万": 10**6,
    "千万": 10**7, "亿": 10**8,
}  # fmt: skip
_SCALE = "|".join(sorted(_SCALES, key=len, reverse=True))
_NUMBER = (
    rf"(?:[$¥€£]|rmb|usd|cny)?\s*(?P<number>[0-9][0-9,]*(?:\.[0-9]+)?|{CHINESE})"
    rf"(?:\s*(?P<scale>{_SCALE})(?![a-z]))?(?:\s*(?:元|块|分))?"
)
_SIGNS: tuple[tuple[Sign, str], ...] = (
    ("gte", r">=|at least|from|不低于|不少于|至少"), ("lte", r"<=|at most|up to|不超过|不高于|至多|最多"),
    ("gt", r">|over|above|more than|larger than|bigger than|超过|大于|高于|多于"),
    ("lt", r"<|under|below|less than|smaller than|小于|低于|少于|不到"),
)  # fmt: skip
_SIGN = "|".join(f"(?P<{sign}>{words})" for sign, words in _SIGNS)
_AMOUNT, _SCORE = r"(?:amount|value|deal|budget|金额|预算)", r"(?:score|points|评分|得分|分数)"
_DAYS = rf"(?P<days>{CHINESE}|a)\s*(?P<unit>days?|d|weeks?|w|months?|天|日|个?星期|周|个?月)"
_IDLE = r"(?:untouched|idle|not touched|no follow-?up|quiet|unanswered)"
_PAST = r"(?:之前|以前|前)(?:就)?(?:进来|进|来|新建|创建|录入|入库)?的?"
_NEW = r"(?!\s*(?:未|没|无|到期))(?:进来|进|新建|新增|新|创建|录入|入库)?的?"
# How long ago a lead came in.
_OLDER = (
    rf"(?:older|earlier) than {_DAYS}",
    rf"(?:(?:created|entered|came|came in) )?(?:over|more than) {_DAYS} (?:old|ago)",
    rf"(?:比|早于|超过|大于)\s*{_DAYS}\s*(?:更早|还早|更久|还久|更老|{_PAST})的?",
    rf"早于\s*{_DAYS}", rf"{_DAYS}\s*{_PAST}",
)  # fmt: skip
_NEWER = (
    rf"(?:newer|younger|later) than {_DAYS}",
    rf"(?:(?:created|entered|came|came in) )?(?:in|within|from|of) the (?:last|past) {_DAYS}",
    rf"(?:最近|近)\s*{_DAYS}\s*(?:以内|之内|内)?{_NEW}", rf"{_DAYS}\s*(?:以内|之内|内){_NEW}",
)  # fmt: skip
_LONGEST_AGO = 3650  # days
_LENGTHS = {"d": 1, "天": 1, "日": 1, "w": 7, "周": 7, "星": 7, "m": 30, "月": 30}
# Keywords that are followed by a value, up to the next keyword; in English they are words of their own.
_KEYS: dict[Name, tuple[str, str]] = {
    "stage": ("stage", "阶段"), "source": ("source", "来源"), "level": ("level|grade", "等级|级别"),
    "region": ("region|city", "地区|区域|城市"), "product": ("product", "产品"), "tags": ("tags?|tagged|label", "标签"),
}  # fmt: skip
_DUE = {
    "overdue": r"over\s?due|逾期|已?过期", "today": r"due today|(?:今天|今日)(?:到期|待办|要做的?|内?到期)",
    "week": r"due (?:this )?week|(?:本周|这周)(?:到期|待办|内?到期)",
}  # fmt: skip
_OR = re.compile(r"\s+or\s+|\s*[/|]\s*|\s*或者?\s*")
_NOT = re.compile(r"(?:not|is not|isn't|不是|非)\s*[:=]?\s*", re.IGNORECASE)
_IS = re.compile(r"(?:is|are|=|:|是|为)\s*", re.IGNORECASE)
_COMMA = re.compile(r"\s*(?:[;,\n]|(?<![A-Za-z])and(?![A-Za-z]))\s*", re.IGNORECASE)
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
_FIELD = re.compile(r"^(?:custom |own )?field\s+|^(?:自定义)?字段\s*", re.IGNORECASE)
_SIGNED = re.compile(rf"(?:(?:is|are|:|=)\s*)?(?:{_SIGN})\s*", re.IGNORECASE)
_NONE: Mapping[str, str] = MappingProxyType({})
Read = Callable[["re.Match[str]"], Said]


def read_filters(words: str, own: Mapping[str, str] = _NONE) -> list[Said]:
    """What a text asks for; words that are no filter become one of the name `text`.

    Args:
        own: what the company's own fields are called, folded, to their keys.
    """
    folded = _THOUSANDS.sub("", fold(words[:LONGEST]))
    said: list[Said] = []
    loose: list[str] = []
    for piece in _COMMA.split(folded):
        said += _own(piece.strip(), own) or _piece(piece.strip(), loose)
    text = " ".join(filter(None, loose)).strip(" .。")
    return [*said, *([Said("text", (text,))] if text else [])]


def _own(piece: str, own: Mapping[str, str]) -> list[Said]:
    """A filter by a field of the company's own, whose name the piece begins with: `field seats over 20`."""
    rest = _FIELD.sub("", piece)
    name = next((name for name in sorted(own, key=len, reverse=True) if _begins(rest, name)), None)
    if name is None:
        return []
    value = rest[len(name) :].strip()
    sign = _SIGNED.match(value)
    if sign:
        return [Said("own", (value[sign.end() :].strip(),), _sign(sign), own[name])]
    denied = _NOT.match(value)
    plain = value[denied.end() :] if denied else _IS.sub("", value, count=1) if _IS.match(value) else value
    values = tuple(filter(None, (one.strip(" '\"“”") for one in _OR.split(plain))))
    return [Said("own", values, "not" if denied else "is", own[name])]


def _begins(words: str, name: str) -> bool:
    after = words[len(name) : len(name) + 1]
    return words.lower().startswith(name) and not (name[-1].isascii() and after.isascii() and after.isalnum())


def _piece(piece: str, loose: list[str]) -> list[Said]:
    """The filters between two commas; `loose` takes the words that belong to none."""
    found, last = [], 0
    places = _places(piece)
    for number, (match, read) in enumerate(places):
        loose.append(piece[last : match.start()].strip())
        last = match.end()
        if read is not None:
            found.append(read(match))
            continue
        until = places[number + 1][0].start() if number + 1 < len(places) else len(piece)
        value = piece[last:until].strip()
        last = until
        if value:
            found.append(_valued(match, value))
        else:
            loose.append(match[0].strip())
    loose.append(piece[last:].strip())
    return found


def _places(piece: str) -> list[tuple[re.Match[str], Read | None]]:
    """Where keywords stand, in reading order; of two that overlap the one that begins first, the longer one."""
    every = [(match, read) for pattern, read in _rules() for match in pattern.finditer(piece)]
    kept: list[tuple[re.Match[str], Read | None]] = []
    for match, read in sorted(every, key=lambda each: (each[0].start(), -each[0].end())):
        if not kept or match.start() >= kept[-1][0].end():
            kept.append((match, read))
    return kept


def _valued(match: re.Match[str], value: str) -> Said:
    name = next(key for key in _KEYS if match[key])
    denied = _NOT.match(value)
    rest = value[denied.end() :] if denied else _IS.sub("", value, count=1) if _IS.match(value) else value
    return Said(name, tuple(filter(None, (one.strip(" '\"“”") for one in _OR.split(rest)))), "not" if denied else "is")


@cache
def _rules() -> tuple[tuple[re.Pattern[str], Read | None], ...]:
    """A keyword's pattern and how it is read; None where a value follows."""
    keys = "|".join(
        rf"(?P<{name}>(?:{english})(?=\s|[:=]|$)|{chinese_})" for name, (english, chinese_) in _KEYS.items()
    )
    return (
        *((_compiled(words), _due(state)) for state, words in _DUE.items()),
        (_compiled("(?:starred|stars?)(?![A-Za-z])|已?加?星标|加星"), lambda _match: Said("starred")),
        (_compiled(rf"{_IDLE}\s*(?:for|since)?\s*{_DAYS}"), _untouched),
        (_compiled(rf"(?:(?:超过|已)\s*)?{_DAYS}\s*(?:以上)?\s*(?:未|没有?|无)(?:跟进|联系|碰|动)过?"), _untouched),
        (_compiled(rf"(?:未|没有?|无)(?:跟进|联系)过?\s*(?:超过)?\s*{_DAYS}"), _untouched),
        *((_compiled(words), _age("gt")) for words in _OLDER),
        *((_compiled(words), _age("lt")) for words in _NEWER),
        (_compiled(rf"{_SCORE}\s*(?:(?:is|are|:|=)\s*)?(?:{_SIGN})\s*{_NUMBER}"), _figure("score")),
        (_compiled(rf"{_SCORE}\s*{_NUMBER}\s*(?P<gte_>及?以上|\+)"), _figure("score")),
        (_compiled(rf"{_SCORE}\s*{_NUMBER}\s*(?P<lte_>及?以下|以内)"), _figure("score")),
        (_compiled(rf"(?:{_AMOUNT}\s*)?(?:(?:is|are|:|=)\s*)?(?:{_SIGN})\s*{_NUMBER}"), _figure("amount")),
        (_compiled(rf"(?:{_AMOUNT}\s*)?{_NUMBER}\s*(?P<gte_>及?以上|\+)"), _figure("amount")),
        (_compiled(rf"(?:{_AMOUNT}\s*)?{_NUMBER}\s*(?P<lte_>及?以下|以内)"), _figure("amount")),
        (_compiled(keys), None),
    )  # fmt: skip


def _compiled(pattern: str) -> re.Pattern[str]:
    """A keyword begins where no word goes on."""
    return re.compile(rf"(?<![A-Za-z0-9])(?:{pattern})", re.IGNORECASE)


def _due(state: str) -> Read:
    return lambda _match: Said("due", (state,))


def _untouched(match: re.Match[str]) -> Said:
    return Said("untouched", (_days(match),), "gte")


def _age(sign: Sign) -> Read:
    return lambda match: Said("age", (_days(match),), sign)


def _days(match: re.Match[str]) -> int:
    unit = match["unit"].lower().lstrip("个")[0]
    many = 1 if match["days"].lower() == "a" else int(chinese(match["days"]))
    return min(max(many, 1) * _LENGTHS[unit], _LONGEST_AGO)


def _figure(name: Name) -> Read:
    return lambda match: Said(name, (_number(match),), _sign(match))


def _sign(match: re.Match[str]) -> Sign:
    given = match.groupdict()
    if given.get("gte_"):
        return "gte"
    if given.get("lte_"):
        return "lte"
    return next(sign for sign, _words in _SIGNS if given.get(sign))


def _number(match: re.Match[str]) -> int | Decimal:
    plain = match["number"].replace(",", "")
    value = (Decimal(plain) if plain[0].isascii() else Decimal(str(chinese(plain)))) * _SCALES.get(
        (match["scale"] or "").lower(), 1
    )
    return int(value) if value == int(value) else value
