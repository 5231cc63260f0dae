"""Events: one line makes one, with a form, a door and an address for each helper; closed, it keeps its figures."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from crm.errors import TimeInPast
from crm.errors_of_events import EventExists, EventHelpers, EventInUse, EventNotFound
from crm.rules import clean
from crm.rules.access import Actor
from crm.services import forms, sources
from crm.uow import UnitOfWork
from crm.vault import Vault

CHANNEL = "event"
LENGTH = timedelta(hours=12)
MOST_HELPERS, MOST_LISTED = 20, 15
_SELECT = """
    select e.id, e.name, e.place, e.starts_at, e.ends_at, e.source_id, e.word, e.created_by, e.created_at, e.closed_at,
           f.id as form_id, f.word as form_word, o.name as organization, o.locale, o.timezone
    from event e join form f on f.org_id = e.org_id and f.source_id = e.source_id
    join organization o on o.id = e.org_id
    where e.org_id = :org
"""
_ONE = text(_SELECT + " and e.id = :id")
_NAMED = text(
    _SELECT + " and (e.key = :key or (:key <> '' and starts_with(e.key, :key)))"
    " order by e.key <> :key, e.closed_at is not null, e.starts_at desc limit 1"
)
_LIST = text(_SELECT + " order by e.closed_at is not null, e.ends_at < :now, e.starts_at limit :most")
_TAKEN = text("select name from event where org_id = :org and key = :key and closed_at is null and id <> :but")
_MAKE = text(
    """
    insert into event (org_id, name, key, place, starts_at, ends_at, source_id, word, created_by, created_at)
    values (:org, :name, :key, :place, :starts, :ends, :source, :word, :me, :now) returning id
    """
)
_LINK = text(
    """
    insert into event_link (org_id, event_id, member_id, word, created_at) values (:org, :event, :member, :word, :now)
    on conflict (org_id, event_id, member_id) do nothing
    """
)
_LINKS = text(
    """
    select k.id, k.member_id, m.name, k.word,
           count(g.id) as leads, count(g.signed_in_at) as signed_in
    from event_link k join member m on m.org_id = k.org_id and m.id = k.member_id
    left join event_guest g on g.org_id = k.org_id and g.link_id = k.id
    where k.org_id = :org and k.event_id = :event
    group by k.id, k.member_id, m.name, k.word order by m.name, k.id
    """
)
_FIGURES = text(
    """
    select count(g.registered_at) as registered, count(g.signed_in_at) as signed_in,
           count(*) filter (where g.registered_at is null and g.signed_in_at is not null) as walked_in,
           (select count(*) from event_question q where q.org_id = :org and q.event_id = :event) as questions,
           (select count(*) from event_material m where m.org_id = :org and m.event_id = :event) as materials
    from event_guest g where g.org_id = :org and g.event_id = :event
    """
)
_SET_OPEN = text(
    "update event set closed_at = case when :open then null else :now end where org_id = :org and id = :id"
)
_CHANGE = text("update event set place = :place, starts_at = :starts, ends_at = :ends where org_id = :org and id = :id")
_UNMAKE = (
    "delete from event_material where org_id = :org and event_id = :id",
    "delete from event_link where org_id = :org and event_id = :id",
    "delete from event where org_id = :org and id = :id",
    "delete from form where org_id = :org and source_id = :source",
    "update source set enabled = false where org_id = :org and id = :source",
)


@dataclass(frozen=True, slots=True)
class EventView:
    """An event with the words of its pages."""

    id: int
    name: str
    place: str
    starts_at: datetime
    ends_at: datetime
    source_id: int
    word: str
    created_by: int
    created_at: datetime
    closed_at: datetime | None
    form_id: int
    form_word: str
    organization: str
    locale: str
    timezone: str

    def is_over(self, now: datetime) -> bool:
        """Whether nobody can register or sign in any more."""
        return self.closed_at is not None or now > self.ends_at


@dataclass(frozen=True, slots=True)
class Helper:
    """A member who hands out an address of an event, and who came by it."""

    id: int
    member_id: int
    name: str
    word: str
    leads: int
    signed_in: int


@dataclass(frozen=True, slots=True)
class Figures:
    registered: int
    signed_in: int
    walked_in: int
    questions: int
    materials: int


def create(
    uow: UnitOfWork, vault: Vault, *, actor: Actor, name: str, place: str, starts_at: datetime,
    helpers: Sequence[int] = (),
) -> EventView:  # fmt: skip
    """Make an event with its source, form, door and an address for each helper (member ids).

    Raises: NotAllowed, EventExists, EventHelpers, TimeInPast.
    """
    forms.check_keeper(actor)
    if starts_at <= uow.now:
        raise TimeInPast
    called = clean.line(name, 80)
    _check_free(uow, called)
    source = sources.create(
        uow, vault, actor=None, key=forms.fresh_word(called), name=called, channel=CHANNEL, campaign=called
    ).source
    forms.make(uow, actor=None, source=source, word=source.key)
    args = {
        "org": uow.org_id, "name": called, "key": _key(called), "place": clean.line(place, 120), "starts": starts_at,
        "ends": starts_at + LENGTH, "source": source.id, "word": forms.fresh_word(called), "me": actor.id,
        "now": uow.now,
    }  # fmt: skip
    event_id = int(uow.session.execute(_MAKE, args).scalar_one())
    made = get(uow, event_id)
    help_with(uow, actor=actor, event=made, members=helpers)
    return made


def get(uow: UnitOfWork, event_id: int) -> EventView:
    """The event with that id. Raises EventNotFound."""
    row = uow.session.execute(_ONE, {"org": uow.org_id, "id": event_id}).mappings().one_or_none()
    if row is None:
        raise EventNotFound(given=event_id)
    return EventView(**row)


def find(uow: UnitOfWork, words: str) -> EventView:
    """An event by its name or the beginning of it, an open one before a closed one. Raises EventNotFound."""
    row = uow.session.execute(_NAMED, {"org": uow.org_id, "key": _key(words)}).mappings().one_or_none()
    if row is None:
        raise EventNotFound(given=clean.line(words, 80))
    return EventView(**row)


def named(uow: UnitOfWork, name: str) -> EventView | None:
    """The event of exactly that name, an open one before a closed one."""
    row = uow.session.execute(_NAMED, {"org": uow.org_id, "key": _key(name)}).mappings().one_or_none()
    return EventView(**row) if row and _key(row["name"]) == _key(name) else None


def listing(uow: UnitOfWork) -> list[EventView]:
    """Events, those to come first."""
    rows = uow.session.execute(_LIST, {"org": uow.org_id, "now": uow.now, "most": MOST_LISTED})
    return [EventView(**row) for row in rows.mappings()]


def helpers(uow: UnitOfWork, event_id: int) -> list[Helper]:
    """Who hands out addresses of an event."""
    rows = uow.session.execute(_LINKS, {"org": uow.org_id, "event": event_id})
    return [Helper(**row) for row in rows.mappings()]


def figures(uow: UnitOfWork, event_id: int) -> Figures:
    """How many registered, signed in, came without having registered, and asked."""
    return Figures(**uow.session.execute(_FIGURES, {"org": uow.org_id, "event": event_id}).mappings().one())


def help_with(uow: UnitOfWork, *, actor: Actor, event: EventView, members: Sequence[int]) -> None:
    """Give members an address of their own for an event; who has one keeps it. Raises NotAllowed, EventHelpers."""
    forms.check_keeper(actor)
    known = {helper.member_id for helper in helpers(uow, event.id)}
    if len(known.union(members)) > MOST_HELPERS:
        raise EventHelpers(limit=MOST_HELPERS)
    for member_id in members:
        args = {"org": uow.org_id, "event": event.id, "member": member_id, "now": uow.now}
        uow.session.execute(_LINK, args | {"word": forms.fresh_letters()})


def set_open(uow: UnitOfWork, *, actor: Actor, event: EventView, is_open: bool) -> None:
    """Close an event's pages, or open them again. Raises NotAllowed, EventExists."""
    forms.check_keeper(actor)
    if is_open:
        _check_free(uow, event.name, but=event.id)
    uow.session.execute(_SET_OPEN, {"org": uow.org_id, "id": event.id, "open": is_open, "now": uow.now})


def change(
    uow: UnitOfWork, *, actor: Actor, event: EventView, place: str | None, starts_at: datetime | None,
    ends_at: datetime | None = None,
) -> None:  # fmt: skip
    """Another place or time; None keeps what there is. Raises NotAllowed, TimeInPast."""
    forms.check_keeper(actor)
    starts = starts_at or event.starts_at
    ends = ends_at or (starts + LENGTH if starts_at else event.ends_at)
    if ends <= uow.now or ends <= starts:
        raise TimeInPast
    where = event.place if place is None else clean.line(place, 120)
    uow.session.execute(_CHANGE, {"org": uow.org_id, "id": event.id, "place": where, "starts": starts, "ends": ends})


def unmake(uow: UnitOfWork, *, actor: Actor, event: EventView) -> None:
    """Take a new event back, as long as nobody has come by its pages. Raises NotAllowed, EventInUse."""
    forms.check_keeper(actor)
    counted = figures(uow, event.id)
    if counted.registered or counted.signed_in or counted.questions:
        raise EventInUse(given=event.name)
    uow.session.expunge_all()
    for statement in _UNMAKE:
        uow.session.execute(text(statement), {"org": uow.org_id, "id": event.id, "source": event.source_id})


def _check_free(uow: UnitOfWork, name: str, but: int = 0) -> None:
    taken = uow.session.scalar(_TAKEN, {"org": uow.org_id, "key": _key(name), "but": but})
    if taken is not None:
        raise EventExists(given=taken)


def _key(name: str) -> str:
    """What makes two names the same."""
    return clean.line(unicodedata.normalize("NFKC", name), 80).casefold()
