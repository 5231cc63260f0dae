"""What visitors of an event may take along: addresses, and files that were sent in the chat."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import select, text

from crm.errors import BadArgument
from crm.models import Attachment, EventMaterial
from crm.rules import clean
from crm.rules.access import Actor
from crm.services import forms
from crm.services.events import EventView
from crm.uow import UnitOfWork

_LIST = text(
    """
    select m.id, m.title, m.url, m.attachment_id, a.state = 'kept' as here from event_material m
    left join attachment a on a.org_id = m.org_id and a.id = m.attachment_id
    where m.org_id = :org and m.event_id = :event and (m.attachment_id is null or a.state in ('coming', 'kept'))
    order by m.id
    """
)


@dataclass(frozen=True, slots=True)
class Material:
    """`here`: whether a file's bytes have come; None for an address."""

    id: int
    title: str
    url: str | None
    attachment_id: int | None
    here: bool | None


def add(
    uow: UnitOfWork, *, actor: Actor, event: EventView, title: str, url: str | None = None, file: int | None = None
) -> None:
    """One more, by its address or by the file's id. Raises NotAllowed, BadArgument."""
    forms.check_keeper(actor)
    if url is not None:
        _check(url)
    named = clean.line(title, 120) or (urlsplit(url).hostname if url else "") or event.name
    material = EventMaterial(
        org_id=uow.org_id, event_id=event.id, title=named, url=url, attachment_id=file, created_at=uow.now
    )
    uow.session.add(material)
    uow.session.flush()


def listing(uow: UnitOfWork, event_id: int) -> list[Material]:
    """What there is to take along."""
    rows = uow.session.execute(_LIST, {"org": uow.org_id, "event": event_id})
    return [Material(**row) for row in rows.mappings()]


def file_of(uow: UnitOfWork, event_id: int, material_id: int) -> Attachment | None:
    """The file of a material with its bytes; None when there is none, or it is still on its way."""
    found = (
        select(Attachment)
        .join(
            EventMaterial, (EventMaterial.org_id == Attachment.org_id) & (EventMaterial.attachment_id == Attachment.id)
        )
        .where(Attachment.org_id == uow.org_id, EventMaterial.event_id == event_id, EventMaterial.id == material_id)
    )
    file = uow.session.scalar(found.where(Attachment.state == "kept"))
    if file is not None:
        _read = file.content  # while the session is open
    return file


def _check(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or len(url) > 1000:
        raise BadArgument(given=url, example="event material Spring Expo, Brochure https://www.example.com/brochure")
