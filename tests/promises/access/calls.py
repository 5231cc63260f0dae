"""One try of a verb of the services: who acts, in which transaction, with what stands around."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.context import Context
from crm.errors import MemberNotFound
from crm.rules.access import Actor
from crm.services import asking, departments, forms, hooks, leads, members, pools, sources
from crm.services.leads import LeadView
from crm.vault import Vault
from tests import build


@dataclass(frozen=True)
class Call:
    """As handlers call it: leads and colleagues come through their doors."""

    context: Context
    g: dict[str, Any]

    @property
    def uow(self) -> Any:
        return self.context.uow

    @property
    def by(self) -> dict[str, Any]:
        return {"actor": self.context.actor}

    def at(self, name: str) -> LeadView:
        """A lead as the person who acts comes to it."""
        return leads.access(self.uow, actor=self.context.actor, ref=self.g[name])

    def on(self, name: str) -> dict[str, Any]:
        return self.by | {"lead": self.at(name)}

    def who(self, name: str) -> Actor:
        """A colleague. Raises MemberNotFound in another company."""
        found = members.find(self.uow, name)
        if self.uow.org_id != self.g["org"]:
            raise MemberNotFound(given=name)
        return found

    def pool(self, name: str) -> Any:
        return pools.find(self.uow, words=name, **self.by)

    def question(self) -> Any:
        return asking.get(self.uow, ref=f"A-{self.g['question']}", **self.by)

    def hook(self) -> Any:
        """One of the company that acts."""
        vault = Vault(build.SECRET)
        return hooks.create(self.uow, vault, actor=None, url="https://erp.acme.example/", topics=[])[0]

    def form(self) -> Any:
        """That of a source of the company that acts."""
        return forms.make(self.uow, source=sources.find(self.uow, "web"), **self.by)

    def north(self) -> Any:
        return departments.find(self.uow, words="north", **self.by)


Verb = tuple[Callable[[Call], Any], str]
