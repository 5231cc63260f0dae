"""Whom a line is about when it begins with no reference: "it", a name that may be unknown, or nobody at all."""

import re
from dataclasses import dataclass
from functools import cache

from bot.understanding.contact_words import contact_words
from bot.understanding.lexicon import Lexicon, lexicons, one_of, read_words
from bot.understanding.text import fold, has_chinese

MOST_WORDS, LONGEST = 4, 40
_END = re.compile(r"[\s,.:;!?]|\Z")
_AFTER = re.compile(r"\A[\s,.:;!?]+")
_WORD = re.compile(r"[^\s,:;!?]+")
_PLAIN_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|['’.&-])*")
_CUSTOMER = re.compile(r"客户|老板|对方|我们|今天|昨天|明天|后天")


@dataclass(frozen=True, slots=True)
class _Words:
    it: re.Pattern[str]
    openers: frozenset[str]


@cache
def _words() -> _Words:
    raw = read_words("about.yaml")
    it = rf"\s*(?:(?:{one_of(raw['it_english'])})(?![a-z])|(?:{one_of(raw['it_chinese'])}))"
    return _Words(re.compile(it, re.I), frozenset(f"{raw['openers']} {raw['words_of_their_own']}".split()))


def after_it(words: str) -> str | None:
    """What follows the words that mean the lead dealt with last ("it", "the last one", 刚才那个); None without any."""
    folded = fold(words)
    found = _words().it.match(folded)
    if not found:
        return None
    separator = _AFTER.match(folded[found.end() :])
    return words[found.end() + (separator.end() if separator else 0) :].strip()


def name_before(words: str) -> str | None:
    """The name with which a line seems to begin, as typed; None for a sentence without one.

    It only has to tell "Zzz called" from "called, no answer": nobody knows every name, so what begins with a word that
    sentences begin with is none.
    """
    folded = fold(words.strip())
    end = _chinese_end(folded) if has_chinese(folded[:1]) else _latin_end(folded)
    return words.strip()[:end] if end else None


def bare_name(words: str) -> str | None:
    """The whole of it where it can only be a name, in small letters too, as `meilin`; a search takes what it gets."""
    plain = words.strip(" \n?!.,\uff1f\uff01\u3002\uff0c")
    parts = plain.split()
    is_name = 1 <= len(parts) <= MOST_WORDS and len(plain) <= LONGEST and all(map(_PLAIN_NAME.fullmatch, parts))
    return plain if is_name else None


def full_name(words: str) -> bool:
    """Whether it is written like somebody's name: 王芳, 欧阳娜娜, Ann Li."""
    plain = bare_name(words) or ""
    parts = plain.split()
    chinese = contact_words().chinese_name.fullmatch(plain) and not tells(plain)
    latin = 2 <= len(parts) <= 3 and all(part[0].isupper() for part in parts) and not begins_sentence(plain)
    return bool(chinese or (latin and not has_chinese(plain)))


def called(words: str) -> str | None:
    """The name with which a line begins, or that it is."""
    return name_before(words) or bare_name(words)


def begins_sentence(words: str) -> bool:
    """Whether the first word is one with which sentences begin, and names hardly ever."""
    first = _WORD.match(fold(words.strip()))
    return first is not None and first[0].rstrip(".").lower() in _words().openers


def name_ends(words: str) -> list[int]:
    """Where a Chinese name ends that is not set apart from what follows it, as in 王芳打了电话; nowhere else."""
    known, folded = contact_words(), fold(words)
    heads = [folded[:end] for end in (2, 3, 4)] if has_chinese(folded[:1]) else []
    return [len(head) for head in heads if known.chinese_name.fullmatch(head) and not tells(head)]


def tells(head: str) -> bool:
    """Whether the first words say something of a follow-up, as 没接 does, so that they are no name."""
    return bool(_CUSTOMER.search(head)) or any(_says(lexicon, head) for lexicon in lexicons(head))


def _chinese_end(folded: str) -> int:
    """A short word of its own that could be a person or a company and says nothing of a follow-up."""
    found = _END.search(folded)
    head = folded[: found.start()] if found else folded
    known = contact_words()
    fits = known.chinese_name.fullmatch(head) or (len(head) <= 20 and known.company.fullmatch(head))
    return len(head) if fits and not tells(head) else 0


def _says(lexicon: Lexicon, head: str) -> bool:
    tables = (lexicon.outcomes, lexicon.channels, lexicon.channel_hints, lexicon.stages)
    return any(pattern.search(head) for table in tables for pattern in table.values())


def _latin_end(folded: str) -> int:
    """Words up to the first that a sentence could begin with; a name in small letters needs such a word after it."""
    end, openers = 0, _words().openers
    for found in list(_WORD.finditer(folded))[: MOST_WORDS + 1]:
        word = found[0].rstrip(".")
        if end and folded[end : found.start()].strip():
            return end
        if word.lower() in openers:
            return end
        if not _PLAIN_NAME.fullmatch(word):
            break
        end = found.end()
    first = folded[:1]
    return end if first.isupper() else 0
