"""Somebody leaves: signed off at once, the clocks stand, and the managers are asked who takes over. Or comes back."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from crm.errors_of_people import AlreadyGone, LastAdminLeaves, NotGone
from crm.rules.access import Actor
from crm.services import belongings, clocks, hand_overs, handing, happenings, members, swapping
from crm.services.hand_overs import HandOverView
from crm.uow import UnitOfWork

_WHO = text(
    """
    select m.id, i.external_id from chat_identity i join member m on m.org_id = i.org_id and m.id = i.member_id
    where i.org_id = :org and i.workspace_id = :workspace and lower(i.external_id) = lower(:user) and m.active
    """
)
# A row without name and department: it was this address book that let the person go, and it alone brings them back.
_GONE = text(
    """
    insert into chat_person as p (org_id, workspace_id, external_id, name, unit, seen_at)
    values (:org, :workspace, :user, '', '', :now)
    on conflict (org_id, workspace_id, external_id) do update set name = '', unit = '', seen_at = excluded.seen_at
    """
)
_SIGN_OFF = text(
    "update member set active = false, on_duty = false, left_at = :now where org_id = :org and id = :id and active"
    " returning id"
)
_BACK = text(
    "update member set active = true, left_at = null, back_at = :now where org_id = :org and id = :id and not active"
    " returning id"
)
_LEFT = text(
    """
    select count(*) filter (where origin <> 'self') as leads, count(*) filter (where origin = 'self') as own,
           (select count(*) from task t where t.org_id = :org and t.member_id = :member and t.state = 'open') as tasks
    from lead where org_id = :org and owner_id = :member and status = 'open'
    """
)
# Two who leave at once take turns here, so that the last admin is seen.
_LOCK = text("select 1 from organization where id = :org for no key update")
_ADMINS = text("select count(*) from member where org_id = :org and role = 'admin' and active and id <> :id")
_ANYBODY = text("select id from member where org_id = :org and active and role in ('admin', 'manager') order by id")


@dataclass(frozen=True, slots=True)
class Left:
    """What stands under the name of somebody: open leads, those of the own finding, and open tasks."""

    leads: int
    own: int
    tasks: int


def sign_off(uow: UnitOfWork, *, workspace_id: int, external_id: str) -> None:
    """The chat says that this person is gone: nobody acts or is dealt leads under the name from now on, and the
    managers are asked, once."""
    who = uow.session.execute(_WHO, {"org": uow.org_id, "workspace": workspace_id, "user": external_id}).one_or_none()
    if who is None:
        return
    gone = {"org": uow.org_id, "workspace": workspace_id, "user": who.external_id, "now": uow.now}
    uow.session.execute(_GONE, gone)
    _let_go(uow, who.id)


def leave(uow: UnitOfWork, *, actor: Actor, member: Actor) -> HandOverView | None:
    """A manager or admin says that somebody has left; returns what is to be handed over, if there is anything.

    Raises: NotAllowed, NotYourTeam, AlreadyGone, LastAdminLeaves.
    """
    hand_overs.may(actor, member)
    return let_go(uow, member, but=actor.id)


def let_go(uow: UnitOfWork, member: Actor, *, but: int | None = None) -> HandOverView | None:
    """The same for whoever has the server. Args: but: who sees it anyhow. Raises AlreadyGone, LastAdminLeaves."""
    uow.session.execute(_LOCK, {"org": uow.org_id})
    if not member.active:
        raise AlreadyGone(member_id=member.id)
    if member.is_admin and not uow.session.scalar(_ADMINS, {"org": uow.org_id, "id": member.id}):
        raise LastAdminLeaves(member_id=member.id)
    _let_go(uow, member.id, but=but)
    return hand_overs.last_of(uow, member.id)


def come_back(uow: UnitOfWork, *, actor: Actor, member: Actor) -> HandOverView | None:
    """Somebody is here again; returns a hand-over that can be taken back, if one was done.

    Raises: NotAllowed, NotYourTeam, NotGone.
    """
    hand_overs.may(actor, member)
    if member.active:
        raise NotGone(member_id=member.id)
    return is_back(uow, member.id)


def is_back(uow: UnitOfWork, member_id: int) -> HandOverView | None:
    """The same as the address book says it; off duty until the member says otherwise."""
    if uow.session.scalar(_BACK, {"org": uow.org_id, "id": member_id, "now": uow.now}) is None:
        return None
    happenings.write(uow, "member.returned", member=member_id)
    done = hand_overs.is_back(uow, member_id)
    clocks.restart_of(uow, [member_id])
    _redraw(uow, member_id)
    return done


def tell_back(uow: UnitOfWork, member_id: int, done: HandOverView | None) -> None:
    """Ask the managers whether somebody who is back shall have back what was handed over."""
    for manager in members.managers_of(uow, member_id) if done else []:
        uow.notify(
            "member.back", to=manager, data={"member": member_id, "hand_over": done.id if done else 0},
            key=f"back:{member_id}:{manager}:{uow.now.isoformat()}",
        )  # fmt: skip


def left_behind(uow: UnitOfWork, member_id: int) -> Left:
    """What stands under somebody's name."""
    row = uow.session.execute(_LEFT, {"org": uow.org_id, "member": member_id}).one()
    return Left(row.leads, row.own, row.tasks)


def _let_go(uow: UnitOfWork, member_id: int, *, but: int | None = None) -> None:
    """Args: but: who sees it anyhow, in the answer."""
    if uow.session.scalar(_SIGN_OFF, {"org": uow.org_id, "id": member_id, "now": uow.now}) is None:
        return
    happenings.write(uow, "member.left", member=member_id)
    hand_overs.propose(uow, member_id)
    # The own leads are locked before what another one is dealt instead, whose ledger comes last.
    clocks.restart_of(uow, [member_id])
    handing.withdraw_from(uow, member_id)
    belongings.end(uow, member_id)
    _redraw(uow, member_id)
    _ask(uow, member_id, but)


def _ask(uow: UnitOfWork, member_id: int, but: int | None) -> None:
    """Ask the managers of whoever has left; and of those before whose managers have left by now."""
    above = members.managers_of(uow, member_id) or list(uow.session.scalars(_ANYBODY, {"org": uow.org_id}))
    found = hand_overs.waiting(uow)
    mine = next((one.id for one in found if one.member_id == member_id), 0)
    for manager in above:
        if manager != but:
            _ask_one(uow, member_id, manager, mine)
    for other in found:
        for manager in members.managers_of(uow, other.member_id) if other.id != mine else []:
            _ask_one(uow, other.member_id, manager, other.id)


def _ask_one(uow: UnitOfWork, member_id: int, manager: int, hand_over_id: int) -> None:
    # Of one hand-over everybody is told once; somebody who had nothing may leave again.
    key = f"left:{hand_over_id}:{manager}" if hand_over_id else f"left:{member_id}:{manager}:{uow.now.isoformat()}"
    uow.notify("member.left", to=manager, data={"member": member_id}, key=key)


def _redraw(uow: UnitOfWork, member_id: int) -> None:
    """The cards of the member's leads say from now on whether their clocks run."""
    uow.touch(*swapping.leads_of(uow, member_id))
