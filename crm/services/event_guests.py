"""Who comes to an event: registered by the form or signed in at the door, each once, whoever's address they came by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from crm.services import tasks
from crm.services.events import EventView
from crm.uow import UnitOfWork

ANSWER_WITHIN = timedelta(hours=1)
_REGISTER = text(
    """
    insert into event_guest (org_id, event_id, lead_id, link_id, registered_at, signed_in_at)
    values (:org, :event, :lead, (select id from event_link where org_id = :org and event_id = :event and word = :link),
            case when :at_door then null else cast(:now as timestamptz) end,
            case when :at_door then cast(:now as timestamptz) end)
    on conflict (org_id, event_id, lead_id) do update set
        link_id = coalesce(event_guest.link_id, excluded.link_id),
        registered_at = coalesce(event_guest.registered_at, excluded.registered_at),
        signed_in_at = coalesce(event_guest.signed_in_at, excluded.signed_in_at)
    returning id, lead_id, signed_in_at = :now as is_first
    """
)
# The newest lead of the person counts, if there are several by now.
_BY_PHONE = text(
    """
    select g.id, g.lead_id, g.signed_in_at, l.owner_id from event_guest g
    join lead was on was.org_id = g.org_id and was.id = g.lead_id
    join lead l on l.org_id = g.org_id and l.id = coalesce(was.merged_into, was.id)
    join person_key k on k.org_id = g.org_id and k.person_id = l.person_id and k.kind = 'phone' and k.value = :phone
    where g.org_id = :org and g.event_id = :event order by g.id desc limit 1
    """
)
_SIGN_IN = text(
    "update event_guest set signed_in_at = :now where org_id = :org and id = :id and signed_in_at is null returning id"
)
_OF_REF = text("select id, owner_id from lead where org_id = :org and number = :number")
_CAME_BY = text(
    """
    insert into activity (org_id, lead_id, actor_id, verb, at, words, data)
    select :org, :lead, null, 'agreed', :now, null, cast(:data as jsonb)
    where not exists (select from activity where org_id = :org and lead_id = :lead and verb = 'agreed'
                      and data->>'page' = cast(:data as jsonb)->>'page')
    """
)
_HELPER = text("select member_id from event_link where org_id = :org and event_id = :event and word = :link")
_ASK = text(
    """
    insert into event_question (org_id, event_id, lead_id, member_id, task_id, words, asked_at)
    values (:org, :event, :lead, :member, :task, :words, :now) returning id
    """
)
_ONCE = text(
    "insert into delivery (key, org_id, at) values (:key, :org, :now) on conflict (key) do nothing returning key"
)
_WORDS = text("select words from event_question where org_id = :org and id = :id")
_ACTIVE = text("select active from member where org_id = :org and id = :id")


@dataclass(frozen=True, slots=True)
class Lead:
    id: int
    owner_id: int | None


def lead_of(uow: UnitOfWork, ref: str) -> Lead:
    """The lead that the intake named."""
    row = uow.session.execute(_OF_REF, {"org": uow.org_id, "number": int(ref.removeprefix("L-"))}).one()
    return Lead(row.id, row.owner_id)


def agreed(uow: UnitOfWork, lead_id: int, *, data: str) -> None:
    """Keep on the timeline to what somebody agreed, and when, once for each sending of a page.

    Args: data: JSON with the name of the sending as `page`, the text that was shown, and how the visitor came.
    """
    uow.session.execute(_CAME_BY, {"org": uow.org_id, "lead": lead_id, "now": uow.now, "data": data})


def register(uow: UnitOfWork, event: EventView, lead: Lead, *, link: str) -> None:
    """The lead came by the event's form, on the address of that helper."""
    args = {"org": uow.org_id, "event": event.id, "lead": lead.id, "link": link, "now": uow.now, "at_door": False}
    uow.session.execute(_REGISTER, args)


def walk_in(uow: UnitOfWork, event: EventView, lead: Lead, *, link: str) -> None:
    """Somebody who had not registered is there; the owner is told, if there is one."""
    args = {"org": uow.org_id, "event": event.id, "lead": lead.id, "link": link, "now": uow.now, "at_door": True}
    guest = uow.session.execute(_REGISTER, args).one()
    if guest.is_first:
        _tell(uow, event, guest.id, lead.id, lead.owner_id)


def sign_in(uow: UnitOfWork, event: EventView, *, phone: str) -> bool:
    """Whether somebody registered under that phone, who is there now; the owner is told the first time."""
    row = uow.session.execute(_BY_PHONE, {"org": uow.org_id, "event": event.id, "phone": phone}).one_or_none()
    if row is None:
        return False
    if uow.session.scalar(_SIGN_IN, {"org": uow.org_id, "id": row.id, "now": uow.now}) is not None:
        _tell(uow, event, row.id, row.lead_id, row.owner_id)
    return True


def known(uow: UnitOfWork, event: EventView, *, phone: str) -> Lead | None:
    """The lead of the guest with that phone."""
    row = uow.session.execute(_BY_PHONE, {"org": uow.org_id, "event": event.id, "phone": phone}).one_or_none()
    return Lead(row.lead_id, row.owner_id) if row else None


def ask(uow: UnitOfWork, event: EventView, *, words: str, lead: Lead | None, link: str, sending: str) -> None:
    """A visitor's question becomes a task of the lead's owner, else of the helper, else of whoever made the event.

    Args: sending: the name of this sending of the page; what is sent twice is asked once.
    """
    once = {"org": uow.org_id, "key": f"question:{uow.org_id}:{sending}", "now": uow.now}
    if uow.session.scalar(_ONCE, once) is None:
        return
    helper = uow.session.scalar(_HELPER, {"org": uow.org_id, "event": event.id, "link": link})
    wanted = [lead.owner_id if lead else None, helper, event.created_by]
    member = next(filter(None, (each for each in wanted if each and _active(uow, each))), event.created_by)
    lead_id, asked = lead.id if lead else None, f"{event.name}: {words}"
    task = tasks.insert(uow, member_id=member, lead_id=lead_id, at=uow.now + ANSWER_WITHIN, words=asked)
    args = {
        "org": uow.org_id, "event": event.id, "lead": lead_id, "member": member, "task": task, "words": words,
        "now": uow.now,
    }  # fmt: skip
    made = int(uow.session.execute(_ASK, args).scalar_one())
    data = {"event": event.id, "question": made, "task": task} | ({"lead": lead_id} if lead_id else {})
    uow.notify("event.question", to=member, lead=lead_id, key=f"event_question:{made}", data=data)


def words_of(uow: UnitOfWork, question_id: int) -> str | None:
    """What a visitor asked; None once that is erased."""
    words: str | None = uow.session.scalar(_WORDS, {"org": uow.org_id, "id": question_id})
    return words


def _tell(uow: UnitOfWork, event: EventView, guest_id: int, lead_id: int, owner_id: int | None) -> None:
    uow.touch(lead_id)
    if owner_id:
        data = {"event": event.id, "lead": lead_id, "at": uow.now.isoformat()}
        uow.notify("event.signed_in", to=owner_id, lead=lead_id, key=f"signed_in:{guest_id}", data=data)


def _active(uow: UnitOfWork, member_id: int) -> bool:
    return bool(uow.session.scalar(_ACTIVE, {"org": uow.org_id, "id": member_id}))
