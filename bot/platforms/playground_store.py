"""Reading and writing the playground's messages; every write is numbered in the order in which it becomes visible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB

from bot.platforms.playground_tables import PlaygroundFile, PlaygroundMessage
from crm.uow import UnitOfWork

SLUICE = "sluice"
RECENT = 80
COUNTED = 100
PAGE = 500
# A reader that has seen number 7 must never meet a 6 later: writers of one organization take turns until they commit.
_TURN = text("select pg_advisory_xact_lock(hashtextextended('playground', :org))")
_CARD = bindparam("card", type_=JSONB(none_as_null=True))
_FILE = bindparam("file", type_=JSONB(none_as_null=True))
_POST = text(
    """
    with number as materialized (select nextval(pg_get_serial_sequence('playground_message', 'id')) as n)
    insert into playground_message (org_id, id, rev, conversation, author, text, card, private_to, reply_to, key,
                                    file, created_at, updated_at)
    select :org, n, n, :conversation, :author, :text, :card, :private_to, :reply_to, :key, :file, :now, :now from number
    on conflict (org_id, key) do nothing
    returning *
    """
).bindparams(_CARD, _FILE)
_EDIT = text(
    """
    update playground_message set card = :card, updated_at = :now,
           rev = nextval(pg_get_serial_sequence('playground_message', 'id'))
    where org_id = :org and id = :id
    returning *
    """
).bindparams(_CARD)
_VISIBLE = """
    org_id = :org and (conversation = 'dm:' || :viewer or conversation like 'group:%')
    and (private_to is null or private_to = :viewer)
"""
_RECENT = text(
    f"""
    select * from (
        select *, row_number() over (partition by conversation order by id desc) as place
        from playground_message where {_VISIBLE}
    ) numbered where place <= {RECENT} order by rev
    """  # noqa: S608  # constants of this file
)
_SINCE = text(
    f"select * from playground_message where {_VISIBLE} and rev > :since order by rev limit {PAGE}"  # noqa: S608
)
_LATEST = text("select coalesce(max(rev), 0) from playground_message where org_id = :org")
_INBOXES = text(
    f"""
    select substr(conversation, 4) as who, array_agg(id order by id) as ids from (
        select conversation, id, row_number() over (partition by conversation order by id desc) as place
        from playground_message where org_id = :org and conversation like 'dm:%' and author = '{SLUICE}'
    ) numbered where place <= {COUNTED} group by conversation
    """  # noqa: S608  # constants of this file
)
_FIND = text(f"select * from playground_message where {_VISIBLE} and id = :id")  # noqa: S608


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before it has a number; `card` as JSON, `file` as `{id, name, mime, size}`."""

    conversation: str
    author: str = SLUICE
    text: str = ""
    card: dict[str, Any] | None = None
    private_to: str | None = None
    reply_to: int | None = None
    key: str | None = None
    file: dict[str, Any] | None = None


def post(uow: UnitOfWork, draft: Draft) -> PlaygroundMessage:
    """Write a message once: a second draft with the same key gives the first message back."""
    uow.session.execute(_TURN, {"org": uow.org_id})
    written = _one(uow, _POST, now=uow.now, **asdict(draft))
    return written or _by_key(uow, draft.key)


def edit(uow: UnitOfWork, message_id: int, card: dict[str, Any]) -> PlaygroundMessage | None:
    """Show another card in place; None when there is no such message."""
    uow.session.execute(_TURN, {"org": uow.org_id})
    return _one(uow, _EDIT, id=message_id, card=card, now=uow.now)


def find(uow: UnitOfWork, viewer: str, message_id: int) -> PlaygroundMessage | None:
    """The message, if this person can see it."""
    return _one(uow, _FIND, viewer=viewer, id=message_id)


def read(uow: UnitOfWork, viewer: str, since: int = 0) -> Sequence[PlaygroundMessage]:
    """What a person sees and what came or changed after number `since`, in that order; at first, the recent ones."""
    wanted = _SINCE if since else _RECENT
    args = {"org": uow.org_id, "viewer": viewer} | ({"since": since} if since else {})
    return uow.session.scalars(select(PlaygroundMessage).from_statement(wanted), args).all()


def latest(uow: UnitOfWork) -> int:
    """The highest number of all, whoever may see what bears it."""
    return uow.session.scalar(_LATEST, {"org": uow.org_id}) or 0


def inboxes(uow: UnitOfWork) -> dict[str, list[int]]:
    """Per person, the numbers of the newest messages in the private chat, lowest first: enough to count unread ones."""
    return {row.who: list(row.ids) for row in uow.session.execute(_INBOXES, {"org": uow.org_id})}


def keep(uow: UnitOfWork, name: str, content: bytes) -> int:
    """Write an uploaded file; returns its number."""
    file = PlaygroundFile(org_id=uow.org_id, name=name, content=content, created_at=uow.now)
    uow.session.add(file)
    uow.session.flush()
    return file.id


def bytes_of(uow: UnitOfWork, file_id: int) -> bytes | None:
    """An uploaded file's bytes, if it is there."""
    found = uow.session.get(PlaygroundFile, (uow.org_id, file_id))
    return found.content if found else None


def _by_key(uow: UnitOfWork, key: str | None) -> PlaygroundMessage:
    wanted = select(PlaygroundMessage).where(PlaygroundMessage.org_id == uow.org_id, PlaygroundMessage.key == key)
    return uow.session.scalars(wanted).one()


def _one(uow: UnitOfWork, statement: Any, **args: Any) -> PlaygroundMessage | None:
    found = select(PlaygroundMessage).from_statement(statement).execution_options(populate_existing=True)
    return uow.session.scalars(found, {"org": uow.org_id, **args}).one_or_none()
