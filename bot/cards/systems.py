"""What a template may ask for about other systems, and about the parts that an organization does without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.cards.language import _
from bot.cards.part import Part
from crm.models import ApiToken
from crm.rules.modules import SPOKEN
from crm.services import api_tokens, dead_letters, hook_calls, hooks, modules
from crm.services.dead_letters import Group
from crm.services.modules import ModuleView

LONGEST = 60  # of an address
# Why a hook did not answer: what the sender of calls says, in words.
CAUSES = {
    "NameUnknown": _("its name cannot be found"), "MaxRetryError": _("nobody answers there"),
    "NewConnectionError": _("nobody answers there"), "ConnectTimeoutError": _("nobody answers in time"),
    "ReadTimeoutError": _("nobody answers in time"), "TimeoutError": _("nobody answers in time"),
    "SSLError": _("its certificate is not valid"), "ProtocolError": _("it broke the connection off"),
    "calling": _("it is being called"), "off": _("switched off"),
    "address: not on the public internet": _("its address is not on the public internet"),
    "address: not an address": _("that is no address"),
    "address: neither https nor port 443": _("its address is neither https nor port 443"),
}  # fmt: skip


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

    def cause_of(self, cause: str | None) -> str:
        """Why a call did not arrive, in words; a figure is what the receiver answered."""
        if cause and cause.isdigit():
            return self.words.say(_("it answers {status}"), status=cause)
        return self.words.say(CAUSES[cause]) if cause in CAUSES else cause or "–"

    def module_name(self, one: ModuleView) -> str:
        """What a part is called, as it can be typed."""
        return SPOKEN[one.name] if self.locale == "zh" else one.name

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
