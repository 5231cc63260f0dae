"""What a template may ask for about other systems, and about the parts that an organization does without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.cards.part import Part
from crm.models import ApiToken
from crm.services import api_tokens, dead_letters, hook_calls, hooks, modules
from crm.services.dead_letters import Group
from crm.services.modules import ModuleView

LONGEST = 60  # of an address


@dataclass(frozen=True, slots=True)
class HookLine:
    """A hook in a list. `owed`, `dead`: calls that have still to be made, and those given up."""

    number: int
    url: str
    topics: str
    with_contact: bool
    state: str
    called_at: datetime | None
    cause: str | None
    owed: int
    dead: int


class SystemFacts(Part):
    """The part of `Facts` for admins who connect other systems."""

    def modules(self) -> list[ModuleView]:
        return modules.listing(self.uow)

    def tokens(self) -> Sequence[ApiToken]:
        """None for who is no admin."""
        return api_tokens.listing(self.uow) if self.viewer.is_admin else ()

    def token(self, number: int) -> ApiToken | None:
        return api_tokens.get(self.uow, number) if self.viewer.is_admin else None

    def dead_letters(self) -> list[Group]:
        """None for who is no admin."""
        return dead_letters.groups(self.uow) if self.viewer.is_admin else []

    def hooks(self) -> list[HookLine]:
        """None for who is no admin."""
        if not self.viewer.is_admin:
            return []
        waiting = hook_calls.waiting(self.uow)
        return [
            HookLine(
                hook.number, hook.url[:LONGEST], " ".join(hook.topics), hook.with_contact, hook.state, hook.called_at,
                hook.cause, *waiting.get(hook.id, (0, 0)),
            )
            for hook in hooks.listing(self.uow)
        ]  # fmt: skip
