"""How much two people look like one, with the reasons. Pure; the facts come from the database (`services/duplicates`).

Points add up to 100 at most. Two names that differ outweigh everything else: colleagues share a company, a domain and
most digits of a phone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from crm.rules import dedupe_words as words
from crm.rules import sound

MOST, TAIL = 100, 7
_NAME_ALIKE, _NAME_ALIKE_ZH, _COMPANY_ALIKE = 87, 66, 86
_SHORTEST_PART = {True: 2, False: 4}  # of a company's name that may stand for the whole: in Chinese, else
POINTS = {
    "same_name": 50, "similar_name": 35, "surname": 20, "same_company": 40, "similar_company": 30, "same_domain": 30,
    "phone_typo": 45, "same_mailbox": 25, "same_sound": 40, "phone_tail": 25,
    "phone_near": 35,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a person. Args: keys: of every kind, in their one spelling."""

    name: str
    company: str = ""
    keys: tuple[tuple[str, str], ...] = ()
    id: int = 0
    _made: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def values(self, kind: str) -> list[str]:
        return [value for name, value in self.keys if name == kind]

    @property
    def plain_name(self) -> str:
        return self._made.setdefault("name", words.person(self.name))

    @property
    def core(self) -> str:
        return self._made.setdefault("company", words.company(self.company) if self.company else "")


@dataclass(frozen=True, slots=True)
class Alike:
    """Points of 100, and `(code, points)` of what makes them up, the weightiest first."""

    points: int
    reasons: tuple[tuple[str, int], ...] = ()

    def stored(self) -> list[list[str | int]]:
        return [[code, points] for code, points in self.reasons]


NOTHING = Alike(0)


def compare(one: Facts, other: Facts) -> Alike:
    """How much these two look like one person."""
    name = _name(one, other)
    if name == "other_name":
        return NOTHING
    found = [code for code in (name, _company(one, other), *_keys(one, other)) if code]
    if "other_company" in found and not {"phone_typo", "phone_near"} & set(found):
        return NOTHING
    # A company's domain says again what the company says.
    if "same_domain" in found and {"same_company", "similar_company"} & set(found):
        found.remove("same_domain")
    reasons = sorted(((code, POINTS[code]) for code in found if code in POINTS), key=lambda each: -each[1])
    return Alike(min(sum(points for _, points in reasons), MOST), tuple(reasons))


def typos(phone: str) -> list[str]:
    """The phones from which one digit differs, or in which two neighbours stand the other way round.

    Args:
        phone: as E.164; the country's code is taken as right.
    """
    start = 3 if phone.startswith("+86") else 2
    head, tail = phone[:start], phone[start:]
    swapped = (
        tail[:at] + tail[at + 1] + tail[at] + tail[at + 2 :] for at in range(len(tail) - 1) if tail[at] != tail[at + 1]
    )
    other = (
        tail[:at] + digit + tail[at + 1 :] for at in range(len(tail)) for digit in "0123456789" if digit != tail[at]
    )
    return [head + each for each in dict.fromkeys([*swapped, *other])]


def _name(one: Facts, other: Facts) -> str:
    """A code; `other_name` when they cannot be the same, nothing when a name is not known."""
    mine, theirs = one.plain_name, other.plain_name
    if not mine or not theirs:
        return ""
    if mine == theirs:
        return "same_name"
    if words.digits(mine) != words.digits(theirs):
        return "other_name"
    if sounds_alike(one.name, other.name):
        return "same_sound"
    if words.is_chinese(mine) or words.is_chinese(theirs):
        return _chinese_name(one.name, other.name, mine, theirs)
    # A slip in a first letter puts the words into another order.
    as_written = fuzz.ratio(words.folded(one.name), words.folded(other.name)) >= _NAME_ALIKE
    return "similar_name" if as_written or _latin_alike(mine, theirs) else "other_name"


def sounds_alike(name: str, other: str) -> bool:
    """Two Chinese names that are read alike, or one and its spelling in Latin letters; one character is too little."""
    mine, theirs = heard(name), heard(other)
    return (words.is_chinese(name) or words.is_chinese(other)) and not mine.isdisjoint(theirs)


def heard(name: str) -> set[str]:
    """How a name sounds, in every way in which it may be read; nothing for one that is too short to say anything."""
    if words.surname(name):
        return set()
    found = {sound.of_name(name)} if words.is_chinese(name) else set(sound.of_spelled(name))
    return {each for each in found if len(each.partition(" ")[0]) > 1}


def _chinese_name(name: str, other: str, mine: str, theirs: str) -> str:
    for short, whole in ((words.surname(name), theirs), (words.surname(other), mine)):
        if short:
            return "surname" if whole.startswith(short) else "other_name"
    # One of three characters may be wrong, never the surname, and in a name of two the rest is all there is.
    same_size = len(mine) == len(theirs) >= 3 and mine[0] == theirs[0]
    return "similar_name" if same_size and fuzz.ratio(mine, theirs) >= _NAME_ALIKE_ZH else "other_name"


def _latin_alike(mine: str, theirs: str) -> bool:
    if fuzz.ratio(mine, theirs) >= _NAME_ALIKE:
        return True
    first, second = sorted((mine.split(), theirs.split()), key=len)
    return len(first) == len(second) and _initials(first, second)


def _initials(mine: list[str], theirs: list[str]) -> bool:
    """`J. Smith` and `John Smith`: all words but the initials are the same."""
    short = [word for word in (*mine, *theirs) if len(word) == 1]
    whole = [word for word in mine if word in theirs and len(word) > 1]
    rest = [word for word in (*mine, *theirs) if word not in whole and len(word) > 1]
    return bool(whole) and len(short) == len(rest) == 1 and rest[0].startswith(short[0])


def _company(one: Facts, other: Facts) -> str:
    mine, theirs = one.core, other.core
    if not mine or not theirs:
        return ""
    if mine == theirs:
        return "same_company"
    if words.is_chinese(mine) != words.is_chinese(theirs):
        return ""  # one is the other's translation, or not: the words cannot tell
    chinese = words.is_chinese(mine + theirs)
    short, long = sorted((mine, theirs), key=len)
    part = short in long if chinese else set(short.split()) <= set(long.split())
    if len(short) >= _SHORTEST_PART[chinese] and part:
        return "similar_company"
    return "similar_company" if fuzz.ratio(mine, theirs) >= _COMPANY_ALIKE else "other_company"


def _keys(one: Facts, other: Facts) -> Iterator[str]:
    mine, theirs = one.values("email"), other.values("email")
    if {words.domain(email) for email in mine} & {words.domain(email) for email in theirs} - {""}:
        yield "same_domain"
    boxes = [{email.partition("@")[0] for email in emails} for emails in (mine, theirs)]
    if any(len(box) >= 6 and not box.isdigit() for box in boxes[0] & boxes[1]) and not set(mine) & set(theirs):
        yield "same_mailbox"
    phones = ((mine, theirs) for mine in one.values("phone") for theirs in other.values("phone"))
    slips = [OSA.distance(mine, theirs, score_cutoff=2) for mine, theirs in phones if len(mine) == len(theirs)]
    if 1 in slips:
        yield "phone_typo"
    elif 2 in slips:
        yield "phone_near"
    elif not tails(one).isdisjoint(tails(other)):
        yield "phone_tail"


def tails(who: Facts) -> set[str]:
    """The ends of somebody's phones, which stay when a number is written with another beginning."""
    return {phone[-TAIL:] for phone in who.values("phone") if len(phone) > TAIL}
