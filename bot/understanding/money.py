"""Amounts in a sentence: $1,200, 50k, budget of 8000, 5万, 3.5w, 预算两万左右, RMB 12,000."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from bot.understanding.lexicon import read_words
from bot.understanding.numbers import chinese
from bot.understanding.text import Span, fold, overlaps
from crm.rules.arrival import MOST_MONEY

_NUMBER = r"(?P<number>[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,2})?|[0-9]{1,9}(?:\.[0-9]{1,4})?)"
_RANGE = r"(?:\s*(?:-|~|to|到|至)\s*(?P<upper>[0-9][0-9.]{0,8}))?"
_SCALE = r"(?P<scale>k|mn|mio|million|mil|m|grand|thousand|w|千万|百万|万|千|百|亿)"
_NUMERAL = r"(?P<numeral>[一二两三四五六七八九十百]{1,5})"
_MORE = r"(?:[0-9]|[一二三四五六七八九])"
_FREE = r"(?<![A-Za-z0-9.:/#+*-])(?<![0-9],)"
_NEAR = 20
_MOST = MOST_MONEY - 1  # so that no rounding gets there
_BARE = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount and, where one was named, its ISO 4217 currency."""

    amount: Decimal
    currency: str | None
    firm: bool = False


@dataclass(frozen=True, slots=True)
class _Words:
    patterns: tuple[re.Pattern[str], ...]
    currencies: dict[str, re.Pattern[str]]
    factors: dict[str, int]
    firm: re.Pattern[str]
    beside: re.Pattern[str]
    after: re.Pattern[str]
    settled: re.Pattern[str]


def find_money(folded: str, taken: list[Span]) -> Money | None:
    """The amount of the deal: one that was agreed, else the first named. `taken` are the spans of times."""
    words = _words()
    found = [money for match in _amounts(folded, taken, words) if (money := _money(folded, match, words))]
    return next((money for money in found if money.firm), found[0] if found else None)


def bare_money(words: str) -> Money | None:
    """The amount in words such as `12000`, `1.2万` or `$5k`, where a number alone is one, too."""
    folded = fold(words)
    if found := find_money(folded, []):
        return found
    bare = _BARE.search(folded)
    amount = Decimal(bare[0].replace(",", "")) if bare else _MOST
    return Money(amount, None) if amount < _MOST else None


def _amounts(folded: str, taken: list[Span], words: _Words) -> list[re.Match[str]]:
    """Matches in text order; where two overlap, that of the more telling pattern."""
    seen, kept = list(taken), list[re.Match[str]]()
    for pattern in words.patterns:
        for match in pattern.finditer(folded):
            span = _digits(match)
            if not any(overlaps(span, other) for other in seen):
                seen.append(span)
                kept.append(match)
    return sorted(kept, key=_digits)


def _digits(match: re.Match[str]) -> Span:
    parts = match.re.groupindex
    return match.span("number") if "number" in parts and match["number"] else match.span("numeral")


def _money(folded: str, match: re.Match[str], words: _Words) -> Money | None:
    start = _digits(match)[0]
    if words.beside.search(folded[max(0, start - _NEAR) : start]) or words.after.match(folded, match.end()):
        return None
    parts = match.groupdict()
    value = (
        Decimal(parts["number"].replace(",", "")) if parts.get("number") else Decimal(str(chinese(parts["numeral"])))
    )
    factor = words.factors[parts["scale"].lower()] if parts.get("scale") else 1
    value += Decimal(int(chinese(parts["tenths"]))) / 10 if parts.get("tenths") else 0
    rest = int(chinese(parts["rest"])) * factor // 10 if parts.get("rest") else 0
    sign = parts.get("sign") or ""
    currency = next((code for code, pattern in words.currencies.items() if pattern.fullmatch(sign)), None)
    firm = bool(words.firm.search(folded[max(0, start - _NEAR) : start]) or words.settled.match(folded, match.end()))
    amount = value * factor + rest
    return Money(amount.normalize() + 0, currency, firm) if 0 < amount < _MOST else None


@cache
def _words() -> _Words:
    raw = read_words("money.yaml")
    signs = {code: _any_of(lines) for code, lines in raw["currencies"].items()}
    sign, counted, cue = f"(?P<sign>{'|'.join(signs.values())})", f"(?!{_any_of(raw['counted'])})", _any_of(raw["cues"])
    patterns = (
        rf"{_FREE}{_NUMBER}(?P<sign>块|元)(?P<tenths>{_MORE})(?![0-9])",
        rf"{sign}\s*{_NUMBER}{_RANGE}\s*(?:{_SCALE}(?![a-z]))?",
        rf"{_FREE}{_NUMBER}{_RANGE}\s*(?:{_SCALE}(?P<rest>{_MORE})?)?(?:多|来|余|左右)?\s*{sign}(?![a-z])",
        rf"(?<![一二两三四五六七八九十百]){_NUMERAL}(?:来|多|几)?{_SCALE}(?P<rest>{_MORE})?(?:多|来|余|左右)?\s*{sign}",
        rf"{_FREE}{_NUMBER}{_RANGE}\s*{_SCALE}(?P<rest>{_MORE})(?![0-9点个])",
        rf"{_FREE}{_NUMBER}{_RANGE}\s*{_SCALE}(?![a-z0-9]){counted}",
        rf"{_NUMERAL}(?:来|多|几)?(?P<scale>千万|百万|万|千|亿)(?P<rest>{_MORE})?(?!一|点|分){counted}",
        rf"(?<![a-z])(?:{cue})(?![a-z])[^0-9,.;!?\n]{{0,14}}?{_FREE}(?=[0-9]{{3}}|[0-9]+[,.][0-9]){_NUMBER}{_RANGE}(?![0-9:/-]|\.[0-9]){counted}",
        rf"{_FREE}{_NUMBER}\s*(?:each|apiece|per\s+(?:unit|piece|pc|head))(?![a-z])",
    )
    return _Words(
        patterns=tuple(re.compile(pattern, re.I) for pattern in patterns),
        currencies={code: re.compile(pattern, re.I) for code, pattern in signs.items()},
        factors=raw["factors"],
        firm=re.compile(_any_of(raw["firm"]), re.I),
        beside=re.compile(f"(?:{_any_of(raw['beside'])})[^,;!?]{{0,10}}$", re.I),
        settled=re.compile(rf"\s*(?:{_any_of(raw['settled'])})", re.I),
        after=re.compile(rf"\s*(?:{_any_of(raw['after'])})", re.I),
    )


def _any_of(lines: str) -> str:
    return "|".join(lines.strip().split("\n"))
