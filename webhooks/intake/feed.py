"""What people do in a product, as it tells us: sign-ups and behaviour, one or many in a post.

`{"event": "pricing viewed", "at": "2026-03-04T10:00:00Z", "id": "e-1", "person": {"external_id": "u-7"}, "properties":
{"plan": "pro"}}`, or a list of these under `events`. The names that Segment and its kind use are understood, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from crm.formats.feed import Policy, plain, policy
from crm.formats.mapping import MOST_LEADS
from crm.formats.reading import NOT_TEXT, TOO_MANY, first, text_of
from crm.models import Source
from crm.rules import clean
from crm.rules.arrival import FieldErrors, of_fields
from crm.rules.fields import field_of
from crm.services.behaviour import Deed
from crm.uow import UnitOfWork
from webhooks.intake import bodies, standard
from webhooks.intake.items import Format, Item, Told, Wrong
from webhooks.intake.post import Post

NO_EVENT = "Say what was done: event."
NOT_A_TIME = "This is not a time such as 2026-03-04T10:00:00Z."
_MOST_PROPERTIES = 20
_AHEAD = timedelta(hours=1)
"""How far a product's clock may be ahead of ours."""
_TIME: TypeAdapter[datetime] = TypeAdapter(datetime)
_EVENT, _AT = ("event", "type"), ("at", "timestamp", "time", "occurred_at")
_ID = ("id", "messageId", "event_id")
_WHO = ("person", "user", "traits", "context.traits")
_PERSON = ("userId", "user_id", "external_id", "anonymousId")


def _told(uow: UnitOfWork, source: Source, post: Post) -> Told:
    values, rules = bodies.read(post), policy(source.mapping)
    rows = values.get("events", values.get("batch"))
    if not isinstance(rows, list):
        return Told([_deed(values, rules, uow.now)])
    if len(rows) > MOST_LEADS:
        raise FieldErrors({"events": TOO_MANY.format(most=MOST_LEADS)})
    return Told(list(_deeds(rows, rules, uow.now)), several=True)


def _deeds(rows: list[Any], rules: Policy, now: datetime) -> Iterator[Item]:
    for row in rows:
        try:
            yield _deed(row, rules, now)
        except FieldErrors as exc:
            yield Wrong(exc.fields)


def _deed(row: Any, rules: Policy, now: datetime) -> Deed:
    """Raises FieldErrors."""
    event = clean.line(text_of(first(row, _EVENT)) or "", 60)
    if not event:
        raise FieldErrors({"event": NO_EVENT})
    return Deed(
        event, of_fields(_person(row)), _at(row, now), dict(_properties(row)),
        signs_up=plain(event) in rules.sign_up, remember=rules.unknown == "remember",
        own_id=clean.line(text_of(first(row, _ID)) or ""),
    )  # fmt: skip


def _person(row: Mapping[str, Any]) -> dict[str, str]:
    """Who it was, under our names: an object of its own, or beside the event."""
    found = first(row, _WHO)
    given = dict(found) if isinstance(found, dict) else {}
    given |= {name: row[name] for name in ("email", "phone", "wechat") if row.get(name)}
    fields = {"external_id": _text("external_id", first(row, _PERSON))}
    for name, value in given.items():
        known = "external_id" if name == "id" else field_of(name)
        if known and known != "owner" and value:
            fields[known] = _text(known, value)
    return {name: value for name, value in fields.items() if value}


def _text(name: str, value: Any) -> str:
    plain = text_of(value)
    if plain is None:
        raise FieldErrors({name: NOT_TEXT})
    return plain


def _at(row: Mapping[str, Any], now: datetime) -> datetime:
    """When it was; without a time, now. Raises FieldErrors."""
    given = text_of(first(row, _AT))
    if given == "":
        return now
    try:
        moment = _TIME.validate_python(given)
    except ValidationError:
        raise FieldErrors({"at": NOT_A_TIME}) from None
    if moment.tzinfo is None or moment > now + _AHEAD:
        raise FieldErrors({"at": NOT_A_TIME})
    return moment


def _properties(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    given = row.get("properties")
    for name, value in list(given.items())[:_MOST_PROPERTIES] if isinstance(given, dict) else []:
        said = clean.text(text_of(value) or "", 200)
        if said:
            yield clean.line(name, 80), said


FEED = Format(_told, lambda post, secrets: standard.is_authentic(post, secrets.keys))
