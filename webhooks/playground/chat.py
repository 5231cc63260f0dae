"""From a line or a tap in the browser to an interaction, and from its answer to what the page shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from bot.app import Bot
from bot.cards.fit import clean
from bot.cards.model import Card
from bot.interaction import Answer, File, Interaction
from bot.platforms import playground_store as store
from bot.platforms.base import Rejected, Workspace
from bot.platforms.playground import PlaygroundPlatform
from bot.platforms.playground_tables import PlaygroundMessage
from webhooks.playground.bodies import Press, Say, Upload
from webhooks.playground.guard import AWAY, GONE, Refused
from webhooks.playground.shown import quoted, shown
from webhooks.playground.uploads import content, mime_of

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
        return self._hear(said, lambda key: self._said(said, _heard(said.text), key))

    def upload(self, sent: Upload) -> Told:
        """Keep the file and its line, tell the bot, keep its answer. Raises Refused(413, 422)."""
        found = content(sent)
        return self._hear(sent, lambda key: self._sent(sent, found, key))

    def file(self, told: Mapping[str, Any]) -> bytes:
        """The bytes of a message's file. Raises Refused(404) when they are gone."""
        try:
            return self.platform.fetch_file(self.workspace(), {"file": told["id"]})
        except Rejected:
            raise Refused(404, "The file is not kept any more.") from None

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

    def _hear(self, said: Say | Upload, answer: Callable[[str], Told]) -> Told:
        try:
            return answer(f"{said.who}:{said.key or uuid4().hex}")
        except GONE:
            return {"notice": AWAY}

    def _said(self, said: Say, words: str, key: str) -> Told:
        return self._answered(said, key, Interaction("playground", self.name, said.who, key, text=words))

    def _sent(self, sent: Upload, found: bytes, key: str) -> Told:
        number = self.platform.keep(self.workspace().org_id, clean(sent.name), found)
        file = File(clean(sent.name), mime_of(sent), len(found), {"file": number})
        asked = Interaction("playground", self.name, sent.who, key, text=_heard(sent.text), kind="file", files=(file,))
        return self._answered(sent, key, asked, file)

    def _answered(self, said: Say | Upload, key: str, asked: Interaction, file: File | None = None) -> Told:
        place = f"group:{said.group}" if said.group else f"dm:{said.who}"
        about = quoted(self.find(said.who, said.reply_to)) if said.reply_to else ""
        kept = {"id": file.handle["file"], "name": file.name, "mime": file.mime, "size": file.size} if file else None
        draft = store.Draft(place, said.who, clean(said.text), reply_to=said.reply_to, key=f"say:{key}", file=kept)
        line = self.platform.post(self.workspace().org_id, draft)
        asked = replace(
            asked, conversation=said.group, quoted=about, reply_to=_later(place, said.who), profile=_profile(said.lang)
        )
        answer = self.bot.dispatcher.dispatch(asked)
        return {"message": shown(line)} | self._told(answer, asked, place, line)

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


def _heard(text: str) -> str:
    """What was said to Sluice, without the mention."""
    return _MENTION.sub("", clean(text), count=1).strip()


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
