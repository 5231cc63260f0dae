"""One function for what is shown, warned of and done: over random histories the countdown on the card is the moment at
which the sweep takes the lead, and each warning of the ladder comes once, in order, before it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from crm import jobs
from crm.clock import DrivenClock
from crm.db import Database
from crm.errors import Refusal
from crm.rules.recycle import warnings as ladder
from crm.services import (
    assignments,
    calendars,
    clocks,
    follow_ups,
    holding,
    leads,
    members,
    nurturing,
    pauses,
    pipeline,
    recycling,
    rules_admin,
    tasks,
    warnings,
)
from crm.services.follow_ups import FollowUp
from crm.uow import UnitOfWork
from tests import build
from tests.rounds import rounds

HOUR, DAY, A_TICK = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
LADDER = "warn: [2d, {before: 1d, copy: [manager, above]}, 2h]\nbreaker: {at_least: 100000}\n"
RULE_SETS = (
    LADDER + "recycle: [{name: calls, no_follow_up: 5d, leave: pauses}, {name: stuck, stuck_in_stage: 9d}]",
    LADDER + "recycle: [{name: calls, no_follow_up: 3wd}, {name: first, no_first_contact: 12wh}]",
    LADDER + "recycle: [{name: calls, no_follow_up: 60h}, {name: sale, not_converted: 20d, leave: pauses}]\n"
    "exempt: [{name: deal, when: {field: stage, value: quote}}]",
)  # fmt: skip
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["log", "note", "plan", "leave", "stage", "extend", "rules", "pause", "resume", "hold", "unhold", "park",
             "fetch", "hand over", "release", "wait", "protect"]
        ),
        st.integers(1, 120),
    ),
    max_size=7,
)  # fmt: skip


@dataclass
class Story:
    """One lead and what happens to it, each step in a transaction of its own."""

    database: Database
    time: DrivenClock
    acme: build.Company
    lead_id: int = 0

    def begin(self) -> None:
        with self.database.begin(self.acme.org_id) as uow:
            self.lead_id = build.lead(uow, self.acme, owner="ann")
            clocks.restart(uow, [self.lead_id])

    def does(self, deed: str, size: int) -> None:
        self.time.advance(hours=size / 7)
        with suppress(Refusal), self.database.begin(self.acme.org_id) as uow:
            mia = members.get(uow, self.acme.member["mia"])
            lead = leads.access_id(uow, actor=mia, lead_id=self.lead_id)
            who = mia if lead.owner_id is None else members.get(uow, lead.owner_id)
            self.one(uow, deed, size, leads.access_id(uow, actor=who, lead_id=self.lead_id), who, mia)
        jobs.refresh_deadlines(self.database, org_id=self.acme.org_id)

    def one(self, uow: UnitOfWork, deed: str, size: int, lead: Any, who: Any, mia: Any) -> None:
        later = uow.now + size * HOUR
        calls = {
            "log": lambda: follow_ups.log(uow, actor=who, lead=lead, said=FollowUp("called", outcome="connected")),
            "note": lambda: follow_ups.note(uow, actor=who, lead=lead, words="speaks French"),
            "plan": lambda: tasks.remind(uow, actor=who, lead=lead, at=later),
            "leave": lambda: self.away(uow, who.id, later.date(), size // 20),
            "stage": lambda: pipeline.move(
                uow, actor=who, lead=lead, stage=pipeline.stages(uow, lead.id)[size % 4]
            ),
            "extend": lambda: warnings.extend(uow, actor=who, lead=lead),
            "rules": lambda: rules_admin.apply(uow, written=RULE_SETS[size % 3]),
            "pause": lambda: pauses.pause(uow, actor=mia, name="calls", until=later, reason="a fair"),
            "resume": lambda: pauses.resume(uow, actor=mia, name="calls"),
            "hold": lambda: holding.hold(uow, actor=mia, lead=lead, until=later, reason="moving"),
            "unhold": lambda: holding.unhold(uow, actor=mia, lead=lead),
            "park": lambda: nurturing.nurture(uow, actor=who, lead=lead, until=later),
            "fetch": lambda: nurturing.fetch(uow, actor=who, lead=lead),
            "hand over": lambda: assignments.assign(
                uow, actor=mia, lead=lead, to=members.get(uow, self.acme.member[("ann", "bob")[size % 2]])
            ),
            "release": lambda: assignments.release(uow, actor=who, lead=lead, reason="no time"),
            "protect": lambda: self.protected(uow, later),
            "wait": lambda: None,
        }  # fmt: skip
        calls[deed]()

    def away(self, uow: UnitOfWork, member: int, first: date, days: int) -> None:
        uow.session.execute(
            text("insert into leave (org_id, member_id, starts_on, ends_on) values (:o, :m, :f, :l)"),
            {"o": uow.org_id, "m": member, "f": first, "l": first + days * DAY},
        )
        clocks.restart_of(uow, [member])

    def protected(self, uow: UnitOfWork, until: datetime) -> None:
        uow.session.execute(text("update lead set protected_until = :u where id = :l"), {"u": until, "l": self.lead_id})
        clocks.restart(uow, [self.lead_id])

    def shown(self) -> datetime | None:
        """The countdown as a card shows it."""
        with self.database.begin(self.acme.org_id) as uow:
            ada = members.get(uow, self.acme.member["ada"])
            return leads.access_id(uow, actor=ada, lead_id=self.lead_id).recycle_at

    def owner(self) -> int | None:
        with self.database.begin(self.acme.org_id) as uow:
            return build.read(uow, self.lead_id).owner_id

    def tick(self) -> None:
        for duty in (jobs.set_free, recycling.sweep, recycling.warn):
            duty(self.database, self.acme.org_id)

    def warned(self) -> list[int]:
        """The steps of the ladder of which the owner was told since the last look."""
        with self.database.begin(self.acme.org_id) as uow:
            found = (
                "delete from message where org_id = :o and topic = 'lead.warning' returning id, card->>'step' as step"
            )
            return [int(row.step) for row in sorted(uow.session.execute(text(found), {"o": uow.org_id}))]

    def to_come(self) -> list[tuple[int, datetime]]:
        """The warnings that are still to come, by step: of several at one moment the last."""
        with self.database.begin(self.acme.org_id) as uow:
            lead = build.read(uow, self.lead_id)
            if lead.recycle_at is None or lead.warn_at is None:
                return []
            calendar = calendars.for_member(uow, lead.owner_id)
            moments = ladder(lead.recycle_at, rules=uow.rules, calendar=calendar)
            coming = {moment: step for step, moment in enumerate(moments) if step >= lead.warn_step}
            return [(step, moment) for moment, step in sorted(coming.items())]


@pytest.mark.timeout(900)
@given(steps=STEPS, start=st.sampled_from(RULE_SETS))
@settings(max_examples=rounds(short=6, full=150), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_countdown_that_is_shown_is_the_moment_at_which_the_sweep_takes_the_lead(
    database: Database, time: DrivenClock, steps: list[tuple[str, int]], start: str
) -> None:
    time.set(build.NOW)
    story = Story(database, time, build.company(database, rules=start, timezone="America/New_York", country="US"))
    story.begin()
    for deed, size in steps:
        story.does(deed, size)
        story.tick()
        story.warned()
    due, owner = story.shown(), story.owner()
    assert due is None or owner is not None
    for step, moment in story.to_come():
        time.set(moment - A_TICK)
        story.tick()
        assert story.warned() == []
        time.set(moment)
        story.tick()
        story.tick()
        assert story.warned() == [step]
    if due is not None:
        assert story.shown() == due
        time.set(due - A_TICK)
        story.tick()
        assert (story.owner(), story.warned()) == (owner, [])
        time.set(due)
        story.tick()
        assert story.owner() is None


def test_the_zone_of_the_histories_changes_its_clocks_meanwhile() -> None:
    zone = ZoneInfo("America/New_York")
    offsets = {(build.NOW + days * DAY).astimezone(zone).utcoffset() for days in range(20)}
    assert len(offsets) == 2
