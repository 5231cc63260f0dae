"""What the chat tells of people by itself: colleagues and departments that come, change and go, and customers whom
somebody adds as a contact. Nobody asked, so nothing is answered; who must know gets a message."""

from __future__ import annotations

from datetime import datetime

from bot.context import Context, Reply
from bot.router import event
from crm import queue
from crm.rules.directory import Colleague, Unit
from crm.services import (
    address_book,
    address_book_units,
    contact_moves,
    external_contacts,
    leaving,
)

MODULE = "core"


@event("joined")
def joined(context: Context) -> Reply | None:
    """Linked by e-mail where that is known; who comes by an address book is linked, made or moved as it says."""
    told, here = context.interaction.profile, context.workspace.id
    user = told.get("renamed_to") or context.interaction.user
    if told.get("renamed_to"):
        address_book.rename(context.uow, workspace_id=here, user=context.interaction.user, to=user)
    if "told_at" not in told:
        return None
    person = Colleague(
        user=user, name=told.get("name", ""), email=told.get("email", ""), unit=told.get("unit", ""),
        leads=bool(told.get("leads")),
    )  # fmt: skip
    told_at = datetime.fromisoformat(told["told_at"])
    company = context.workspace.platform != "slack"
    seen = address_book.see(context.uow, workspace_id=here, person=person, told_at=told_at, company=company)
    if seen is None and company:
        args = {"org_id": context.uow.org_id, "workspace_id": here, "user": user}
        context.uow.defer(queue.Order(queue.COLLEAGUE, args))
    elif seen and seen[0] == address_book.NEW:
        address_book.welcome(context.uow, [seen[1]])
    return None


@event("left")
def left(context: Context) -> Reply | None:
    leaving.sign_off(context.uow, workspace_id=context.workspace.id, external_id=context.interaction.user)
    return None


@event("unit")
def unit(context: Context) -> Reply | None:
    """A department of the address book."""
    asked, here = context.interaction, context.workspace.id
    if asked.action == "dropped":
        address_book_units.drop(context.uow, workspace_id=here, unit_id=asked.value)
    else:
        known = Unit(asked.value, asked.fields.get("name", ""), asked.fields.get("parent", ""))
        address_book_units.see(context.uow, workspace_id=here, unit=known)
    return None


@event("contact", module="contacts")
def contact(context: Context) -> Reply | None:
    """A customer of the person; of somebody who is no member, nothing is kept."""
    asked, uow, here, member = context.interaction, context.uow, context.workspace.id, context.member
    if member is None:
        return None
    fields, external_id = asked.fields, asked.value
    match asked.action:
        case "added":
            state = fields.get("state", "")
            external_contacts.met(uow, workspace_id=here, member=member, external_id=external_id, state=state)
        case "edited":
            external_contacts.look_again(uow, workspace_id=here, member=member, external_id=external_id)
        case "removed" | "lost":
            by = "transfer" if fields.get("moved") else "customer" if asked.action == "lost" else "member"
            external_contacts.ended(uow, workspace_id=here, member=member, external_id=external_id, by=by)
        case "stays":
            cause = fields.get("why") or "other"
            contact_moves.refused(uow, workspace_id=here, external_id=external_id, taker_id=member.id, cause=cause)
    return None
