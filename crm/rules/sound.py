"""How names sound: 王芳, 王方 and Wang Fang are `wf wangfang`, initials first, so that an index finds by either."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PINYIN_DICT

_CJK = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile(r"[a-z][a-z'. -]*")
_SPACE = re.compile(r"[^a-z]+")
LONGEST, SHORTEST_TYPED, LONGEST_INITIALS = 6, 2, 4
# Surnames that are read unlike the word of that character.
_SURNAMES = {
    "曾": "zeng", "单": "shan", "解": "xie", "仇": "qiu", "区": "ou", "查": "zha", "盖": "ge", "朴": "piao",
    "乐": "yue", "任": "ren", "华": "hua", "覃": "qin", "召": "shao", "洗": "xian", "冼": "xian", "缪": "miao",
    "宓": "mi", "翟": "zhai", "万": "wan", "员": "yun", "折": "she", "秘": "bi", "种": "chong",
}  # fmt: skip
_SPELLED = {"lyu": "lv", "nyu": "nv", "lue": "lve", "nue": "nve"}


@lru_cache(maxsize=16_384)
def of_name(name: str) -> str:
    """The sound of a Chinese name; empty for any other."""
    return _joined(_syllables(name))


def of_spelled(name: str) -> list[str]:
    """The sounds that a name in Latin letters may stand for, surname first or last; none where it is no pinyin."""
    words = [_parted(word) for word in _SPACE.split(_folded(name)) if word]
    if not 2 <= len(words) <= 3 or not all(words):
        return []
    turned = [*words[-1:], *words[:-1]]
    return list(dict.fromkeys(_joined([part for word in order for part in word[0]]) for order in (words, turned)))


def spelled(name: str) -> list[str]:
    """How a Chinese name may be written in Latin letters, surname first and last."""
    parts = _syllables(name)
    if len(parts) < 2:
        return []
    given = "".join(parts[1:])
    return [f"{parts[0]} {given}", f"{given} {parts[0]}"]


def typed(words: str) -> list[str]:
    """Beginnings of sounds that somebody means who types `wf` or `wangfang`; none where it cannot be a name."""
    plain = _folded(words)
    if not _LATIN.fullmatch(plain):
        return []
    parts = [part for part in _SPACE.split(plain) if part]
    whole = "".join(parts)
    initials = [f"{whole} "] if SHORTEST_TYPED <= len(whole) <= LONGEST_INITIALS and len(parts) == 1 else []
    ways = [way for way in _parted(whole) if len(way) > 1]
    return list(dict.fromkeys([*initials, *(_joined(way) for way in ways)]))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().lower()[:40]


def _joined(parts: list[str]) -> str:
    return f"{''.join(part[0] for part in parts)} {''.join(parts)}" if parts else ""


def _syllables(name: str) -> list[str]:
    chars = _CJK.findall(name)[:LONGEST]
    if not chars:
        return []
    return [_SURNAMES.get(chars[0]) or _read(chars[0]), *map(_read, chars[1:])]


@lru_cache(maxsize=16_384)
def _read(char: str) -> str:
    """The usual reading of one character; read one by one, so that the same character always sounds the same."""
    return str(lazy_pinyin(char, style=Style.NORMAL)[0])


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    """Every syllable there is, without its tone."""
    readings = {reading.split(",")[0] for reading in PINYIN_DICT.values()}
    plain = {unicodedata.normalize("NFD", reading).replace("u\u0308", "v") for reading in readings}
    letters = {"".join(char for char in reading if char.isascii()) for reading in plain}
    return frozenset(reading for reading in letters if any(vowel in reading for vowel in "aeiouv"))


@lru_cache(maxsize=4_096)
def _parted(word: str) -> list[list[str]]:
    """Every way to read a word as up to four syllables, the fewest first."""
    return sorted(_ways(word, 4), key=len)


def _ways(word: str, most: int) -> Iterator[list[str]]:
    if not word:
        yield []
        return
    for size in range(1, min(6, len(word)) + 1) if most else ():
        syllable = _SPELLED.get(word[:size], word[:size])
        if syllable in _known():
            yield from ([syllable, *rest] for rest in _ways(word[size:], most - 1))
