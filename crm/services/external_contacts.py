"""Customers whom members add as contacts in the company's own chat: each becomes a lead, or belongs to one.

Who adds a customer owns the lead, as far as the caps allow; a customer whom somebody else works on stays with them, and
their managers are told. The chat says who the customer is a moment after it says that there is one, so a contact is
first noted (`met`), then read (`told`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select, text

from crm import queue
from crm.errors import Conflict, Refusal
from crm.models import Source
from crm.rules.access import SELLERS, Actor
from crm.rules.arrival import Arrival, Checked, check
from crm.rules.directory import Contact
from crm.rules.keys import normalise_phone
from crm.services import assignments, dispatch, houses, intake, members, ownership, timeline
from crm.services.contact_facts import follow, note_change
from crm.services.houses import House
from crm.services.intake import Known, Place, TakenIn
from crm.uow import UnitOfWork
from crm.vault import fingerprint

SENDER, CHANNEL = "wecom", "wecom"

_MEET = text(
    """
    insert into contact_follow as f (org_id, workspace_id, external_id, member_id, state, remark, tags, began_at)
    values (:org, :workspace, :external, :member, nullif(:state, ''), '', '{}', :now)
    on conflict (org_id, workspace_id, external_id, member_id) do update set
        state = coalesce(excluded.state, f.state), ended_at = null, ended_by = null,
        read_at = case when f.ended_at is null then f.read_at end
    """
)
_READ = text(
    "update contact_follow set read_at = :now, remark = :remark, tags = cast(:tags as text[])"
    " where org_id = :org and id = :follow"
)
_END = text(
    """
    update contact_follow set ended_at = :now, ended_by = :by
    where org_id = :org and workspace_id = :workspace and external_id = :external and member_id = :member
      and ended_at is null
    returning id
    """
)
_LEAD = text(
    """
    select l.id, l.owner_id from person_key k
    join lead l on l.org_id = k.org_id and l.person_id = k.person_id and l.status <> 'void'
    where k.org_id = :org and k.kind = 'external' and k.value = :key
    order by l.status = 'open' desc, l.id desc limit 1
    """
)


def met(
    uow: UnitOfWork, *, workspace_id: int, member: Actor, external_id: str, state: str = "", ask: bool = True
) -> None:
    """A member has this customer as a contact from now on; with `ask`, a job asks who it is."""
    args = {"org": uow.org_id, "workspace": workspace_id, "external": external_id, "member": member.id}
    uow.session.execute(_MEET, args | {"state": state, "now": uow.now})
    if ask:
        look_again(uow, workspace_id=workspace_id, member=member, external_id=external_id)


def look_again(uow: UnitOfWork, *, workspace_id: int, member: Actor, external_id: str) -> None:
    """Have the job ask who that contact is now."""
    args = {"org_id": uow.org_id, "workspace_id": workspace_id, "member_id": member.id, "external_id": external_id}
    uow.defer(queue.Order(queue.CONTACT, args))


def told(uow: UnitOfWork, *, workspace_id: int, member: Actor, contact: Contact, quiet: bool = False) -> int | None:
    """Who a contact is: its lead is opened, or the contact attached to the one there is. Returns the lead.

    Args: quiet: the two have known each other for long; no lead is opened or claimed, and nobody is told.
    """
    contact = contact.tidy()
    known_as = follow(uow, workspace_id=workspace_id, member=member, external_id=contact.id)
    if known_as is None:
        return None
    first = known_as.read_at is None
    lead_id = _placed(uow, member, contact, known_as.state or contact.state, quiet=quiet or not first)
    tags = known_as.tags if contact.tags is None else contact.tags
    if lead_id is not None:
        note_change(uow, lead_id=lead_id, member=member, was=known_as, contact=contact, loud=not first)
    read = {"org": uow.org_id, "follow": known_as.id, "now": uow.now, "tags": list(tags)}
    uow.session.execute(_READ, read | {"remark": fingerprint(contact.remark)})
    return lead_id


def ended(uow: UnitOfWork, *, workspace_id: int, member: Actor, external_id: str, by: str) -> None:
    """The member has the customer as a contact no longer: it is on the timeline, and the lead's owner knows.

    Args: by: member, customer, transfer or unknown.
    """
    args = {"org": uow.org_id, "workspace": workspace_id, "external": external_id, "member": member.id}
    if uow.session.scalar(_END, args | {"by": by, "now": uow.now}) is None or by == "transfer":
        return
    lead = uow.session.execute(_LEAD, {"org": uow.org_id, "key": f"{SENDER}:{external_id}"}).one_or_none()
    if lead is None:
        return
    verb = "contact_lost" if by == "customer" else "contact_removed"
    entry = timeline.note(uow, lead_id=lead.id, verb=verb, actor_id=member.id)
    uow.touch(lead.id)
    uow.notify(
        "contact.lost", to=lead.owner_id or member.id, lead=lead.id, key=f"contact-lost:{entry}",
        data={"lead": lead.id, "by": by, "member": member.id},
    )  # fmt: skip


def _placed(uow: UnitOfWork, member: Actor, contact: Contact, state: str, *, quiet: bool) -> int | None:
    house = houses.of(uow)
    source, campaign = _origin(uow, state)
    checked = _checked(house, contact, campaign)
    pool_id = houses.pool_for(house, source.pool_id if source else None)
    values = intake.opening(uow, house, checked, Place(pool_id), source=source, actor=member)
    for _attempt in range(intake.TRIES):
        known = intake.find_known(uow, house, checked)
        if quiet and not (known and known.lead_id):
            return None
        taken = _attached(uow, values, known, member, quiet=quiet) if known and known.lead_id else None
        taken = taken or intake.open_lead(uow, values, known)
        if taken:
            break
    else:
        raise Conflict
    if taken.created:
        _given(uow, member, taken)
    return taken.lead_id


def _attached(uow: UnitOfWork, values: dict[str, Any], known: Known, member: Actor, *, quiet: bool) -> TakenIn | None:
    """To the open lead there is: the member's own, a free one that the member may claim, or somebody else's."""
    if quiet:
        intake.add_keys(uow, values, known)
        return TakenIn(known.lead_id or 0, known.number or 0, created=False, touched=False)
    taken = intake.touch(uow, values, known, tell=False)
    if taken is None:
        return None
    how = "attached"
    if known.owner_id is None:
        how = "claimed" if _claimed(uow, member, taken) else "pool"
    elif known.owner_id != member.id:
        how = "other"
        _contested(uow, member, known.owner_id, taken)
    _say(uow, member, taken, how)
    return taken


def _claimed(uow: UnitOfWork, member: Actor, taken: TakenIn) -> bool:
    """Under the same checks as any claim: a contact is no way around them."""
    try:
        with uow.session.begin_nested():
            assignments.claim(uow, actor=member, ref=taken.ref)
    except Refusal:
        return False
    return True


def _given(uow: UnitOfWork, member: Actor, taken: TakenIn) -> None:
    """To who has added the customer; to whom the rules name, where that one sells nothing or has no room."""
    claims = int(uow.rules.claim.created_counts)
    own = member.active and member.role in SELLERS
    if own and ownership.give(
        uow, lead_id=taken.lead_id, member_id=member.id, how="created", actor_id=member.id, claims=claims
    ):
        _say(uow, member, taken, "created")
        return
    dispatch.dispatch(uow, taken.lead_id)
    _say(uow, member, taken, "pool")


def _say(uow: UnitOfWork, member: Actor, taken: TakenIn, how: str) -> None:
    uow.notify(
        "contact.added", to=member.id, lead=taken.lead_id, data={"lead": taken.lead_id, "how": how},
        together=f"contact:{member.id}",
        key=f"contact:{taken.lead_id}:{member.id}:{uow.now.isoformat()}",
    )  # fmt: skip


def _contested(uow: UnitOfWork, member: Actor, owner_id: int, taken: TakenIn) -> None:
    """Two work on one customer: the owner knows, and the managers of both decide whose it is."""
    managers = [*members.managers_of(uow, owner_id), *members.managers_of(uow, member.id)]
    for reader in dict.fromkeys([owner_id, *managers]):
        uow.notify(
            "contact.contested", to=reader, lead=taken.lead_id,
            key=f"contested:{taken.lead_id}:{member.id}:{reader}:{uow.now.date()}",
            data={"lead": taken.lead_id, "member": member.id},
        )  # fmt: skip


def _origin(uow: UnitOfWork, state: str) -> tuple[Source | None, str]:
    """The source and campaign that a way of meeting stands for: `source`, `source:campaign`, or a campaign alone."""
    word, _, campaign = state.partition(":")
    named = select(Source).where(Source.org_id == uow.org_id, Source.key == word.strip().lower(), Source.enabled)
    source = uow.session.scalar(named) if word else None
    return (source, campaign.strip()) if source else (None, state)


def _checked(house: House, contact: Contact, campaign: str) -> Checked:
    """The contact as an arrival. A number that is none is left out: the customer's id is enough."""
    phones = [mobile for mobile in contact.mobiles if normalise_phone(mobile, house.region)]
    arrival = Arrival(
        name=contact.called, company=contact.company, title=contact.title, phone="/".join(phones),
        external_id=contact.id, channel=CHANNEL, campaign=campaign,
    )  # fmt: skip
    checked = check(arrival, region=house.region, sender=SENDER)
    more = (("external", f"unionid:{contact.unionid}"),) if contact.unionid else ()
    # The chat's own id first: it says which contact this is, whatever number a colleague has noted.
    keys = sorted((*checked.keys, *more), key=lambda key: key[0] != "external")
    return replace(checked, keys=tuple(keys), tags=contact.tags or ())
