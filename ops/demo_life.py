"""One lead of the demo lives through its weeks: everything that happens to it is done by the services, at its own time.

A life is one transaction, so the workers of a running demo never meet a lead that is still in its past.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from crm.errors import Refusal
from crm.models import Source
from crm.rules.access import Actor
from crm.services import (
    assignments,
    first_response,
    follow_ups,
    handing,
    intake,
    leads,
    pipeline,
    recycling,
    shields,
    tasks,
    warnings,
)
from crm.services.follow_ups import FollowUp
from crm.uow import UnitOfWork
from ops import demo_names
from ops.demo_story import RECENTLY, REPS, Beat, Rep, Script, working

LONGEST = 60
BY_ITSELF = frozenset({"recycle", "silence"})
NEXT_STAGE = {"new": "contacted", "contacted": "qualified", "qualified": "quote"}
_STATE = text(
    """
    select l.id, l.status, l.stage, l.owner_id, l.assigned_at, l.followed_up_at, l.recycle_at, l.warn_at,
           l.sla_at, o.member_id as asked, o.expires_at,
           (select min(t.due_at) from task t where t.org_id = l.org_id and t.lead_id = l.id and t.state = 'open'
               and t.reminded_at is null) as task_at
    from lead l left join offer o on o.org_id = l.org_id and o.lead_id = l.id and o.state = 'open'
    where l.org_id = :org and l.id = :lead
    """
)


@dataclass(frozen=True, slots=True)
class Cast:
    """The people and sources of the company, by their keys in the story."""

    actors: Mapping[str, Actor]
    sources: Mapping[str, Source]

    def rep_of(self, member_id: int) -> Rep:
        return next(rep for rep in REPS if self.actors[rep.key].id == member_id)


def live(uow: UnitOfWork, cast: Cast, script: Script, present: datetime, until: datetime, *, over: bool = False) -> int:
    """Let a lead come in and live; returns its id.

    Args:
        present: when the story was made up; nobody does anything later.
        until: now. What fell due in between has happened too, so that nobody is told of it as if it were news.
        over: nobody holds it in the end, so that no desk changes under those who try the demo meanwhile.
    """
    life = _Life(uow, cast, script, present)
    life.enter()
    for _ in range(LONGEST):
        state = life.state()
        beat = life.next(state)
        if beat is None or beat.at >= (until if beat.what in BY_ITSELF else present):
            life.settle(state, until)
            break
        life.settle(state, beat.at)
        life.play(beat)
    if over:
        life.close(until)
    return life.lead_id


class _Life:
    def __init__(self, uow: UnitOfWork, cast: Cast, script: Script, present: datetime) -> None:
        self.uow, self.cast, self.script = uow, cast, script
        self.luck = luck = script.luck
        self.lead_id, self.at, self.claims = 0, script.enters, 0
        self.week_began = present - RECENTLY
        self.written: Iterator[Beat] | None = None if script.beats is None else iter(script.beats)
        self.customer = demo_names.customer(luck, script.number, chinese=script.origin.chinese)
        self.promise = min(max(luck.gauss(script.origin.promise, 0.2), 0.02), 0.98)

    def enter(self) -> None:
        self.uow.now = self.script.enters
        source = self.cast.sources[self.script.origin.source]
        self.lead_id = intake.take_in(self.uow, source=source, arrival=self.customer).lead_id

    @property
    def _ref(self) -> str:
        return f"L-{leads.number_of(self.uow, self.lead_id)}"

    def state(self) -> Any:
        return self.uow.session.execute(_STATE, {"org": self.uow.org_id, "lead": self.lead_id}).one()

    def next(self, state: Any) -> Beat | None:
        """What happens next: what is written, or chance; the recycle run comes first if it is due earlier."""
        if state.status != "open":
            return None
        if state.asked and self.written is None:
            return self._asked(self.cast.rep_of(state.asked), state.expires_at)
        beat = next(self.written, None) if self.written is not None else self._chance(state)
        if state.recycle_at and (beat is None or state.recycle_at <= beat.at):
            return Beat(state.recycle_at, "recycle")
        return beat

    def settle(self, state: Any, until: datetime) -> None:
        """Warnings, nudges and reminders that fell due before `until` happen at their time."""
        state = self._catch_up(state, "warn_at", warnings.warn_due, until)
        state = self._catch_up(state, "sla_at", first_response.climb, until)
        if state.task_at and state.task_at < until:
            self.uow.now = state.task_at
            tasks.remind_due(self.uow)

    def _catch_up(self, state: Any, due: str, work: Callable[[UnitOfWork], int], until: datetime) -> Any:
        """Do what is due before `until`, while that moves the deadline: in shadow time no warning does."""
        while (at := getattr(state, due)) and at < until:
            self.uow.now = at
            work(self.uow)
            state = self.state()
            if getattr(state, due) == at:
                break
        return state

    def close(self, until: datetime) -> None:
        """Whoever holds it, or is asked to, lets it go as lost some days after the last word."""
        state = self.state()
        holder = state.owner_id or state.asked
        if state.status != "open" or holder is None:
            return
        at = min(max(self.at, state.assigned_at or self.at) + timedelta(days=self.luck.uniform(0.2, 4)), until)
        who = self.cast.rep_of(holder).key
        if state.asked:
            self.play(Beat(min(state.expires_at, until) - timedelta(seconds=1), "accept", who))
        self.play(Beat(at, "lose", who))

    def play(self, beat: Beat) -> None:
        """Do it. What a service refuses does not happen, as in life."""
        self.uow.now = self.at = beat.at
        try:
            with self.uow.session.begin_nested():
                getattr(self, f"_{beat.what}")(beat)
        except Refusal:
            self.claims += beat.what == "claim"

    def _chance(self, state: Any) -> Beat | None:
        return self._in_pool() if state.owner_id is None else self._owned(self.cast.rep_of(state.owner_id), state)

    def _asked(self, rep: Rep, until: datetime) -> Beat:
        """Who is offered a lead mostly takes it; now and then says no, or nothing."""
        at = self.at + timedelta(minutes=self.luck.uniform(2, 65))
        if at >= until:
            return Beat(until, "silence")
        return Beat(at, "accept" if self.luck.random() < 0.85 else "decline", rep.key)

    def _in_pool(self) -> Beat | None:
        """Somebody claims it after a while, a good lead sooner; some are never wanted."""
        if self.claims >= 3 or self.luck.random() > 0.45 + self.promise * 0.4:
            return None
        wait = timedelta(days=self.luck.expovariate(1 / (0.6 + 4 * (1 - self.promise))))
        rep = self.luck.choice([rep for rep in REPS if rep.team in self.script.origin.teams])
        return Beat(working(self.at + wait + timedelta(minutes=4), self.luck), "claim", rep.key)

    def _owned(self, rep: Rep, state: Any) -> Beat | None:
        if state.followed_up_at is None:
            return self._first_call(rep, state)
        if not rep.hoards and self.luck.random() < 0.13:
            return None
        wait = timedelta(days=self.luck.gauss(rep.rhythm, 0.4 if rep.hoards else rep.rhythm / 2.5))
        at = working(self.at + max(wait, timedelta(hours=3)), self.luck)
        if self.luck.random() < 0.03:
            return Beat(at, "return", rep.key)
        return Beat(at, self._ending(rep, state) or "call", rep.key, self._promised(rep, at))

    def _first_call(self, rep: Rep, state: Any) -> Beat | None:
        care = rep.recent_care if rep.recent_care is not None and state.assigned_at > self.week_began else rep.care
        if self.luck.random() > care:
            return None
        at = working(self.at + timedelta(hours=self.luck.lognormvariate(0, 1.1) * rep.pause), self.luck)
        return Beat(at, "call", rep.key, self._promised(rep, at))

    def _ending(self, rep: Rep, state: Any) -> str | None:
        """A lead in talks is lost now and then, a quoted one is won."""
        chance = self.luck.random()
        if state.stage == "quote" and chance < 0.42 * self.promise * rep.skill:
            return "win"
        return "lose" if chance > (0.86 if self.promise > 0.3 else 0.7) and not rep.hoards else None

    def _promised(self, rep: Rep, at: datetime) -> datetime | None:
        """Now and then a call ends with the promise of another; who hoards always promises one, far ahead."""
        if rep.hoards:
            return at + timedelta(days=rep.rhythm)
        return working(at + timedelta(days=self.luck.uniform(1, 3)), self.luck) if self.luck.random() < 0.35 else None

    def _return(self, _beat: Beat) -> None:
        """The customer asks again."""
        intake.take_in(self.uow, source=self.cast.sources[self.script.origin.source], arrival=self.customer)

    def _claim(self, beat: Beat) -> None:
        self.claims += 1
        assignments.claim(self.uow, actor=self.cast.actors[beat.who], ref=self._ref)

    def _accept(self, beat: Beat) -> None:
        handing.accept(self.uow, actor=self.cast.actors[beat.who], ref=self._ref)

    def _decline(self, beat: Beat) -> None:
        handing.decline(self.uow, actor=self.cast.actors[beat.who], ref=self._ref, reason="full today")

    def _silence(self, _beat: Beat) -> None:
        handing.expire_due(self.uow)

    def _protect(self, beat: Beat) -> None:
        actor = self.cast.actors[beat.who]
        shields.protect(self.uow, actor=actor, lead=leads.access_id(self.uow, actor=actor, lead_id=self.lead_id))

    def _call(self, beat: Beat) -> None:
        actor, rep = self.cast.actors[beat.who], next(rep for rep in REPS if rep.key == beat.who)
        lead = leads.access_id(self.uow, actor=actor, lead_id=self.lead_id)
        said = self._said(rep, lead.stage)
        follow_ups.log(self.uow, actor=actor, lead=lead, said=replace(said, next_at=beat.until))

    def _said(self, rep: Rep, stage: str) -> FollowUp:
        missed = 0.0 if self.written is not None else 0.4 if rep.hoards and stage != "new" else 0.15
        if self.luck.random() < missed:
            return FollowUp(demo_names.said(self.luck, "no_answer", chinese=rep.chinese), "no_answer", "call")
        forward = stage == "new" or self.luck.random() < 0.7 * self.promise * rep.skill
        after = NEXT_STAGE.get(stage) if forward else None
        note = demo_names.said(self.luck, after or "again", chinese=rep.chinese)
        amount = Decimal(self.luck.randrange(8, 120) * 1000) if after == "quote" else None
        how = self.luck.choice(("call", "wechat", "visit"))
        return FollowUp(note, channel=how, stage=after, amount=amount, currency="CNY" if amount else None)

    def _win(self, beat: Beat) -> None:
        actor = self.cast.actors[beat.who]
        pipeline.won(self.uow, actor=actor, lead=leads.access_id(self.uow, actor=actor, lead_id=self.lead_id))

    def _lose(self, beat: Beat) -> None:
        actor, rep = self.cast.actors[beat.who], next(rep for rep in REPS if rep.key == beat.who)
        lead = leads.access_id(self.uow, actor=actor, lead_id=self.lead_id)
        pipeline.lost(self.uow, actor=actor, lead=lead, reason=demo_names.said(self.luck, "lost", chinese=rep.chinese))

    def _recycle(self, _beat: Beat) -> None:
        recycling.take_due(self.uow)
