"""What a hosted form asks and what it takes: pure functions of its fields and of what somebody typed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm.errors import _
from crm.rules.arrival import Arrival, FieldErrors, check, of_fields
from crm.rules.fields import field_of

# What a form may ask of our own, and how a browser asks for it.
KINDS = {
    "name": "text", "company": "text", "title": "text", "phone": "tel", "email": "email", "wechat": "text",
    "region": "text", "product": "text", "amount": "text", "note": "long",
}  # fmt: skip
CONTACTS = frozenset({"phone", "email", "wechat"})
DEFAULT = (("name", True), ("phone", True), ("company", False), ("email", False), ("note", False))
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
CONSENT = "consent"
_LINE_FIELDS = frozenset({"name", "company", "title"})
_LINK = re.compile(
    r"https?:|www\.|://|\b[\w-]+\.(?:com|net|org|info|biz|ru|cn|io|top|xyz|shop|site|online|club)\b", re.I
)
_MOST_LINKS = 2

REQUIRED = _("Please fill this in.")
NO_LINKS = _("Please write this without a web address.")
FEWER_LINKS = _("Please write this with at most two web addresses.")
NOT_OFFERED = _("Please choose one of these.")
AGREE = _("Please tick this box: without it nobody may contact you.")


@dataclass(frozen=True, slots=True)
class Field:
    """One question of a form. `label` and `options` (key, label) only for fields that the organization made."""

    name: str
    required: bool
    kind: str = "text"
    label: str = ""
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CameBy:
    """How somebody came to a page: what the address said (`UTM`), the page before, and who hands the address out."""

    tags: Mapping[str, str]
    page: str = ""
    helper: str = ""


def standard(name: str, *, required: bool) -> Field:
    """A field of ours. Raises KeyError for any other name."""
    return Field(name, required, KINDS[name])


def understood(words: str, own: Mapping[str, Field]) -> tuple[list[tuple[str, bool]], str]:
    """Fields as somebody lists them, `name*, phone*, company`, a star for required; and the first unknown word."""
    found: dict[str, bool] = {}
    for word in filter(None, (part.strip() for part in re.split(r"[,，;；、\n]", words))):
        plain, required = word.rstrip("*＊ ").strip(), word.rstrip().endswith(("*", "＊"))
        name = next((key for key, field in own.items() if plain.casefold() in (key, field.label.casefold())), None)
        name = name or field_of(plain)
        if name is None or (name not in KINDS and name not in own):
            return [], plain
        found[name] = required
    return list(found.items()), ""


def read(
    fields: Sequence[Field], values: Mapping[str, str], came_by: CameBy, *, region: str, agreed: bool = True
) -> Arrival:
    """What was typed as an arrival. Args: region: ISO country of phones without a country code.

    Raises: FieldErrors, naming each wrong field.
    """
    wrong = {field.name: why for field in fields if (why := _wrong(field, values.get(field.name, "").strip()))}
    typed = {field.name: value for field in fields if (value := values.get(field.name, "").strip())}
    arrival = of_fields({**_origin(came_by), **typed})
    if typed.keys() & CONTACTS:
        wrong = _unreachable(arrival, region) | wrong
    if not agreed:
        wrong[CONSENT] = AGREE
    if wrong:
        raise FieldErrors(wrong)
    return arrival


def _unreachable(arrival: Arrival, region: str) -> dict[str, str]:
    """What is wrong with the contacts, so that it is said together with what else is."""
    try:
        check(arrival, region=region)
    except FieldErrors as exc:
        return exc.fields
    return {}


def _wrong(field: Field, value: str) -> str | None:
    if not value:
        return REQUIRED if field.required else None
    if field.name in _LINE_FIELDS and _LINK.search(value):
        return NO_LINKS
    if field.kind == "long" and len(_LINK.findall(value)) > _MOST_LINKS:
        return FEWER_LINKS
    if field.options and not set(value.split(";")) <= {key for key, _label in field.options}:
        return NOT_OFFERED
    return None


def _origin(came_by: CameBy) -> dict[str, str]:
    """What the address said as fields: source and campaign are ours, the rest is kept beside them."""
    tags = dict(came_by.tags)
    found = {"channel": tags.pop("utm_source", ""), "campaign": tags.pop("utm_campaign", ""), **tags}
    found |= {"page": came_by.page, "referrer": came_by.helper}
    return {name: value for name, value in found.items() if value}
