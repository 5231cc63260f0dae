"""Hosted forms and events of a company file. An address that people may have already stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from crm.errors import Refusal
from crm.models import Form, Source
from crm.rules.access import Actor
from crm.services import events, forms, members, sources
from crm.uow import UnitOfWork
from crm.vault import Vault
from ops.company_file import CompanyFileError
from ops.company_spec import CompanyFile, EventPart, FormPart
from ops.init_rows import Rows


def campaigns(rows: Rows, vault: Vault, company: CompanyFile, people: Mapping[str, int]) -> None:
    """The forms of sources, and the events to come. Raises CompanyFileError."""
    for source in company.sources:
        if source.form:
            _said(lambda part=source: _form(rows, sources.find(rows.uow, part.key), part.form), f"form of {source.key}")
    zone = ZoneInfo(company.organization.timezone)
    for event in company.events:
        _said(lambda part=event: _event(rows, vault, part, people, zone), f"event {event.name}")


def _said(do: Any, what: str) -> None:
    try:
        do()
    except Refusal as exc:
        raise CompanyFileError(f"{what}: {exc.message.format(**exc.data)}") from None


def _form(rows: Rows, source: Source, part: FormPart) -> None:
    uow, known = rows.uow, forms.of_source(rows.uow, source.id)
    if known is None and part.word and forms.locate(uow, part.word):
        raise CompanyFileError(f"form of {source.key}: the word {part.word} is another page's, choose another one.")
    form = known or forms.make(uow, actor=None, source=source, word=part.word or "")
    before = _as_it_is(form)
    _describe(uow, form, part)
    rows.added.update({"form": 1} if known is None else {})
    rows.changed.update({"form": 1} if known is not None and _as_it_is(form) != before else {})


def _describe(uow: UnitOfWork, form: Form, part: FormPart) -> None:
    """What the file does not name stays as it was said in chat."""
    if part.fields:
        forms.ask(uow, actor=None, form=form, words=part.fields)
    for name in forms.TEXTS:
        for locale in ("", "zh"):
            words = getattr(part, f"{name}_{locale}" if locale else name)
            if words is not None:
                forms.say(uow, actor=None, form=form, name=name, words=words, locale=locale)
    if part.embed is not None:
        forms.embed(uow, actor=None, form=form, sites=part.embed)
    if part.code is not None:
        forms.set_verify(uow, actor=None, form=form, verify=part.code)
    if part.open is not None:
        forms.open_(uow, actor=None, form=form, enabled=part.open)


def _as_it_is(form: Form) -> tuple[Any, ...]:
    return form.fields, form.texts, form.parents, form.verify, form.enabled


def _event(rows: Rows, vault: Vault, part: EventPart, people: Mapping[str, int], zone: ZoneInfo) -> None:
    """One that is over is left out: an old file can be loaded still."""
    uow, keeper = rows.uow, members.get(rows.uow, people[part.by])
    starts, ends = _moment(part.starts, zone), _moment(part.ends, zone) if part.ends else None
    helpers = [people[name] for name in part.helpers]
    known = events.named(uow, part.name)
    if (ends or starts + events.LENGTH) <= uow.now or (known and known.is_over(uow.now)):
        return
    if known is None:
        made = events.create(
            uow, vault, actor=keeper, name=part.name, place=part.place, starts_at=starts, helpers=helpers
        )
        _change(uow, keeper, made, part, starts, ends)
        rows.added["event"] += 1
        return
    moved = (part.place, starts, ends or starts + events.LENGTH) != (known.place, known.starts_at, known.ends_at)
    if moved or {*helpers} - {helper.member_id for helper in events.helpers(uow, known.id)}:
        _change(uow, keeper, known, part, starts, ends)
        events.help_with(uow, actor=keeper, event=known, members=helpers)
        rows.changed["event"] += 1


def _change(
    uow: UnitOfWork, keeper: Actor, event: events.EventView, part: EventPart, starts: datetime, ends: datetime | None
) -> None:
    events.change(uow, actor=keeper, event=event, place=part.place, starts_at=starts, ends_at=ends)


def _moment(given: datetime, zone: ZoneInfo) -> datetime:
    return given if given.tzinfo else given.replace(tzinfo=zone)
