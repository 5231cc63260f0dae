"""What a template may ask for about notices: what the viewer wishes, what waited, and why something came."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from babel.dates import get_day_names

from bot.cards.language import _
from bot.cards.part import Part
from bot.cards.words import BABEL
from bot.notices import NOTICES
from crm.errors import OldCard
from crm.rules.notices import GROUPS, MUTABLE, NEVER_LOST, Mode, Wishes
from crm.rules.sections.watching import DAYS
from crm.services import digest_orders, mailbox, preferences
from crm.services.digest_orders import Order, Place
from crm.services.mailbox import Told

SINGLY = 3
# Between a name and Chinese words stands a space, between Chinese words none.
_GAP = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
NAMES = {
    "reminders": _("Reminders"), "leads": _("New leads and offers"), "warnings": _("Warnings"),
    "losses": _("Leads you lose"), "news": _("News of your leads"), "pool": _("Pool news"),
    "copies": _("Team copies"), "team": _("Team matters"), "digests": _("Digests"),
}  # fmt: skip
WHAT = {
    "reminders": _("What you asked to be reminded of, at its minute."),
    "leads": _("Leads that are dealt, given or offered to you."),
    "warnings": _("Leads of yours that go back to the pool soon, or wait for your first call."),
    "losses": _("Leads that went back to the pool or to a colleague."),
    "news": _("A customer of yours comes in again, a parked lead is back, a hold begins or ends."),
    "pool": _("What comes into a pool from which you may claim, where it reaches you in private."),
    "copies": _("Warnings of your team, and first calls that are late."),
    "team": _("Leads that nobody can take, stopped runs, what lies on your desk."),
    "digests": _("Digests that you asked for, and the week's health card."),
}  # fmt: skip
CAVEATS = {
    "reminders": _("Switched off, they come together once a day; today shows them all the time."),
    "leads": _("An offer with a timer comes all the same while you are on duty: off ends that."),
    "losses": _("Switched off, it comes once a day: nobody loses a lead without being told."),
}
# Where it is to be seen what is switched off.
ELSEWHERE = {
    "leads": _("my"), "warnings": _("Today"), "news": _("my"), "pool": _("pool"), "copies": _("notify missed"),
    "team": _("notify missed"), "digests": _("digest"),
}  # fmt: skip
OF_MANAGERS = ("copies", "team", "digests")
CHATS = {"slack": "Slack", "wecom": _("WeCom"), "playground": _("playground")}


@dataclass(frozen=True, slots=True)
class Line:
    """A topic group as somebody has it."""

    group: str
    name: str
    detail: str
    what: str
    caveat: str
    mode: Mode
    chat: str
    chats: list[str]


@dataclass(frozen=True, slots=True)
class Shown:
    """All of somebody's wishes, in words; `own` where they are not all the organization's."""

    lines: list[Line]
    quiet: str
    per_day: int | None
    summary: str
    muted: list[str]
    own: bool


@dataclass(frozen=True, slots=True)
class Row:
    """Messages that one line stands for: the card that shows them, how they are called without it, where they are."""

    card: str
    args: dict[str, Any]
    name: str
    detail: str
    value: str


@dataclass(frozen=True, slots=True)
class Rows:
    rows: list[Row]
    many: int


@dataclass(frozen=True, slots=True)
class Ordered:
    """A digest that comes by itself, in words."""

    team: str
    when: str


@dataclass(frozen=True, slots=True)
class Why:
    """Why one message came, and how its topic group stands."""

    because: str
    to_group: bool
    group: str
    name: str
    detail: str
    ref: str
    mutable: bool


class NoticeFacts(Part):
    """The part of `Facts` that is about notices."""

    def wishes(self) -> Shown:
        """What the viewer wishes to be told."""
        held = preferences.wishes(self.uow, self.viewer.id)
        groups = [group for group in GROUPS if self.viewer.is_manager or group not in OF_MANAGERS]
        return Shown(
            lines=[self._line(held, group, []) for group in groups], quiet=str(held.quiet) if held.quiet else "",
            per_day=held.per_day, summary=f"{held.summary:%H:%M}",
            muted=[self.lead_ref(lead_id) for lead_id in held.silent_leads(self.uow.now)],
            own=preferences.are_own(self.uow, self.viewer),
        )  # fmt: skip

    def digest_orders(self, group: int | None) -> list[Ordered]:
        """The digests that come to a group, or to the viewer."""
        place = Place(group, None if group else self.viewer.id)
        return [Ordered(one.team, self._when(one)) for one in digest_orders.of(self.uow, place)]

    def _when(self, order: Order) -> str:
        at, soon = f"{order.at:%H:%M}", self.words.at(order.next_at)
        if order.every == digest_orders.DAILY:
            return self.words.say(_("each day at {at}; next: {soon}"), at=at, soon=soon)
        day = get_day_names(locale=BABEL[self.words.locale])[DAYS.index(order.every)]
        return self.words.say(_("each {day} at {at}; next: {soon}"), day=day, at=at, soon=soon)

    def wish(self, group: str) -> Line:
        """One topic group, with the chats to choose from."""
        held = preferences.wishes(self.uow, self.viewer.id)
        return self._line(held, group, preferences.chats(self.uow, self.viewer))

    def chat_name(self, platform: str) -> str:
        return self.words.say(CHATS.get(platform, platform))

    def just_tuned(self) -> bool:
        """Whether `undo` would take back a change of the wishes."""
        return preferences.can_undo(self.uow, self.viewer)

    def bundled(self, messages: list[int]) -> Rows:
        """What waited, a line for each thing or for many of a kind."""
        return self._rows(mailbox.some(self.uow, actor=self.viewer, ids=messages))

    def missed(self) -> Rows:
        """What did not come to the viewer by itself."""
        return self._rows(mailbox.missed(self.uow, actor=self.viewer))

    def told(self, message: int) -> Why:
        """Why a message came. Raises OldCard."""
        found = mailbox.told(self.uow, actor=self.viewer, message_id=message)
        group = NOTICES[found.topic].group
        if not group:
            raise OldCard
        several = "each" in found.card
        push = {"topic": found.topic, "lead": None if several else found.lead_id, "to_group": found.to_group}
        held = None if found.to_group else self._line(preferences.wishes(self.uow, self.viewer.id), group, [])
        return Why(
            because=self.because(push), to_group=found.to_group, group=group,
            name=held.name if held else "", detail=held.detail if held else "", mutable=group in MUTABLE,
            ref=self.lead_ref(found.lead_id) if found.lead_id and not several else "",
        )  # fmt: skip

    def because(self, push: Mapping[str, Any]) -> str:
        """The sentence that says why somebody got this. Args: push: its topic, its lead, and whether a group got it."""
        if push["to_group"]:
            return self.words.say(_("It comes here because this group is bound to its team or pool."))
        lead = self.lead_ref(push["lead"]) if push["lead"] else self.words.say(_("each of these leads"))
        why = self.words.say(NOTICES[push["topic"]].why, lead=lead)
        return _GAP.sub("", self.words.say(_("You get this because {why}."), why=why))

    def _line(self, held: Wishes, group: str, chats: list[str]) -> Line:
        chat = held.chats.get(group, "")
        detail = [self._how(held, group), *([self.chat_name(chat)] if chat else [])]
        return Line(
            group=group, name=self.words.say(NAMES[group]), detail=" · ".join(detail),
            what=self.words.say(WHAT[group]), caveat=self.words.say(CAVEATS[group]) if group in CAVEATS else "",
            mode=held.mode(group), chat=chat, chats=chats,
        )  # fmt: skip

    def _how(self, held: Wishes, group: str) -> str:
        mode, at = held.mode(group), f"{held.summary:%H:%M}"
        if mode == "on":
            return self.words.say(_("at once"))
        if mode == "summary" or group in NEVER_LOST:
            return self.words.say(_("once a day, at {at}"), at=at)
        return self.words.say(_("off; to be seen with: {word}"), word=self.words.say(ELSEWHERE[group]))

    def _rows(self, messages: Sequence[Told]) -> Rows:
        return Rows([self._row(bundle) for bundle in bundles(messages)], len(messages))

    def _row(self, bundle: list[Told]) -> Row:
        topic = bundle[0].topic
        name = self.words.say(NAMES[NOTICES[topic].group])
        value = f"{topic} {bundle[-1].id} {bundle[0].id}"
        return Row(*call_of(bundle), name, f"{name} · {self.words.at(bundle[0].at)}", value)


def bundles(messages: Sequence[Told]) -> Iterator[list[Told]]:
    """Messages by topic, the newest first: a few come singly, more of a kind together where there is a card for it."""
    order = {topic: number for number, topic in enumerate(NOTICES)}
    for topic, found in groupby(sorted(messages, key=lambda one: (order[one.topic], -one.id)), lambda one: one.topic):
        same = list(found)
        if len(same) > SINGLY and (NOTICES[topic].several or all("leads" in one.card for one in same)):
            yield same
        else:
            yield from ([one] for one in same)


def call_of(bundle: Sequence[Told]) -> tuple[str, dict[str, Any]]:
    """The card that shows these messages of one topic, and its arguments."""
    newest, notice = bundle[0], NOTICES[bundle[0].topic]
    each = [inner for one in reversed(bundle) for inner in one.card.get("each", [one.card])]
    if notice.several and len(each) > 1:
        return notice.several, {"topic": newest.topic, "each": each, "leads": _leads(each)}
    if len(bundle) > 1 and "leads" in newest.card:
        return notice.card, newest.card | {"leads": list(dict.fromkeys(_all(one.card["leads"] for one in bundle)))}
    return notice.card, each[0]


def _leads(each: Iterable[dict[str, Any]]) -> list[int]:
    return list(dict.fromkeys(one["lead"] for one in each if one.get("lead")))


def _all(lists: Iterable[list[int]]) -> Iterator[int]:
    for one in lists:
        yield from one
