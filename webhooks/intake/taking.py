"""Taking in what a post holds, each thing once however often it comes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from crm.models import Source
from crm.rules.arrival import Arrival, FieldErrors
from crm.services import behaviour, fetches, intake
from crm.services.behaviour import Deed
from crm.uow import UnitOfWork
from crm.vault import fingerprint
from webhooks.intake.items import Announced, Came, Item, Passed, Told, Wrong
from webhooks.intake.post import Answer

_FIRST = text(
    "insert into delivery (key, org_id, at) values (:key, :org, :now) on conflict (key) do nothing returning key"
)
_ANSWERED = text("select answer from delivery where key = :key")
_ANSWER = text("update delivery set answer = cast(:answer as jsonb) where key = :key")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one thing; `wrong` when it was not taken in."""

    status: int
    content: Mapping[str, Any]
    wrong: Mapping[str, str] | None = None


def take(uow: UnitOfWork, source: Source, told: Told, name: str) -> tuple[Answer, list[Done]]:
    """Take everything in. Args: name: the sender's name of the whole post, "" when it has none.

    Raises: FieldErrors where a post has one thing, or none that can be taken in.
    """
    if not told.several and len(told.items) == 1:
        done = [_one(uow, source, told.items[0], name)]
    else:
        done = [_apart(uow, source, item, f"{name}#{place}" if name else "") for place, item in enumerate(told.items)]
        if done and all(each.wrong for each in done):
            raise FieldErrors(done[0].wrong or {})
    return _answer(told, done), done


def once(uow: UnitOfWork, source: Source, name: str, arrival: Arrival) -> Done:
    """Take the arrival in unless a post of that name was taken in before; then its answer is given again."""
    key = f"intake:{source.id}:{fingerprint(name)}" if name else ""
    if key and uow.session.scalar(_FIRST, {"key": key, "org": uow.org_id, "now": uow.now}) is None:
        return Done(200, _stored(uow, key))
    taken = intake.take_in(uow, source=source, arrival=arrival)
    content = {"ref": taken.ref}
    if key:
        uow.session.execute(_ANSWER, {"key": key, "answer": json.dumps(content)})
    return Done(201 if taken.created else 200, content)


def _apart(uow: UnitOfWork, source: Source, item: Item, name: str) -> Done:
    """One of several: a mistake in it keeps the others from nothing."""
    try:
        # The sender's own id goes before the place in a post, because a repeat may hold other leads.
        return _one(uow, source, item, "" if getattr(item, "own_id", "") else name)
    except FieldErrors as exc:
        return Done(422, {"errors": exc.fields}, exc.fields)


def _one(uow: UnitOfWork, source: Source, item: Item, name: str) -> Done:
    match item:
        case Came():
            return once(uow, source, name or item.own_id, item.arrival)
        case Announced():
            fetches.announce(uow, source, own_id=item.own_id, data=item.data)
            return Done(202, {"status": "announced"})
        case Deed():
            return _deed(uow, source, item, name)
        case Wrong():
            return Done(422, {"errors": dict(item.errors)}, item.errors)
        case Passed():
            return Done(200, {"ignored": item.why})


def _deed(uow: UnitOfWork, source: Source, deed: Deed, name: str) -> Done:
    key = f"intake:{source.id}:{fingerprint(name or deed.own_id)}" if name or deed.own_id else ""
    if key and uow.session.scalar(_FIRST, {"key": key, "org": uow.org_id, "now": uow.now}) is None:
        return Done(200, _stored(uow, key))
    became = behaviour.take(uow, source=source, deed=deed)
    content = {"ref": became.ref} if became.ref else {"status": "remembered"}
    if key:
        uow.session.execute(_ANSWER, {"key": key, "answer": json.dumps(content)})
    return Done(201 if became.created else 200, content)


def _answer(told: Told, done: list[Done]) -> Answer:
    if told.answer is not None:
        return Answer(200, told.answer)
    if told.several:
        return Answer(200, {"leads": [each.content for each in done]})
    return Answer(done[0].status, done[0].content)


def _stored(uow: UnitOfWork, key: str) -> dict[str, Any]:
    return dict(uow.session.scalar(_ANSWERED, {"key": key}) or {})
