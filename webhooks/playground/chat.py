"""From a line or a tap in the browser to an interaction, and from its answer to what the page shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from bot.app import Bot
from bot.cards.as_json import card_from_json
from bot.cards.fit import clean
from bot.cards.model import Card
from bot.interaction import Answer, Interaction
from bot.platforms import playground_store as store
from bot.platforms.base import Workspace
from bot.platforms.playground import PlaygroundPlatform
from bot.platforms.playground_tables import PlaygroundMessage
from webhooks.playground.bodies import Press, Say
from webhooks.playground.guard import AWAY, GONE, Refused

_MENTION = re.compile(r"\A\s*(?:[@/]sluice\b|/)[\s:,]*", re.IGNORECASE)
Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chat:
    """The playground's side of the conversation; every method is synchronous and runs in the thread pool."""

    bot: Bot
    platform: PlaygroundPlatform
    name: str

    def say(self, said: Say) -> Told:
        """Keep the line, ask the bot, keep its answer."""
        return self.hear(said, _MENTION.sub("", clean(said.text), count=1).strip(), said.key)

    def hear(self, said: Say, words: str, key: str | None) -> Told:
        """The same, where the bot hears other words than the others see."""
        try:
            return self._say(said, words, f"{said.who}:{key or uuid4().hex}")
        except GONE:
            return {"notice": AWAY}

    def press(self, pressed: Press) -> Told:
        """Ask the bot what the tap does. Raises Refused(404) for a message that this person cannot see."""
        try:
            return self._press(pressed, f"{pressed.who}:{pressed.key or uuid4().hex}")
        except GONE:
            return {"notice": AWAY}

    def workspace(self) -> Workspace:
        """The playground's installation. Raises Refused(409) while no organization has one."""
        found = self.bot.workspaces.find("playground", self.name)
        if found is None:
            raise Refused(409, "No organization has a playground yet. Run: sluice demo, or sluice init company.yaml.")
        return found

    def home(self, viewer: str) -> Card | None:
        """The person's worklist, made anew."""
        key = f"{viewer}:home:{uuid4().hex}"
        asked = Interaction("playground", self.name, viewer, key, "home", text="today")
        return self.bot.dispatcher.dispatch(asked).card

    def find(self, viewer: str, message_id: int) -> PlaygroundMessage:
        """A message that the viewer can see. Raises Refused(404)."""
        with self.bot.database.begin(self.workspace().org_id) as uow:
            found = store.find(uow, viewer, message_id)
        if found is None:
            raise Refused(404, f"There is no message {message_id} for {viewer}.")
        return found

    def _say(self, said: Say, words: str, key: str) -> Told:
        org_id = self.workspace().org_id
        place = f"group:{said.group}" if said.group else f"dm:{said.who}"
        quoted = _quote(self.find(said.who, said.reply_to)) if said.reply_to else ""
        draft = store.Draft(place, said.who, clean(said.text), reply_to=said.reply_to, key=f"say:{key}")
        line = self.platform.post(org_id, draft)
        interaction = Interaction(
            "playground", self.name, said.who, key, text=words,
            conversation=said.group, quoted=quoted, reply_to=_later(place, said.who), profile=_profile(said.lang),
        )  # fmt: skip
        answer = self.bot.dispatcher.dispatch(interaction)
        return {"message": shown(line)} | self._told(answer, interaction, place, line)

    def _press(self, pressed: Press, key: str) -> Told:
        card = self.find(pressed.who, pressed.message) if pressed.message else None
        place = card.conversation if card else f"dm:{pressed.who}"
        interaction = Interaction(
            "playground", self.name, pressed.who, key, "form" if pressed.fields else "action",
            action=pressed.action, value=pressed.value or "", version=_version(pressed, card),
            fields=pressed.fields or {}, conversation=_group(place), handle={"message": card.id} if card else None,
            trigger=key, reply_to=_later(place, pressed.who), profile=_profile(pressed.lang),
        )  # fmt: skip
        return self._told(self.bot.dispatcher.dispatch(interaction), interaction, place, card)

    def _told(self, answer: Answer, asked: Interaction, place: str, about: PlaygroundMessage | None) -> Told:
        return {
            "answer": shown(self._keep(answer, asked, place, about)) if answer.card else None,
            "form": self.platform.render_form(answer.form) if answer.form else None,
            "errors": dict(answer.errors),
        }

    def _keep(
        self, answer: Answer, asked: Interaction, place: str, about: PlaygroundMessage | None
    ) -> PlaygroundMessage:
        """Write the answer where it belongs: in place of the tapped card, or under what was said."""
        assert answer.card is not None
        org_id = self.workspace().org_id
        alone = asked.user if answer.private and asked.conversation else None
        if answer.replace and about and about.card and about.private_to == alone:
            return self.platform.edit(org_id, about.id, answer.card) or about
        reply_to = about.id if about else None
        card = self.platform.render(answer.card)
        return self.platform.post(
            org_id, store.Draft(place, card=card, private_to=alone, reply_to=reply_to, key=asked.key)
        )


def shown(message: PlaygroundMessage) -> dict[str, Any]:
    """A message as the page gets it; `rev` is the number to ask `since`."""
    return {
        "id": message.id,
        "rev": message.rev,
        "conversation": message.conversation,
        "author": message.author,
        "text": message.text,
        "key": (message.key or "").removeprefix(f"say:{message.author}:") if message.author != store.SLUICE else None,
        "card": message.card,
        "plain": card_from_json(message.card).plain() if message.card else message.text,
        "private": message.private_to is not None,
        "reply_to": message.reply_to,
        "at": message.created_at.isoformat(),
        "edited": message.rev != message.id,
    }


def _quote(message: PlaygroundMessage) -> str:
    """What a reply is about: the card's lead if it has one, else its title, else the line."""
    card = message.card or {}
    return card.get("ref") or card.get("title") or message.text


def _profile(lang: str | None) -> dict[str, str]:
    return {"locale": lang} if lang else {}


def _group(place: str) -> str | None:
    return place.removeprefix("group:") if place.startswith("group:") else None


def _later(place: str, who: str) -> str:
    return f"{place} {who}" if place.startswith("group:") else place


def _version(pressed: Press, card: PlaygroundMessage | None) -> int | None:
    if pressed.version is not None or card is None:
        return pressed.version
    return (card.card or {}).get("version")
