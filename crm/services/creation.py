"""A lead that a member enters by hand: checked against everything the company knows before it becomes anybody's."""

from __future__ import annotations

from typing import NoReturn

from sqlalchemy import text

from crm.errors import AlreadyKnown, Conflict, KnownInPool, KnownOwned, LeadAlreadyYours, NoContact
from crm.errors_of_privacy import ErasedBefore
from crm.rules.access import Actor
from crm.rules.arrival import Arrival, Checked, check
from crm.services import claim_checks, houses, intake, leads, ownership, suppressing, takeable, timeline
from crm.services.houses import House
from crm.services.intake import Known, Place, TakenIn
from crm.uow import UnitOfWork


def new_lead(uow: UnitOfWork, *, actor: Actor, contact: Arrival, origin: str = "company") -> TakenIn:
    """Open a lead that belongs to the actor from the start.

    Args:
        origin: "self" for a customer whom the actor found: in no pool, never recycled, not counted in capacity.

    Raises:
        NoContact: neither a phone, e-mail nor WeChat id, or neither name nor company.
        FieldErrors: a key is there but wrong.
        LeadAlreadyYours, KnownInPool, KnownOwned: there is an open lead like this; no contact is shown.
        AlreadyKnown: self-sourced, but the company knows this customer from before.
        CapacityReached, LevelFull, SourceFull: of origin company, and the actor has no room.
        ErasedBefore: the customer was erased on request.
        QuotaReached: likewise, where what is entered counts as claimed.
    """
    house = houses.of(uow)
    checked = check_contact(house, contact)
    if suppressing.among(uow, checked.keys):
        raise ErasedBefore
    for _ in range(intake.TRIES):
        known = intake.find_known(uow, house, checked)
        refuse_known(uow, actor, known, origin)
        taken = _open(uow, house, checked, actor, known, origin)
        if taken:
            timeline.undoable_creation(uow, [taken.lead_id])
            return taken
    raise Conflict


def check_contact(house: House, contact: Arrival) -> Checked:
    """Raises NoContact, FieldErrors."""
    reachable = contact.phone.strip() or contact.email.strip() or contact.wechat.strip()
    if not reachable or not (contact.name.strip() or contact.company.strip()):
        raise NoContact
    return check(contact, region=house.region)


def refuse_known(uow: UnitOfWork, actor: Actor, known: Known | None, origin: str) -> None:
    """Raise what keeps this contact from being entered, if anything does."""
    if known is None:
        return
    if known.lead_id is None:
        if origin == "self" and _was_pursued(uow, known.person_id):
            raise AlreadyKnown
        return
    refuse_open(uow, actor, known.lead_id)


def refuse_open(uow: UnitOfWork, actor: Actor, lead_id: int) -> NoReturn:
    """Say whose the customer's open lead is, as far as the actor may know."""
    seen = leads.many(uow, actor=actor, lead_ids=[lead_id])
    if seen and seen[0].mine:
        raise LeadAlreadyYours(ref=seen[0].ref)
    if seen and seen[0].owner_id is None:
        raise KnownInPool(ref=seen[0].ref)
    raise KnownOwned


def _was_pursued(uow: UnitOfWork, person_id: int) -> bool:
    """Whether the company knows the person by more than leads that were entered by mistake."""
    found = text("select 1 from lead where org_id = :org and person_id = :person and status <> 'void' limit 1")
    return uow.session.scalar(found, {"org": uow.org_id, "person": person_id}) is not None


def _open(
    uow: UnitOfWork, house: House, checked: Checked, actor: Actor, known: Known | None, origin: str
) -> TakenIn | None:
    own = origin == "self"
    place = Place(None, actor.id, origin) if own else Place(houses.pool_for(house, None))
    taken = intake.open_lead(uow, intake.opening(uow, house, checked, place, actor=actor), known)
    if taken and not own:
        _give(uow, actor, taken)
    return taken


def _give(uow: UnitOfWork, actor: Actor, taken: TakenIn) -> None:
    claims = int(uow.rules.claim.created_counts)
    given = ownership.give(
        uow, lead_id=taken.lead_id, member_id=actor.id, how="created", actor_id=actor.id, claims=claims
    )
    if not given:
        found = takeable.by_id(uow, actor, taken.lead_id)
        raise (found and claim_checks.no_room(uow, actor, found, claims=bool(claims))) or Conflict()
