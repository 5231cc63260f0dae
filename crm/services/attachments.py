"""Files of follow-ups: announced with the message, fetched by a job, kept with the lead, shown to whoever may see it.

They lie in the database, so that one backup, one row security and one erasure hold for them as for the words beside
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text, update

from crm import queue
from crm.errors import LeadNotFound
from crm.errors_of_asking import FileGone
from crm.models import Attachment
from crm.rules import file_kinds
from crm.rules.access import Actor
from crm.services import leads, tickets
from crm.services.leads import LeadView
from crm.services.tickets import Ticket
from crm.uow import UnitOfWork
from crm.vault import Vault

MOST_FILES = 10
_PURPOSE = "attachment"


_OF_LEAD = text(
    "select id, activity_id, name, size, state from attachment"
    " where org_id = :org and lead_id = :lead and state in ('coming', 'kept') order by id desc limit :most"
)


@dataclass(frozen=True, slots=True)
class FileView:
    """A file without its bytes. `state`: `coming` or `kept`."""

    id: int
    activity_id: int | None
    name: str | None
    size: int
    state: str


@dataclass(frozen=True, slots=True)
class Coming:
    """A file that came with a message. `handle` is its platform's way to the bytes."""

    name: str
    mime: str
    size: int
    handle: Mapping[str, Any]


def announce(uow: UnitOfWork, *, actor: Actor, workspace_id: int, files: Sequence[Coming]) -> list[int]:
    """Write down what came; a job fetches each at once, for platforms keep files only for a while."""
    made = [
        Attachment(
            org_id=uow.org_id, member_id=actor.id, workspace_id=workspace_id, name=file.name[:200],
            mime=file.mime[:100], size=file.size, handle=dict(file.handle), state="coming", created_at=uow.now,
        )
        for file in files[:MOST_FILES]
    ]  # fmt: skip
    uow.session.add_all(made)
    uow.session.flush()
    for each in made:
        uow.defer(queue.Order(queue.FETCH, {"org_id": uow.org_id, "attachment_id": each.id}))
    return [each.id for each in made]


def attach(uow: UnitOfWork, *, actor: Actor, ids: Sequence[int], lead_id: int, activity_id: int) -> None:
    """These files of the actor's belong to that follow-up."""
    mine = (Attachment.org_id == uow.org_id, Attachment.id.in_(ids), Attachment.member_id == actor.id)
    uow.session.execute(update(Attachment).where(*mine).values(lead_id=lead_id, activity_id=activity_id))
    uow.touch(lead_id)


def waiting(uow: UnitOfWork, attachment_id: int) -> Attachment | None:
    """A file whose bytes are still to be fetched."""
    found = uow.session.get(Attachment, (uow.org_id, attachment_id))
    return found if found and found.state == "coming" else None


def keep(uow: UnitOfWork, attachment_id: int, content: bytes) -> bool:
    """Keep the bytes if they are what may be kept. Twice is harmless."""
    mime = file_kinds.mime_of(content) if len(content) <= file_kinds.LARGEST else None
    if mime is None:
        refuse(uow, attachment_id, "unwanted")
        return False
    _settle(uow, attachment_id, state="kept", mime=mime, size=len(content), content=content, handle={})
    return True


def refuse(uow: UnitOfWork, attachment_id: int, cause: str) -> None:
    """The file cannot be kept; its sender is told."""
    found = waiting(uow, attachment_id)
    if found is None:
        return
    _settle(uow, attachment_id, state="refused", cause=cause, handle={})
    uow.notify(
        "file.refused", to=found.member_id, lead=found.lead_id, key=f"file:{attachment_id}",
        data={"attachment": attachment_id, "cause": cause} | ({"lead": found.lead_id} if found.lead_id else {}),
    )  # fmt: skip


def of_lead(uow: UnitOfWork, *, lead: LeadView, most: int = MOST_FILES) -> list[FileView]:
    """The files of a lead, the newest first, for one who sees it with its contact."""
    if lead.masked:
        return []
    args = {"org": uow.org_id, "lead": lead.id, "most": most}
    return [FileView(*row) for row in uow.execute(_OF_LEAD, args)]


def named(uow: UnitOfWork, attachment_id: int) -> Attachment | None:
    """The row without its bytes, for a card to its sender."""
    return uow.session.get(Attachment, (uow.org_id, attachment_id))


def get(uow: UnitOfWork, *, actor: Actor, attachment_id: int) -> Attachment:
    """A file of a lead that the actor may see with its contact. Raises FileGone also when not."""
    found = uow.session.get(Attachment, (uow.org_id, attachment_id))
    if found is None or found.state != "kept" or found.lead_id is None or _hidden(uow, actor, found.lead_id):
        raise FileGone
    return found


def erase(uow: UnitOfWork, *, actor: Actor, attachment_id: int) -> int:
    """Delete bytes and name for good; that there was a file stays known. Returns the lead's id. Raises FileGone."""
    found = get(uow, actor=actor, attachment_id=attachment_id)
    lead = leads.access_id(uow, actor=actor, lead_id=found.lead_id or 0)
    if not (found.member_id == actor.id or lead.mine or actor.is_manager):
        raise FileGone
    _settle(uow, attachment_id, was="kept", state="erased", name=None, content=None, handle={})
    uow.touch(lead.id)
    return lead.id


def issue(vault: Vault, *, actor: Actor, attachment_id: int, now: datetime) -> str:
    """A ticket for a file, as a word for an address."""
    return tickets.issue(vault, _PURPOSE, actor, attachment_id, now=now)


def read(vault: Vault, word: str) -> Ticket | None:
    """The ticket, which names the file's id; None for anything else."""
    return tickets.read(vault, _PURPOSE, word)


def _hidden(uow: UnitOfWork, actor: Actor, lead_id: int) -> bool:
    """Whether the actor may not see the lead, or sees it masked: a picture would show what the mask hides."""
    try:
        return leads.access_id(uow, actor=actor, lead_id=lead_id).masked
    except LeadNotFound:
        return True


def _settle(uow: UnitOfWork, attachment_id: int, *, was: str = "coming", **values: Any) -> None:
    one = (Attachment.org_id == uow.org_id, Attachment.id == attachment_id, Attachment.state == was)
    uow.session.execute(update(Attachment).where(*one).values(**values))
