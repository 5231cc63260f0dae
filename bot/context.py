"""What a handler is given, and what it gives back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.cards.language import translate
from bot.interaction import Interaction
from bot.platforms.base import Workspace
from crm.errors import BadArgument, NotAllowed, NotLinked
from crm.rules import periods
from crm.rules.access import Actor
from crm.services import members
from crm.services.leads import LeadView
from crm.settings import Settings
from crm.uow import UnitOfWork

_REF = re.compile(r"(?<![A-Za-z0-9])[LA]-\d{1,12}(?!\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """A card or form by name and ids. `replace` puts it where the tapped card stands; `public` shows it to the group.

    `once` holds what is shown a single time and never stored, such as a fresh key; a repeat sees None in its place.
    `known` spares an answer that is shown at once what the handler has read; any later drawing reads it anew. `seen`
    does so for a lead that the actor was shown and has not changed.
    `glance`: a look that leaves no trace: in a dialog where the chat has them, else a message to the person alone.
    `asks` is the action and value of a card with choices that a short typed line answers as well as a tap.
    """

    name: str
    args: Mapping[str, Any] = field(default_factory=dict)
    form: bool = False
    replace: bool = False
    public: bool = False
    once: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)
    seen: LeadView | None = None
    asks: tuple[str, str] | None = None
    glance: bool = False

    @property
    def lead(self) -> int | None:
        """The one lead that this is about, if it is about one."""
        several: list[Any] = self.args.get("leads") or []
        found = self.args.get("lead") or (several[0] if len(several) == 1 else None)
        return found if isinstance(found, int) else None

    def stored(self) -> dict[str, Any]:
        """As kept in `delivery` and `posted_card`: no personal text."""
        return {
            "card": self.name, "args": dict(self.args), "form": self.form, "replace": self.replace,
            "public": self.public, "once": list(self.once), "glance": self.glance,
        }  # fmt: skip

    @classmethod
    def restored(cls, data: Mapping[str, Any]) -> Reply:
        gone = dict.fromkeys(data.get("once", ()))
        how = (data["form"], data["replace"], data["public"])
        return cls(data["card"], data["args"], *how, gone, glance=data.get("glance", False))


@dataclass(slots=True)
class Context:
    """One interaction being handled.

    Args:
        member: None while the person is not linked to anybody.
        guessed: no lead was named, so that the one dealt with last was taken.
    """

    uow: UnitOfWork
    interaction: Interaction
    workspace: Workspace
    settings: Settings
    member: Actor | None
    viewer: Actor
    guessed: bool = False

    @property
    def actor(self) -> Actor:
        """Who acts. Raises NotLinked."""
        if self.member is None or not self.member.active:
            raise NotLinked
        return self.member

    @property
    def fields(self) -> Mapping[str, str]:
        """The answers of a submitted form, or what came along with a tap."""
        return self.interaction.fields

    @property
    def quoted(self) -> str:
        """The reference of the lead or question that a person replied to; empty where the words name none."""
        found = _REF.search(self.interaction.quoted)
        return found[0].upper() if found else ""

    @property
    def tapped(self) -> bool:
        """Whether this came from a card, which the answer may then take the place of."""
        return self.interaction.kind in ("action", "form")

    @property
    def place(self) -> str:
        """A name for the conversation: "it" means another lead in another one."""
        return f"{self.workspace.id}:{self.interaction.conversation or ''}"

    def say(self, text: str, **values: object) -> str:
        """A text in the viewer's language."""
        return translate(self.viewer.locale, text).format(**values)

    def period(self, words: str, *, example: str) -> periods.Period:
        """The days that these words name, where the actor lives. Raises BadArgument."""
        try:
            return periods.parse(words, self.uow.now, self.actor.timezone)
        except ValueError:
            raise BadArgument(given=words, example=example) from None

    def need_member(self) -> Actor:
        """The actor, for an answer that would mean nothing to a stranger. Raises NotLinked."""
        return self.actor

    def need_manager(self) -> Actor:
        """The actor, who must be a manager or admin at this moment. Raises NotAllowed."""
        if not self.actor.is_manager:
            raise NotAllowed(roles="managers")
        return self.actor

    def need_admin(self) -> Actor:
        """The actor, who must be an admin at this moment. Raises NotAllowed."""
        if not self.actor.is_admin:
            raise NotAllowed(roles="admins")
        return self.actor

    def stays(self) -> None:
        """What was just done cannot be taken back: an undo says so, and takes back nothing that is older."""
        members.remember_past(self.uow, self.actor)

    def reply(self, name: str, *, public: bool = False, **args: Any) -> Reply:
        """Answer with a card; a tap's answer takes the place of the tapped card."""
        return Reply(name, args, replace=self.interaction.kind == "action" or self.tapped, public=public)

    def beside(self, name: str, **args: Any) -> Reply:
        """Answer with a card of its own, leaving the tapped one as it is."""
        return Reply(name, args)

    def secretly(self, name: str, once: Mapping[str, Any], **args: Any) -> Reply:
        """Answer with something that is shown once and never stored."""
        return Reply(name, args, once=once)

    def form(self, name: str, **args: Any) -> Reply:
        """Ask with a form."""
        return Reply(name, args, form=True)
