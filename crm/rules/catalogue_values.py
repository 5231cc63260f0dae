"""What is written into a company's own fields, read as the field's kind: typed as JSON, so that rules compare it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from crm.rules import clean
from crm.rules.arrival import money
from crm.rules.catalogue import Catalogue, Field, folded

Value = str | bool | int | float | list[str]

_SEVERAL = re.compile(r"[/;,|、\uff0c\uff1b\n]+|\s+(?:and|和)\s+")
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T ].*)?")
_YES = frozenset({"yes", "y", "true", "1", "on", "是", "有", "对", "已", "√"})
_NO = frozenset({"no", "n", "false", "0", "off", "否", "无", "没有", "不是", "未"})
EXAMPLES = {
    "text": "…", "number": "12", "amount": "50k", "date": "2027-03-01", "choice": "…", "choices": "…", "yes_no": "yes",
}  # fmt: skip
WORDS, MOST_NUMBER = 500, Decimal(10) ** 12


class NotThat(ValueError):
    """The words are nothing that the field takes. `choice`: they are no value of its list."""

    def __init__(self, given: str, *, choice: bool = False) -> None:
        super().__init__(given)
        self.given, self.choice = given, choice


def read(catalogue: Catalogue, field: Field, words: str) -> Value | None:
    """The value that the words mean; None for no words. Raises NotThat."""
    given = clean.text(words, WORDS)
    if not given:
        return None
    if field.kind in ("choice", "choices"):
        return _chosen(catalogue, field, given)
    kind = _READ.get(field.kind)
    return kind(given) if kind else given


def _chosen(catalogue: Catalogue, field: Field, given: str) -> str | list[str]:
    if field.kind == "choice":
        return _choice(catalogue, field, given)
    parts = [part for part in map(str.strip, _SEVERAL.split(given)) if part]
    return list(dict.fromkeys(_choice(catalogue, field, part) for part in parts))


def _plain_number(given: str) -> Decimal | None:
    try:
        found = Decimal(unicodedata.normalize("NFKC", given).replace(",", ""))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < MOST_NUMBER else None


def _figure(given: str) -> int | float:
    return _number(_plain_number(given) or money(given), given)


def _amount(given: str) -> int | float:
    return _number(money(given), given)


def _number(found: Decimal | None, given: str) -> int | float:
    if found is None:
        raise NotThat(given)
    return int(found) if found == int(found) else float(found)


def _date(given: str) -> str:
    found = _DATE.fullmatch(unicodedata.normalize("NFKC", given))
    try:
        return dt.date(*map(int, found.groups())).isoformat() if found else dt.date.fromisoformat(given).isoformat()
    except ValueError:
        raise NotThat(given) from None


def _truth(given: str) -> bool:
    plain = folded(given)
    if plain not in _YES | _NO:
        raise NotThat(given)
    return plain in _YES


def _choice(catalogue: Catalogue, field: Field, given: str) -> str:
    entry = catalogue.find(field.list, given)
    if entry is None and catalogue.is_managed(field.list):
        raise NotThat(given, choice=True)
    return entry.key if entry else given


_READ: dict[str, Callable[[str], Value]] = {"number": _figure, "amount": _amount, "date": _date, "yes_no": _truth}
