"""Two companies with one lead that must not get out, everything that can stand around it, and twelve people.

All of it is made once; a cell of the table happens in a savepoint that is rolled back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from bot import identity, router
from bot.cards import render
from bot.cards.facts import Facts
from bot.charts import draw
from bot.context import Context, Reply
from bot.errors_shown import refusal_reply
from bot.interaction import Interaction
from bot.platforms.base import Workspace
from crm.clock import DrivenClock
from crm.db import Database
from crm.errors import Refusal
from crm.services import breaker, decisions, dispatch, dropped_sheets, members, rehearsing
from crm.settings import Settings
from crm.uow import UnitOfWork
from tests import build
from tests.bot.cards.scene import Scene

# What must not be read by whoever may not: of the lead itself, and of how to reach the customer.
NAME, FIRM, MEMO = "Zephyrina Quillfeather", "Obsidian Kestrel", "heliotrope memorandum"
PHONE, MAIL = "13987654321", "zephyrina@kestrel.example"
FREE_PHONE, NORTHERN = "13987650000", "Thorvald Northerly"
RULES = """
claim: {reveals_per_day: 5}
extend: {by: 2d}
dispatch:
- {name: ads, when: {field: level, value: A}, to: {members: [ann@acme.example]}, mode: offer, nobody: hold}
- {name: desk, when: {field: level, value: B}, to: {departments: [north]}, mode: desk, nobody: hold}
"""
SEATS = (
    "owner", "mate", "manager", "stranger", "rival", "quality", "marketing", "admin", "foreign", "gone", "guest", "bot",
)  # fmt: skip
WHO = {
    "owner": "ann", "mate": "bob", "manager": "mia", "stranger": "cyd", "rival": "max", "quality": "qin",
    "marketing": "mark", "admin": "ada", "foreign": "ada", "gone": "rob",
}  # fmt: skip
_HIRE = text(
    """
    with hired as (
        insert into member (org_id, name, email, role, department_id, active, on_duty, tags, preferences, joined_at,
                            toured_at)
        values (:o, :name, :name || '@acme.example', :role, :team, :active, true, '{}', '{}', :now, :now) returning id
    ), known as (
        insert into chat_identity (org_id, workspace_id, member_id, external_id)
        select :o, :workspace, id, :user from hired
    )
    insert into rep_load (org_id, member_id, holding, day, day_claims, week, week_claims, dealt_day)
    select :o, id, 0, cast(:now as date), 0, cast(:now as date), 0, 0 from hired returning member_id
    """
)


class Attempt(Protocol):
    def __call__(
        self, seat: str, deed: Callable[[Context], Any], *, look: bool = True, role: str | None = None
    ) -> Cell: ...


@dataclass(frozen=True)
class Cell:
    """What came of one try: `+` done, `-` refused, `0` not found; and all that was shown or said."""

    outcome: str
    why: str
    shown: str


class Stage:
    """Both companies and what stands around the lead, by name in `given`."""

    def __init__(self, database: Database, time: DrivenClock) -> None:
        self.database, self.time = database, time
        self.scene = Scene(database, time)
        self.acme, self.other = self.scene.acme, build.company(database)
        self.settings = Settings(secret_key=SecretStr(build.SECRET))
        self.given: dict[str, Any] = {}
        self._drawn: dict[tuple[int, int, str], str] = {}
        with self.scene.uow() as uow:
            build.rule_set(uow, RULES)
            for name, part in (("qin", "quality"), ("mark", "marketing"), ("eve", "admin"), ("rob", "rep")):
                self._hire(uow, name, part)
            uow.session.execute(text("update member set active = false where name = 'rob'"))
        self._leads()
        self._around()

    def _hire(self, uow: UnitOfWork, name: str, role: str) -> None:
        team = "north" if role == "rep" else "company"
        who = {"o": uow.org_id, "name": name, "role": role, "team": self.acme.department[team], "active": True}
        who |= {"workspace": self.acme.workspace["playground"], "user": f"{name}{uow.org_id}", "now": uow.now}
        self.acme.member[name] = uow.session.execute(_HIRE, who).scalar_one()  # type: ignore[index]

    def _leads(self) -> None:
        secret = {"name": NAME, "firm": FIRM, "amount": 7654}
        self.given["owned"] = self.scene.lead(owner="ann", pool="north", phone=f"+86{PHONE}", **secret)
        self.given["free"] = self.scene.lead(name="Free Fred", firm="Openly", phone=f"+86{FREE_PHONE}")
        self.given["won"] = self.scene.lead(owner="ann", pool="north", name=NAME, firm=FIRM, status="won", stage="won")
        self.given["twin"] = self.scene.lead(owner="ann", pool="north", name=f"{NAME} II", firm=FIRM)
        self.given["parked"] = self.scene.lead(owner="ann", pool="north", name=NAME, firm=FIRM)
        self.given["held"] = self.scene.lead(owner="ann", pool="north", name=NAME, firm=FIRM)
        self.given["shielded"] = self.scene.lead(owner="ann", pool="north", name=NAME, firm=FIRM)
        with self.scene.uow() as uow:
            mail = text("insert into person_key (org_id, person_id, kind, value) values (:o, :p, 'email', :mail)")
            uow.session.execute(mail, {"o": uow.org_id, "p": self._lead(uow, "owned").person_id, "mail": MAIL})
        for name, level in (("offered", "A"), ("desked", "B")):
            self.given[name] = self.scene.lead(name=NORTHERN, firm="Openly", pool="north", level=level)
            with self.scene.uow() as uow:
                dispatch.dispatch(uow, self.scene.id_of(self.given[name]))
        self.scene.start_clocks()
        won = "update assignment set ended_at = :at, ended_by = 'converted' where org_id = :o and lead_id = :lead"
        self.scene.write(won, at=build.NOW, lead=self.scene.id_of(self.given["won"]))

    def _around(self) -> None:
        """What the owner and the manager have done, and what waits for them."""
        say, ref = self.scene.say, self.given["owned"]
        say("ann", f"log {ref} called, {MEMO}, call back tomorrow 3pm")
        say("ann", f"nurture {self.given['parked']} until 1 May")
        say("mia", f"hold {self.given['held']} until Friday moving house")
        say("ann", f"protect {self.given['shielded']}")
        say("ann", "list hot = stage new")
        say("ann", f"mute {ref}")
        say("mia", "remind team tomorrow 3pm send the catalogue")
        say("ann", f"ask {ref} @Mia {MEMO}?")
        job = say("ann", f"new {NAME} Junior, {FIRM}, 13800138111").reply.args["job"]
        self.given["event"] = say("mia", "event new Winter Fair, Hall 3, Saturday 2pm").reply.args.get("event")
        self.given["move"] = say("mia", "move 1 from Open to North").reply.args["run"]
        self.given["bulk"] = say("mia", "close all stage new lost no answer").reply.args["run"]
        self.given |= {
            "org": self.acme.org_id,
            "job": job,
            "lead_id": self.scene.id_of(ref),
            "free_id": self.scene.id_of(self.given["free"]),
        }
        with self.scene.uow() as uow:
            self.given |= self._newest(uow) | self._made(uow)

    def _newest(self, uow: UnitOfWork) -> dict[str, Any]:
        found = {
            "task": "select max(id) from task where lead_id is not null and state = 'open'",
            "team_task": "select max(id) from task where department_id is not null",
            "activity": "select max(id) from activity where verb = 'logged'",
            "question": "select max(number) from question where org_id = :o",
            "list": "select max(id) from saved_list",
            "desk": "select max(id) from run where kind = 'desk'",
        }
        return {name: uow.session.scalar(text(statement), {"o": uow.org_id}) for name, statement in found.items()}

    def _made(self, uow: UnitOfWork) -> dict[str, Any]:
        ann, mia, lead = self.acme.member["ann"], self.acme.member["mia"], self._lead(uow, "owned")
        made = rehearsing.start(uow, written="claim: {per_day: 7}", actor=members.get(uow, mia))
        team = {"team": self.acme.department["north"], "due": 9, "open": 9, "answer": None, "rules": uow.rule_set_id}
        person = lead.person_id, self._lead(uow, "twin").person_id
        rows = {
            "line": (
                "insert into pending_line (org_id, member_id, command, words, files, created_at, expires_at)"
                " values (:o, :ann, 'log', :memo, '{}', :now, :later) returning id"
            ),
            "file": (
                "insert into attachment (org_id, member_id, workspace_id, lead_id, name, mime, size, handle, state,"
                " content, created_at) values (:o, :ann, :workspace, :lead, :memo, 'image/png', 3, '{}', 'kept', 'abc',"
                " :now) returning id"
            ),
            "pair": (
                "insert into duplicate (org_id, left_id, right_id, lead_id, score, reasons, state, asked_id, at,"
                " due_at) values (:o, :left, :right, :lead, 90, '[[\"name\", 50]]', 'asked', :mia, :now, :later)"
                " returning id"
            ),
            "hand_over": (
                "insert into hand_over (org_id, member_id, kind, state, opened_at, due_at, counters)"
                " values (:o, :rob, 'left', 'open', :now, :later, '{}') returning id"
            ),
            "message": (
                "insert into message (org_id, topic, key, member_id, lead_id, card, state, attempt, created_at, due_at)"
                " values (:o, 'lead.assigned', 'told', :ann, :lead, cast(:card as jsonb), 'held', 0, :now, :now)"
                " returning id"
            ),
        }  # fmt: skip
        args = {
            "o": uow.org_id, "ann": ann, "mia": mia, "rob": self.acme.member["rob"], "lead": lead.id, "memo": MEMO,
            "now": uow.now,
            "later": build.NEVER, "workspace": self.acme.workspace["playground"], "left": min(person),
            "right": max(person), "card": json.dumps({"lead": lead.id, "by": mia}),
        }  # fmt: skip
        return {name: uow.session.scalar(text(statement), args) for name, statement in rows.items()} | {
            "rehearsal": made.id, "stopped": decisions.open_run(uow, breaker.KIND, team), "ann": ann,
            "bob": self.acme.member["bob"], "rob": self.acme.member["rob"],
            "person": person[1], "north": self.acme.department["north"], "sheet": self._sheet(uow, ann),
        }  # fmt: skip

    def _sheet(self, uow: UnitOfWork, member_id: int) -> int:
        """A list of customers that waits for the tap of who dropped it."""
        actor = members.get(uow, member_id)
        job = dropped_sheets.announce(
            uow, actor=actor, workspace_id=self.acme.workspace["playground"], name="leads.csv", handle={}
        )
        found = {
            "header": ["name", "phone"], "mapping": {"0": "name", "1": "phone"}, "rows": 1, "usable": 1, "wrong": 0,
            "known": 0, "counting": False, "keyless": False, "problems": [],
        }  # fmt: skip
        dropped_sheets.show(uow, job.id, digest="", sample=[[NAME, PHONE]], found=found)
        return job.id

    def _lead(self, uow: UnitOfWork, name: str) -> Any:
        return build.read(uow, self.scene.id_of(self.given[name]))

    @contextmanager
    def tries(self) -> Iterator[Attempt]:
        """One transaction in which any number of people try things, each on what there was before."""
        with self.database.session() as session, session.begin(), pytest.MonkeyPatch.context() as patch:
            # A chart's text instead of its pixels, which take longer than all the rest and tell nobody anything here.
            patch.setattr(draw, "png", lambda chart: draw.svg(chart).encode())

            def attempt(
                seat: str, deed: Callable[[Context], Any], *, look: bool = True, role: str | None = None
            ) -> Cell:
                """Let somebody do something.

                Args: look: also draw the answer; a refusal is always drawn. role: what the person has become before.
                """
                with session.begin_nested() as savepoint:
                    context = self._context(UnitOfWork(session, self.time), seat, role)
                    try:
                        done = deed(context)
                        cell = Cell("+", "", _seen(context, done) if look else "")
                    except Refusal as refusal:
                        cell = self._refused(context, refusal)
                    except Exception as mistake:  # noqa: BLE001  (a crash is an outcome, too, and the row says of what)
                        cell = Cell("!", repr(mistake), "")
                    savepoint.rollback()
                # What is read once in a transaction is read anew by the next person.
                session.info.clear()
                return cell

            yield attempt
            session.rollback()

    def _context(self, uow: UnitOfWork, seat: str, role: str | None) -> Context:
        home = self.other if seat == "foreign" else self.acme
        uow.open(home.org_id)
        if role:
            become = text("update member set role = :role where org_id = :o and id = :id")
            uow.session.execute(become, {"role": role, "o": uow.org_id, "id": home.member[WHO[seat]]})
        workspace = Workspace(home.workspace["playground"], uow.org_id, "playground", "")
        user = f"{WHO[seat]}{home.org_id}" if seat in WHO else f"{seat}-unknown"
        asked = Interaction("playground", workspace.external_id, user, "key")
        member = identity.member_of(uow, workspace, asked, asked=True)
        return Context(uow, asked, workspace, self.settings, member, identity.viewer_for(uow, member, asked))

    def _refused(self, context: Context, refusal: Refusal) -> Cell:
        """What a refusal says, as the person sees it; the same one is drawn once."""
        said = f"{refusal.code} {refusal.data}"
        who = context.uow.org_id, context.viewer.id if "_id" in said or "lead" in said else 0, said
        if who not in self._drawn:
            self._drawn[who] = _seen(context, refusal_reply(context, refusal))
        outcome = "0" if refusal.code.endswith("_not_found") else "-"
        return Cell(outcome, refusal.code, f"{said} {self._drawn[who]}")


def typed(words: str) -> Callable[[Context], Reply | None]:
    """What a person says."""
    return lambda context: _route(context, kind="command", text=words)


def tapped(action: str, value: str, **fields: str) -> Callable[[Context], Reply | None]:
    """What a person taps, or answers in a form."""
    return lambda context: _route(context, kind="action", action=action, value=value, fields=fields)


def _route(context: Context, **what: Any) -> Reply | None:
    context.interaction = replace(context.interaction, **what)
    return router.route(context) or Reply("dismissed")


def _seen(context: Context, reply: Any) -> str:
    """All that an answer says: a card as it is drawn, anything else as it is."""
    if not isinstance(reply, Reply):
        return repr(reply)
    facts = Facts(context.uow, context.viewer, "playground")
    if reply.form:
        return repr(render.form(reply.name, reply.args, facts))
    return repr(render.card(reply.name, {**reply.args, **reply.once, **reply.known}, facts))
