"""Hosted forms: the page of a source, what it says and asks, and who may show it in a frame."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from pypinyin import lazy_pinyin
from sqlalchemy import select, text

from crm.errors import BadArgument
from crm.errors_of_events import ContactFieldWanted, FormFieldUnknown
from crm.models import Form, Source
from crm.rules import clean, forms
from crm.rules.access import Actor
from crm.rules.forms import Field
from crm.rules.matrix import roles
from crm.services import catalogue
from crm.services.catalogue import FormField
from crm.uow import UnitOfWork

KEEPERS = roles("campaigns")
TEXTS = ("title", "intro", "thanks", "consent")
WORD = re.compile(r"[a-z0-9][a-z0-9-]{2,79}")
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_MOST_PARENTS = 20
_KINDS = {"choice": "choice", "choices": "choices", "yes_no": "yes_no", "date": "date", "number": "number"}
_FIND = text("select org_id, form_id, event_id from sluice_find_page(:word)")
_PAGE = text(
    """
    select f.id, f.source_id, f.word, f.texts, f.fields, f.parents, f.verify, f.enabled and s.enabled as open,
           s.name as source, s.key, o.name as organization, o.locale from form f
    join source s on s.org_id = f.org_id and s.id = f.source_id
    join organization o on o.id = f.org_id
    where f.org_id = :org and f.id = :id
    """
)


@dataclass(frozen=True, slots=True)
class Found:
    """Where an address leads: a form, the door of an event, or the form of an event."""

    org_id: int
    form_id: int | None
    event_id: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """A form as visitors see it. `texts` are the organization's own words, by name and `name.zh`."""

    id: int
    source_id: int
    word: str
    texts: dict[str, str]
    fields: list[Any]
    parents: list[str]
    verify: bool
    open: bool
    source: str
    key: str
    organization: str
    locale: str

    def says(self, name: str, locale: str) -> str:
        """The organization's own text in that language, or in the one there is; "" for none."""
        return self.texts.get(f"{name}.{locale}") or self.texts.get(name) or ""


def locate(uow: UnitOfWork, word: str) -> Found | None:
    """What an address names, before the tenant is known."""
    row = uow.session.execute(_FIND, {"word": word.lower()}).one_or_none() if WORD.fullmatch(word.lower()) else None
    return Found(row.org_id, row.form_id, row.event_id) if row else None


def page(uow: UnitOfWork, form_id: int) -> Page:
    """The form with that id."""
    return Page(**uow.session.execute(_PAGE, {"org": uow.org_id, "id": form_id}).mappings().one())


def of_source(uow: UnitOfWork, source_id: int) -> Form | None:
    """The form of a source, if it was ever asked for."""
    return uow.session.scalar(select(Form).where(Form.org_id == uow.org_id, Form.source_id == source_id))


def make(uow: UnitOfWork, *, actor: Actor | None, source: Source, word: str = "") -> Form:
    """The form of a source; a source gets one when it is asked for first. Raises NotAllowed.

    Args: word: its name in the address; a fresh one without it.
    """
    check_keeper(actor)
    known = of_source(uow, source.id)
    if known is not None:
        return known
    made = Form(
        org_id=uow.org_id, source_id=source.id, word=word or fresh_word(source.key), texts={}, parents=[], verify=True,
        fields=[list(field) for field in forms.DEFAULT], enabled=True, created_at=uow.now,
    )  # fmt: skip
    uow.session.add(made)
    uow.session.flush()
    return made


def ask(uow: UnitOfWork, *, actor: Actor | None, form: Form, words: str) -> None:
    """Say what a form asks: `name*, phone*, budget`, a star for what must be filled in.

    Raises: NotAllowed, FormFieldUnknown, ContactFieldWanted.
    """
    check_keeper(actor)
    own = own_fields(uow)
    found, unknown = forms.understood(words, own)
    if unknown or not found:
        raise FormFieldUnknown(given=unknown or words, names=", ".join(dict.fromkeys([*forms.KINDS, *own])))
    if not forms.CONTACTS.intersection(name for name, _required in found):
        raise ContactFieldWanted
    form.fields = [list(field) for field in found]
    uow.session.flush()


def say(uow: UnitOfWork, *, actor: Actor | None, form: Form, name: str, words: str, locale: str = "") -> None:
    """Give a form a text of its own, or with empty words the usual one again. Raises NotAllowed."""
    check_keeper(actor)
    key = f"{name}.{locale}" if locale else name
    kept = {**form.texts, key: clean.text(words, 1000)}
    form.texts = {known: value for known, value in kept.items() if value}
    uow.session.flush()


def embed(uow: UnitOfWork, *, actor: Actor | None, form: Form, sites: Sequence[str]) -> None:
    """Say on which sites the form may be shown in a frame; on none without any. Raises NotAllowed, BadArgument."""
    check_keeper(actor)
    form.parents = list(dict.fromkeys(map(_origin, sites)))[:_MOST_PARENTS]
    uow.session.flush()


def open_(uow: UnitOfWork, *, actor: Actor | None, form: Form, enabled: bool) -> None:
    """Close the page, or open it again. Raises NotAllowed."""
    check_keeper(actor)
    form.enabled = enabled
    uow.session.flush()


def set_verify(uow: UnitOfWork, *, actor: Actor | None, form: Form, verify: bool) -> None:
    """Whether phones are proven by a code where a gateway is set up. Raises NotAllowed."""
    check_keeper(actor)
    form.verify = verify
    uow.session.flush()


def fields_of(uow: UnitOfWork, found: Page, locale: str) -> list[Field]:
    """What the form asks, as it can be drawn; a field of the organization's that is gone is asked no more."""
    own = own_fields(uow, locale)
    asked = [(str(name), bool(required)) for name, required in found.fields]
    return [
        replace(own[name], required=required) if name in own else forms.standard(name, required=required)
        for name, required in asked
        if name in own or name in forms.KINDS
    ]


def own_fields(uow: UnitOfWork, locale: str = "en") -> dict[str, Field]:
    """The fields that the organization has added to its leads, and those of ours that take listed values only."""
    return {one.name: _field(one, locale) for one in catalogue.form_fields(uow)}


def fresh_word(name: str) -> str:
    """A word for an address that nobody guesses and everybody can type."""
    spoken = "-".join(lazy_pinyin(name))
    plain = re.sub(r"[^a-z0-9]+", "-", spoken.lower()).strip("-")[:40].strip("-")
    return f"{plain}-{fresh_letters()}" if plain else f"page-{fresh_letters()}"


def fresh_letters() -> str:
    """A few letters and digits that nobody guesses or mistakes for each other."""
    return "".join(secrets.choice(LETTERS) for _ in range(6))


def check_keeper(actor: Actor | None) -> None:
    """Raises NotAllowed for whoever keeps no forms and events; None is set-up by file."""
    if actor is not None:
        actor.need("campaigns")


def _field(one: FormField, locale: str) -> Field:
    chinese = locale == "zh"
    options = tuple((key, name_zh if chinese else name) for key, name, name_zh in one.choices)
    label = "" if one.name in forms.KINDS else one.label_zh if chinese else one.label
    return Field(one.name, required=False, kind=_KINDS.get(one.kind, "text"), label=label, options=options)


def _origin(site: str) -> str:
    """`https://www.example.com` of anything on that site. Raises BadArgument."""
    parts = urlsplit(site.strip().lower() if "//" in site else f"https://{site.strip().lower()}")
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not re.fullmatch(r"[a-z0-9.-]{1,200}", host) or parts.username:
        raise BadArgument(given=site, example="form website embed https://www.example.com")
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise BadArgument(given=site, example="form website embed https://www.example.com") from None
    return f"{parts.scheme}://{host}{port}"
