"""A company in which cards come about, without doors and platforms.

What people say and tap goes through the real router, what falls due through the real jobs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from sqlalchemy import text

from bot import router
from bot.cards import render
from bot.cards.facts import Facts, everybody
from bot.cards.model import Card, Form
from bot.context import Context, Reply
from bot.errors_shown import refusal_reply
from bot.interaction import Interaction
from bot.notices import NOTICES
from bot.platforms.base import Workspace
from crm import jobs
from crm.clock import DrivenClock
from crm.db import Database
from crm.errors import Refusal
from crm.rules.access import Actor
from crm.rules.arrival import Arrival
from crm.services import clocks, dispatch, intake, members, sources
from crm.settings import Settings
from crm.uow import UnitOfWork
from tests import build

GROUP = "group"
RULES = """
dispatch:
- name: web leads
  when: {field: source, value: web}
  to: {departments: [north]}
"""
_OWED = text(
    "select m.card, m.member_id from message m where m.org_id = :o and m.topic = :topic"
    " and (:member = 0 or m.member_id = :member) order by m.id desc limit 1"
)

_ALL_OWED = text("select card, member_id from message where org_id = :o and topic = :topic order by id")


@dataclass(frozen=True)
class Shown:
    """A card by name and ids, and who looks at it: a member's name, or `group`."""

    viewer: str
    reply: Reply


class Scene:
    """One company whose people all speak the same language, at a time that stands still until it is moved."""

    def __init__(self, database: Database, time: DrivenClock) -> None:
        self.database, self.time, self.locale = database, time, "en"
        self.acme = build.company(database, rules=RULES)
        self._keys = count()

    def speak(self, locale: str) -> None:
        """From now on everybody reads that language."""
        self.locale = locale
        self.write("update organization set locale = :l where id = :o", l=locale)

    @contextmanager
    def uow(self) -> Iterator[UnitOfWork]:
        with self.database.begin(self.acme.org_id) as uow:
            yield uow

    def write(self, statement: str, **args: Any) -> None:
        with self.uow() as uow:
            uow.session.execute(text(statement), {"o": self.acme.org_id} | args)

    def lead(self, **facts: Any) -> str:
        """A lead as it lies there; its reference. Phones are fixed, so that every run shows the same."""
        with self.uow() as uow:
            number = next(self._keys)
            lead_id = build.lead(uow, self.acme, **{"phone": f"+8613800138{number:03d}", **facts})
            return f"L-{build.read(uow, lead_id).number}"

    def id_of(self, ref: str) -> int:
        with self.uow() as uow:
            statement = text("select id from lead where org_id = :o and number = :n")
            return uow.session.scalar(statement, {"o": self.acme.org_id, "n": int(ref[2:])})

    def start_clocks(self) -> None:
        """Compute the deadlines of all leads."""
        with self.uow() as uow:
            leads = uow.session.scalars(text("select id from lead where org_id = :o"), {"o": uow.org_id})
            clocks.restart(uow, leads.all())

    def dealt(self, **facts: Any) -> str:
        """A lead that has just come in and was dealt by rule; its reference."""
        ref = self.lead(pool="open", **facts)
        with self.uow() as uow:
            dispatch.dispatch(uow, self.id_of(ref))
        return ref

    def comes_in(self, **contact: str) -> None:
        """Somebody fills in the form of the website."""
        with self.uow() as uow:
            source = sources.get(uow, self.acme.source_id)
            intake.take_in(uow, source=source, arrival=Arrival(**contact))

    def say(self, who: str, words: str, **more: Any) -> Shown:
        """What is answered to a typed line."""
        return self._does(who, Interaction("playground", "", who, f"{next(self._keys)}", text=words, **more))

    def say_by_menu(self, who: str, action: str, words: str) -> Shown:
        """What is answered to an entry of the menu of somebody's message."""
        key = f"{next(self._keys)}"
        return self._does(who, Interaction("playground", "", who, key, "action", action=action, quoted=words))

    def tap(self, who: str, action: str, value: str = "", **fields: str) -> Shown:
        """What is answered to a button or form."""
        key = f"{next(self._keys)}"
        tapped = Interaction("playground", "", who, key, "action", action=action, value=value, fields=fields)
        return self._does(who, tapped)

    def tap_old(self, who: str, action: str, value: str) -> Shown:
        """What is answered to a button of a card that was drawn before the lead changed."""
        key = f"{next(self._keys)}"
        return self._does(who, Interaction("playground", "", who, key, "action", action=action, value=value, version=0))

    def owed(self, topic: str, to: str = "") -> Shown:
        """The newest message of a topic that is owed."""
        with self.uow() as uow:
            args = {"o": self.acme.org_id, "topic": topic, "member": self.acme.member.get(to, 0)}
            card, member_id = uow.session.execute(_OWED, args).one()
        names = {number: name for name, number in self.acme.member.items()}
        return Shown(names.get(member_id, GROUP), Reply(NOTICES[topic].card, card))

    def listed(self, topic: str) -> Shown:
        """All messages of a topic that are owed, as the list that stands for them."""
        with self.uow() as uow:
            rows = uow.session.execute(_ALL_OWED, {"o": self.acme.org_id, "topic": topic}).all()
        names = {number: name for name, number in self.acme.member.items()}
        each = [row.card for row in rows]
        args = {"topic": topic, "each": each, "leads": [one["lead"] for one in each]}
        return Shown(names[rows[0].member_id], Reply(NOTICES[topic].several, args))

    def newest(self, uow: UnitOfWork) -> int:
        """The number of the message that was owed last."""
        found = text("select max(id) from message where org_id = :o")
        return int(uow.session.execute(found, {"o": self.acme.org_id}).scalar_one())

    def shown(self, viewer: str, name: str, **args: Any) -> Shown:
        """A card that only an accident would bring about."""
        return Shown(viewer, Reply(name, args))

    def shown_form(self, viewer: str, name: str, **args: Any) -> Shown:
        """A form, likewise."""
        return Shown(viewer, Reply(name, args, form=True))

    def falls_due(self, **span: float) -> None:
        """Let the clock run on and do what is due."""
        self.time.advance(**span)
        for duty in jobs.DUTIES:
            duty(self.database, self.acme.org_id)

    def draw(self, shown: Shown, platform: str = "playground") -> Card | Form:
        """The card as its viewer sees it."""
        with self.uow() as uow:
            facts = Facts(uow, self.viewer(uow, shown.viewer), platform)
            reply = shown.reply
            if reply.form:
                return render.form(reply.name, reply.args, facts)
            return render.card(reply.name, {**reply.args, **reply.once}, facts)

    def viewer(self, uow: UnitOfWork, name: str) -> Actor:
        if name == GROUP:
            return everybody(uow.org_id, members.zone("Asia/Shanghai"), self.locale)
        return members.get(uow, self.acme.member[name])

    def _does(self, who: str, interaction: Interaction) -> Shown:
        try:
            with self.uow() as uow:
                return Shown(who, router.route(self._context(uow, who, interaction)) or Reply("dismissed"))
        except Refusal as refusal:
            with self.uow() as uow:
                return Shown(who, refusal_reply(self._context(uow, who, interaction), refusal))

    def _context(self, uow: UnitOfWork, who: str, interaction: Interaction) -> Context:
        actor = members.get(uow, self.acme.member[who])
        workspace = Workspace(self.acme.workspace["playground"], uow.org_id, "playground", "")
        settings = Settings(secret_key=build.SECRET)
        return Context(uow, interaction, workspace, settings, actor, replace(actor))
