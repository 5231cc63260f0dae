"""What could not be done and waits for somebody: messages, calls of hooks, leads that a vendor would not hand over.

Each has its cause. Once that is mended they are tried again; what nobody needs any more is dropped. One by its
number, or all of a kind, topic or cause.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import text

from crm import queue
from crm.errors import MessageNotDead
from crm.rules.access import Actor
from crm.services import audit, hook_calls
from crm.uow import UnitOfWork

Kind = Literal["message", "call", "fetch"]
CHUNK = 500
LETTERS: Mapping[str, Kind] = {"": "message", "c": "call", "f": "fetch"}
_LONGEST = 15  # digits that a number can have

_DEAD = """
    select d.kind, d.id, d.topic, d.cause, d.at, d.hook_id from (
        select 'message' as kind, id, topic, coalesce(cause, '') as cause, created_at as at, null::bigint as hook_id
        from message where org_id = :org and state = 'dead'
        union all
        select 'call', id, topic, coalesce(cause, ''), created_at, hook_id
        from hook_call where org_id = :org and state = 'dead'
        union all
        select 'fetch', f.id, s.key, coalesce(f.cause, ''), f.at, null
        from owed_fetch f join source s on s.org_id = f.org_id and s.id = f.source_id
        where f.org_id = :org and f.state = 'failed'
    ) as d
    where (:kind = '' or d.kind = :kind) and (:id = 0 or d.id = :id)
      and (:topic = '' or d.topic = :topic) and (:cause = '' or d.cause = :cause)
"""
_LISTED = text(f"{_DEAD} order by d.at desc, d.id desc limit :most")  # a constant
_COUNTED = text(f"select count(*) from ({_DEAD}) as g")  # noqa: S608  (a constant)
_GROUPED = text(
    f"""
    select g.kind, g.cause, count(*) as count, array_agg(distinct g.topic order by g.topic) as topics,
           min(g.at) as first_at, max(g.at) as last_at, max(g.id) as id
    from ({_DEAD}) as g group by g.kind, g.cause order by count(*) desc, max(g.at) desc, max(g.id) desc, g.kind
    """  # noqa: S608  (a constant)
)
_BY_KIND = text(f"select g.kind, count(*) as many from ({_DEAD}) as g group by g.kind")  # noqa: S608  (a constant)
_RETRY = {
    "message": "update message set state = 'owed', attempt = 0, cause = null, created_at = :now",
    "call": "update hook_call set state = 'owed', attempt = 0, cause = null, closed_at = null, created_at = :now,"
    " due_at = :now",
    "fetch": "update owed_fetch set state = 'owed', tries = 0, cause = null",
}
# The cause stays, so that it can be seen later why somebody gave up.
_DROP = {
    "message": "update message set state = 'dropped', sent_at = :now",
    "call": "update hook_call set state = 'dropped', closed_at = :now",
    "fetch": "update owed_fetch set state = 'done', done_at = :now",
}
_CHOSEN = " where org_id = :org and id = any(:ids) and state in ('dead', 'failed')"


@dataclass(frozen=True, slots=True)
class Which:
    """Those of a kind, one by its id, those of a topic, of a cause, or any mixture; all of them without anything."""

    kind: str = ""
    id: int = 0
    topic: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """One that could not be done. `topic` of a fetch is the key of its source."""

    kind: Kind
    id: int
    topic: str
    cause: str
    at: datetime
    hook_id: int | None = None

    @property
    def number(self) -> str:
        return number(self.kind, self.id)


@dataclass(frozen=True, slots=True)
class Group:
    """All of a kind with the same cause; `number` names the newest of them."""

    kind: Kind
    cause: str
    count: int
    topics: list[str]
    first_at: datetime
    last_at: datetime
    id: int

    @property
    def number(self) -> str:
        return number(self.kind, self.id)


def number(kind: str, id_: int) -> str:
    """17 for a message, c17 for a call, f17 for a fetch."""
    return next(letter for letter, known in LETTERS.items() if known == kind) + str(id_)


def named(word: str) -> Which:
    """The one with that number. Raises MessageNotDead for what is no number."""
    given = word.strip().lstrip("#").lower()
    digits = given.lstrip("cf")
    kind = LETTERS.get(given[: len(given) - len(digits)])
    if kind is None or not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST) or not int(digits):
        raise MessageNotDead(id=word.strip()[:_LONGEST])
    return Which(kind, int(digits))


def alike(uow: UnitOfWork, word: str) -> Which:
    """All of the same kind and cause as the one with that number. Raises MessageNotDead when that is no longer dead."""
    found = listing(uow, named(word), most=1)
    if not found:
        raise MessageNotDead(id=word.strip()[:_LONGEST])
    return Which(found[0].kind, cause=found[0].cause)


def listing(uow: UnitOfWork, which: Which | None = None, *, most: int = 200) -> list[Letter]:
    """The newest first; no personal text."""
    return [Letter(**row) for row in uow.session.execute(_LISTED, _args(uow, which) | {"most": most}).mappings()]


def count(uow: UnitOfWork, which: Which | None = None) -> int:
    return int(uow.session.scalar(_COUNTED, _args(uow, which)) or 0)


def kinds(uow: UnitOfWork) -> dict[str, int]:
    """How many there are of each kind, none included."""
    found = {row.kind: row.many for row in uow.session.execute(_BY_KIND, _args(uow, None))}
    return {kind: found.get(kind, 0) for kind in LETTERS.values()}


def groups(uow: UnitOfWork) -> list[Group]:
    """By kind and cause, the most frequent first."""
    return [Group(**row) for row in uow.session.execute(_GROUPED, _args(uow, None)).mappings()]


def retry(uow: UnitOfWork, *, actor: Actor | None, which: Which) -> int:
    """Try these once more, at most `CHUNK` of them; returns how many.

    Args: actor: None for the command line.
    Raises: NotAllowed, MessageNotDead for one by its number that is not dead.
    """
    chosen = _change(uow, actor, which, _RETRY, "dead.retried")
    for message in chosen["message"]:
        uow.defer(queue.Order(queue.DELIVER, {"org_id": uow.org_id, "message_id": message.id, "attempt": 0}))
    for hook_id in {call.hook_id for call in chosen["call"] if call.hook_id}:
        hook_calls.start(uow, hook_id)
    for fetch in chosen["fetch"]:
        uow.defer(queue.Order(queue.FETCH_LEAD, {"org_id": uow.org_id, "fetch_id": fetch.id}))
    return sum(map(len, chosen.values()))


def drop(uow: UnitOfWork, *, actor: Actor | None, which: Which) -> int:
    """Nobody needs these any more, at most `CHUNK` of them; returns how many. Raises as `retry`."""
    return sum(map(len, _change(uow, actor, which, _DROP, "dead.dropped").values()))


def _change(
    uow: UnitOfWork, actor: Actor | None, which: Which, how: Mapping[str, str], verb: str
) -> dict[str, list[Letter]]:
    if actor is not None:
        actor.need("systems")
    found = listing(uow, which, most=CHUNK)
    chosen = {kind: [letter for letter in found if letter.kind == kind] for kind in how}
    if not found and which.id:
        raise MessageNotDead(id=number(which.kind, which.id))
    for kind, letters in chosen.items():
        if letters:
            args = {"org": uow.org_id, "now": uow.now, "ids": [letter.id for letter in letters]}
            uow.session.execute(text(how[kind] + _CHOSEN), args)
    if found:
        data = {kind: len(letters) for kind, letters in chosen.items() if letters}
        audit.write(uow, verb, by=actor.id if actor else None, data=data | {"cause": which.cause, "topic": which.topic})
    return chosen


def _args(uow: UnitOfWork, which: Which | None) -> dict[str, Any]:
    return {"org": uow.org_id, **asdict(which or Which())}
