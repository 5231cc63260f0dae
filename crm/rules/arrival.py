"""What arrives as a lead, checked field by field: from text as somebody typed it to keys and values fit to keep."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from typing import Any

from crm.errors import _
from crm.rules import clean
from crm.rules.keys import DEFAULT_REGION, normalise_email, normalise_phone, plain_phone

Key = tuple[str, str]
_SEVERAL = re.compile(r"[/;,|、\uff0c\uff1b\n]+")
_WECHAT = re.compile(r"[\w.@-]{2,64}")
_MONEY = re.compile(r"(?:[^\d.-]{0,4})(\d[\d,' ]*(?:\.\d+)?)(万|k|K|m|M)?(?:[^\d.]{0,4})")
_DIGITS = re.compile(r"[0-9]{1,12}")
_TIMES = {"万": 10_000, "k": 1000, "m": 1_000_000}
MOST_MONEY = Decimal(10) ** 12
_MOST_KEYS = 8
_MOST_CUSTOM = 60

NO_CONTACT = _("A phone, e-mail or WeChat id is needed.")
NOT_A_PHONE = _("This is not a valid phone number.")
NOT_AN_EMAIL = _("This is not a valid e-mail address.")
NOT_A_WECHAT = _("This is not a valid WeChat id.")
NOT_MONEY = _("This is not an amount.")


class FieldErrors(Exception):
    """What is wrong with an arrival. Args: fields: our name of each wrong field to a sentence."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in fields.items()))
        self.fields = dict(fields)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A lead as somebody typed or sent it. Several phones or e-mails may stand in one field: `138…/139…`.

    `external_id` is the customer's id at the sender; `owner` a member's name or e-mail, for imports.
    """

    name: str = ""
    company: str = ""
    title: str = ""
    phone: str = ""
    email: str = ""
    wechat: str = ""
    external_id: str = ""
    note: str = ""
    product: str = ""
    region: str = ""
    level: str = ""
    amount: str = ""
    currency: str = ""
    channel: str = ""
    campaign: str = ""
    referrer: str = ""
    tags: str = ""
    owner: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """An arrival that may be kept: `keys` say who it is, the strongest first."""

    name: str
    company: str
    title: str
    keys: tuple[Key, ...]
    note: str | None
    product: str | None
    region: str | None
    level: str | None
    amount: Decimal | None
    currency: str | None
    channel: str | None
    campaign: str | None
    referrer: str | None
    tags: tuple[str, ...]
    owner: str | None
    custom: Mapping[str, Any]


parts_of: Callable[[Checked], tuple[Any, ...]] = attrgetter(*Checked.__dataclass_fields__)
"""What an arrival is made of, in the order in which it is made of it."""


def check(arrival: Arrival, *, region: str = DEFAULT_REGION, sender: str = "") -> Checked:
    """The arrival with its keys in one spelling.

    Args:
        region: ISO country of phone numbers written without a country code.
        sender: whose `external_id` it is; two senders may use the same id for different people.

    Raises: FieldErrors, naming every wrong field.
    """
    wrong: dict[str, str] = {}
    keys = tuple(dict.fromkeys(_keys(arrival, region, sender, wrong)))[:_MOST_KEYS]
    amount = _amount(arrival.amount, wrong)
    if not keys and not wrong:
        wrong["phone"] = NO_CONTACT
    if wrong:
        raise FieldErrors(wrong)
    name, company, title, product, country, level, currency, channel, campaign, referrer, owner = [
        words and clean.line(words) for words in _lines(arrival)
    ]
    # In the order of their declaration: by their names it takes half as long again.
    return Checked(
        name, company, title, keys, clean.text(arrival.note) or None if arrival.note else None, product or None,
        country or None, level[:20].upper() or None, amount, currency[:3].upper() or None, channel or None,
        campaign or None, referrer or None, _tags(arrival.tags), owner or None,
        _custom(arrival.custom) if arrival.custom else {},
    )  # fmt: skip


def of_fields(fields: Mapping[str, str]) -> Arrival:
    """An arrival from our field names to text; first and last name become the name, other names are custom."""
    known: dict[str, str] = {}
    custom: dict[str, str] = {}
    for name, value in fields.items():
        if name in _KNOWN:
            known[name] = value
        elif name not in _PARTS:
            custom[name] = value
    if not known.get("name", "").strip():
        known["name"] = _whole_name(fields)
    return Arrival(**known, custom=custom)


_lines = attrgetter(
    "name", "company", "title", "product", "region", "level", "currency", "channel", "campaign", "referrer", "owner"
)
_KNOWN = frozenset(Arrival.__dataclass_fields__) - {"custom"}
_PARTS = frozenset({"first_name", "last_name", "id"})


def _whole_name(fields: Mapping[str, str]) -> str:
    first, last = fields.get("first_name", "").strip(), fields.get("last_name", "").strip()
    return f"{first} {last}".strip() if (first + last).isascii() else last + first


def _keys(arrival: Arrival, region: str, sender: str, wrong: dict[str, str]) -> Iterator[Key]:
    if plain := plain_phone(arrival.phone, region):
        yield "phone", plain
    elif arrival.phone:
        yield from _each("phone", arrival.phone, lambda raw: normalise_phone(raw, region), wrong, NOT_A_PHONE)
    if arrival.email:
        yield from _each("email", arrival.email, normalise_email, wrong, NOT_AN_EMAIL)
    if arrival.wechat:
        yield from _each("wechat", arrival.wechat, normalise_wechat, wrong, NOT_A_WECHAT)
    if external := arrival.external_id and clean.line(arrival.external_id):
        yield "external", f"{sender}:{external}"


def contact_of(words: str, region: str) -> list[Key]:
    """The keys that somebody may mean by a phone, an e-mail address or a WeChat id."""
    found = (
        ("phone", normalise_phone(words, region)), ("email", normalise_email(words)),
        ("wechat", normalise_wechat(words)),
    )  # fmt: skip
    return [(kind, value) for kind, value in found if value]


def _each(
    kind: str, raw: str, normalise: Callable[[str], str | None], wrong: dict[str, str], why: str
) -> Iterator[Key]:
    """One bad part beside a good one (a switchboard's extension, "none") costs nothing; no good one is an error."""
    parts = [part for part in _SEVERAL.split(clean.text(raw, clean.LINE)) if part.strip()]
    good = [value for value in map(normalise, parts) if value]
    if parts and not good:
        wrong[kind] = why
    for value in good:
        yield kind, value


def normalise_wechat(raw: str) -> str | None:
    """A WeChat id in lower case; None when it cannot be one."""
    plain = unicodedata.normalize("NFKC", raw).strip().lower()
    return plain if _WECHAT.fullmatch(plain) else None


def _amount(raw: str, wrong: dict[str, str]) -> Decimal | None:
    if not raw:
        return None
    if not clean.line(raw):
        return None
    value = money(raw)
    if value is None:
        wrong["amount"] = NOT_MONEY
    return value


def money(raw: str) -> Decimal | None:
    """An amount as people write it, such as 50k, 5万 or $1,200.50; None where it is none."""
    if _DIGITS.fullmatch(raw):
        return Decimal(f"{raw}.00")
    found = _MONEY.fullmatch(unicodedata.normalize("NFKC", clean.line(raw)))
    value = _decimal(found) if found else None
    return None if value is None or value >= MOST_MONEY else value


def _decimal(found: re.Match[str]) -> Decimal | None:
    number = Decimal(re.sub(r"[,' ]", "", found.group(1)))
    try:
        return (number * _TIMES.get((found.group(2) or "").lower(), 1)).quantize(Decimal("0.01"))
    except InvalidOperation:  # more digits than a decimal keeps
        return None


def _tags(raw: str) -> tuple[str, ...]:
    if not raw:
        return ()
    parts = (clean.line(part, 40) for part in _SEVERAL.split(raw[: clean.TEXT]))
    return tuple(dict.fromkeys(part for part in parts if part))[:20]


def _custom(fields: Mapping[str, str]) -> dict[str, str]:
    kept = ((clean.line(name, 80), clean.text(value, 500)) for name, value in list(fields.items())[:_MOST_CUSTOM])
    return {name: value for name, value in kept if name and value}
