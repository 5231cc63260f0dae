"""What is known of a contact: who follows whom, and what has changed since the chat was asked last."""

from __future__ import annotations

from sqlalchemy import select, text

from crm.models import ContactFollow
from crm.rules.access import Actor
from crm.rules.directory import Contact
from crm.services import scoring, timeline
from crm.uow import UnitOfWork
from crm.vault import fingerprint

_RETAG = text(
    """
    update lead set version = version + 1, tags = array(
        select tag from (
            select tag, min(place) as place from (
                select tag, place from unnest(tags) with ordinality as have(tag, place)
                where not tag = any(cast(:gone as text[]))
                union all
                select tag, place + 1000 from unnest(cast(:came as text[])) with ordinality as new(tag, place)
            ) both_ group by tag
        ) one order by place)
    where org_id = :org and id = :lead
    """
)
_CALLED = text(
    "select p.id, p.name from lead l join person p on p.org_id = l.org_id and p.id = l.person_id"
    " where l.org_id = :org and l.id = :lead for no key update of p"
)
_CALL = text("update person set name = :name where org_id = :org and id = :person")


def follow(uow: UnitOfWork, *, workspace_id: int, member: Actor, external_id: str) -> ContactFollow | None:
    """The member's standing contact with that customer, locked; None where there is none."""
    statement = select(ContactFollow).where(
        ContactFollow.org_id == uow.org_id, ContactFollow.workspace_id == workspace_id,
        ContactFollow.external_id == external_id, ContactFollow.member_id == member.id,
        ContactFollow.ended_at.is_(None),
    )  # fmt: skip
    return uow.session.scalar(statement.with_for_update().execution_options(populate_existing=True))


def note_change(
    uow: UnitOfWork, *, lead_id: int, member: Actor, was: ContactFollow, contact: Contact, loud: bool
) -> None:
    """Tags and the member's name for the customer, as they are in the chat now. Tags given here stay.

    Args: loud: what has changed is told on the timeline.
    """
    tags = was.tags if contact.tags is None else contact.tags
    gone, came = sorted(set(was.tags) - set(tags)), [tag for tag in tags if tag not in was.tags]
    if gone or came:
        uow.session.execute(_RETAG, {"org": uow.org_id, "lead": lead_id, "gone": gone, "came": came})
        scoring.refresh(uow, [lead_id])
    renamed = bool(contact.remark) and fingerprint(contact.remark) != was.remark
    if renamed and loud:
        _rename(uow, lead_id, was.remark, contact)
    if loud and (gone or came or renamed):
        data = {"came": came, "gone": gone, "renamed": renamed}
        timeline.note(uow, lead_id=lead_id, verb="contact_edited", actor_id=member.id, data=data)
    if gone or came or renamed:
        uow.touch(lead_id)


def _rename(uow: UnitOfWork, lead_id: int, was: str, contact: Contact) -> None:
    """The person goes by the name from the chat, unless somebody has given another one here."""
    person = uow.session.execute(_CALLED, {"org": uow.org_id, "lead": lead_id}).one()
    if person.name in ("", contact.name) or fingerprint(person.name) == was:
        uow.session.execute(_CALL, {"org": uow.org_id, "person": person.id, "name": contact.remark})
