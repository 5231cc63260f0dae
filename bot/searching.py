"""Choices looked up while a person types into a form: leads and colleagues, as far as that person may see them.

A read of its own, outside the dispatcher: nothing changes, nothing is remembered, and an answer too late is no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.cards.language import _, translate
from bot.cards.model import Option
from bot.platforms.base import Workspace
from crm.db import Database
from crm.rules.access import Actor
from crm.services import agenda, leads, lookups, members
from crm.uow import UnitOfWork

MOST, MANY = 30, 200
SHORTEST = 2


class Search(Protocol):
    """Looks for one kind of thing."""

    def __call__(self, uow: UnitOfWork, actor: Actor, words: str) -> Sequence[Option]: ...


def look(database: Database, workspace: Workspace, user: str, kind: str, words: str) -> list[Option]:
    """Choices of that kind (lead, member) for those letters; none for a stranger. Raises what the database raises."""
    search = SEARCHES.get(kind)
    if search is None:
        return []
    with database.begin(workspace.org_id) as uow:
        actor = members.by_identity(uow, workspace.id, user)
        if actor is None or not actor.active:
            return []
        return list(search(uow, actor, words.strip()))[:MOST]


def _leads(uow: UnitOfWork, actor: Actor, words: str) -> Sequence[Option]:
    """For one letter or none the actor's own, in the actor's order."""
    if len(words) >= SHORTEST:
        found = leads.find(uow, actor=actor, words=words, most=MOST)
    else:
        own = agenda.mine(uow, actor=actor, most=MANY).each
        found = [lead for lead in own if words.casefold() in lead.title_line.casefold()]
    pooled = translate(actor.locale, _("in the pool"))
    return [
        Option(lead.ref, " · ".join(filter(None, (lead.title_line, lead.ref, None if lead.owner_id else pooled))))
        for lead in found
    ]


def _members(uow: UnitOfWork, actor: Actor, words: str) -> Sequence[Option]:
    found = lookups.colleagues(uow, words=words.lstrip("@"), department_id=actor.department_id, most=MOST)
    return [Option(address, name) for address, name in found]


SEARCHES: dict[str, Search] = {"lead": _leads, "member": _members}
