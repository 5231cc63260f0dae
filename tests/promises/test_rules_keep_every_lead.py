"""The invariants of the engine under everything that rules and people may do to it, in whatever order.

`test_no_lead_is_lost.py` holds the plain loop against a model. Here it is offers, desks, teams' leads, shares, parked
and held leads, pauses, changed rules, rewound runs, leave and colleagues who go and come back; no model says what must
happen, but what must be true always.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from crm import jobs
from crm.clock import DrivenClock
from crm.db import Database
from crm.errors import Refusal
from crm.models import Source
from crm.rules.access import Actor
from crm.rules.arrival import Arrival
from crm.rules.directory import Colleague
from crm.services import (
    address_book,
    assignments,
    batches,
    follow_ups,
    hand_overs,
    handing,
    holding,
    intake,
    leads,
    leaves,
    leaving,
    members,
    merging,
    nurturing,
    offers,
    pauses,
    pipeline,
    rewinding,
    rules_admin,
    shields,
    undo,
    unmerging,
)
from crm.uow import UnitOfWork
from tests import build
from tests.promises.always import Always
from tests.rounds import rounds

CAP = 4
RULES = """
claim: {{per_day: 6, capacity: {{default: 4, exclude_stages: [quote]}}, cool_down: 1d}}
protect: {{most: 2, longest: 5d}}
recycle:
  - {{name: first, no_first_contact: {first}, leave: pauses}}
  - {{name: quiet, no_follow_up: 4wd}}
  - {{name: stuck, stuck_in_stage: 9d}}
warn: [1d]
breaker: {{at_least: 1000000}}
first_response: [{{name: soon, within: 3h, reoffer_after: 20h}}]
lines: {{repeat: {{name: Repeat, after_won: 3d}}}}
dispatch:
  - {{name: offered, when: {{field: product, value: offer}}, mode: offer, accept_within: 2h, working_hours: false,
      nobody: hold}}
  - {{name: team, when: {{field: product, value: group}}, mode: group, exclusive_for: 1h, working_hours: false}}
  - {{name: desk, when: {{field: product, value: desk}}, mode: desk, desk_within: 3h, working_hours: false}}
  - {{name: parts, when: {{field: product, value: parts}}, shares: {{north: 2, south: 1}}, caps: {{per_day: 3}},
      working_hours: false}}
  - {{name: dealt, when: {{field: product, value: dealt}}, strategy: weighted, weights: {{members: {{"Ann Li": 2}}}},
      working_hours: false, nobody: hold}}
"""
TEXTS = [RULES.format(first="2d"), RULES.format(first="30h")]
REPS, PRODUCTS = ("ann", "bob", "cyd"), ("offer", "group", "desk", "parts", "dealt", "")
who, picks = st.sampled_from(REPS), st.integers(0, 9)


class House(RuleBasedStateMachine, Always):
    """Real services on a real database."""

    cap = CAP
    database: ClassVar[Database]
    time: ClassVar[DrivenClock]

    def __init__(self) -> None:
        super().__init__()
        self.time.set(build.NOW)
        self.acme = build.company(self.database, rules=TEXTS[0])
        self.made: set[int] = set()
        self.seen: list[Any] = []
        with self.begin() as uow:
            rules_admin.apply(uow, written=TEXTS[0])

    @initialize(products=st.lists(st.sampled_from(PRODUCTS), min_size=8, max_size=8))
    def begins(self, products: list[str]) -> None:
        for product in [*PRODUCTS, *products]:
            self.arrives(product)
        for name in REPS:
            self.does(name, lambda uow, me: assignments.claim_best(uow, actor=me))

    @rule(product=st.sampled_from(PRODUCTS))
    def arrives(self, product: str) -> None:
        number = 13_800_000_000 + len(self.made)
        with self.begin() as uow:
            source = uow.session.get_one(Source, (uow.org_id, self.acme.source_id))
            arrival = Arrival(name=f"Person {number}", phone=str(number), product=product)
            lead_id = intake.take_in(uow, source=source, arrival=arrival).lead_id
        self.made.add(lead_id)

    @rule(name=who, pick=picks)
    def claims(self, name: str, pick: int) -> None:
        lead = self.one(pick, owner=None)
        self.does(name, lambda uow, me: assignments.claim(uow, actor=me, ref=self.ref(uow, lead)))

    @rule(name=who)
    def claims_the_best(self, name: str) -> None:
        self.does(name, lambda uow, me: assignments.claim_best(uow, actor=me, many=2))

    @rule(name=who, pick=picks)
    def releases(self, name: str, pick: int) -> None:
        self.works(name, pick, lambda uow, **on: assignments.release(uow, **on, reason="no time"))

    @rule(name=who, pick=picks)
    def logs(self, name: str, pick: int) -> None:
        said = follow_ups.FollowUp("called", outcome="reached")
        self.works(name, pick, lambda uow, **on: follow_ups.log(uow, **on, said=said))

    @rule(name=who, pick=picks, stage=st.sampled_from(["contacted", "quote", "won", "lost"]))
    def moves(self, name: str, pick: int, stage: str) -> None:
        def move(uow: UnitOfWork, **on: Any) -> None:
            pipeline.move(uow, **on, stage=pipeline.find_stage(uow, on["lead"].id, stage))

        self.works(name, pick, move)

    @rule(name=who, first=st.booleans())
    def answers_an_offer(self, name: str, first: bool) -> None:
        def answer(uow: UnitOfWork, me: Actor) -> None:
            for offer in offers.mine(uow, actor=me)[:1]:
                ref = self.ref(uow, offer.lead_id)
                if first:
                    handing.accept(uow, actor=me, ref=ref)
                else:
                    handing.decline(uow, actor=me, ref=ref, reason="too far")

        self.does(name, answer)

    @rule(name=st.sampled_from(["mia", "max"]))
    def deals_the_desk(self, name: str) -> None:
        self.does(name, lambda uow, me: batches.deal(uow, actor=me, run_id=batches.newest(uow, actor=me)))

    @rule(name=who, pick=picks, days=st.sampled_from([1, 4]))
    def parks(self, name: str, pick: int, days: int) -> None:
        until = self.time() + timedelta(days=days)
        self.works(name, pick, lambda uow, **on: nurturing.nurture(uow, **on, until=until))

    @rule(name=who, pick=picks)
    def fetches(self, name: str, pick: int) -> None:
        self.works(name, pick, nurturing.fetch)

    @rule(pick=picks, on=st.booleans())
    def is_held(self, pick: int, on: bool) -> None:
        until = self.time() + timedelta(hours=30)
        hold = lambda uow, **given: holding.hold(uow, **given, until=until, reason="the fair")  # noqa: E731
        self.works("ada", pick, hold if on else holding.unhold)

    @rule(name=who, pick=picks, on=st.booleans())
    def shields(self, name: str, pick: int, on: bool) -> None:
        self.works(name, pick, shields.protect if on else shields.unprotect)

    @rule(name=st.sampled_from(["dealt", "offered", "quiet", "first"]), on=st.booleans())
    def is_paused(self, name: str, on: bool) -> None:
        until = self.time() + timedelta(hours=40)
        if on:
            self.does("ada", lambda uow, me: pauses.pause(uow, actor=me, name=name, until=until, reason="holiday"))
        else:
            self.does("ada", lambda uow, me: pauses.resume(uow, actor=me, name=name))
        jobs.refresh_deadlines(self.database, org_id=self.acme.org_id)

    @rule(name=who, on=st.booleans())
    def turns_up(self, name: str, on: bool) -> None:
        self.does(name, lambda uow, me: members.set_duty(uow, me, on=on))

    @rule(pick=picks, to=who)
    def is_assigned(self, pick: int, to: str) -> None:
        def assign(uow: UnitOfWork, **on: Any) -> None:
            assignments.assign(uow, **on, to=members.get(uow, self.acme.member[to]))

        self.works("ada", pick, assign)

    @rule(name=who, ahead=st.integers(0, 2), days=st.integers(1, 3))
    def takes_leave(self, name: str, ahead: int, days: int) -> None:
        def take(uow: UnitOfWork, me: Actor) -> None:
            first = leaves.today(uow, me) + timedelta(days=ahead)
            leaves.take(uow, actor=me, member=me, first=first, last=first + timedelta(days=days - 1))

        self.does(name, take)

    @rule(name=who, by=st.sampled_from(["mia", ""]))
    def is_back_from_leave(self, name: str, by: str) -> None:
        back = lambda uow, me: leaves.cancel(uow, actor=me, member=members.get(uow, self.acme.member[name]))  # noqa: E731
        self.does(by or name, back)

    @rule(name=who, heir=st.sampled_from([*REPS, ""]))
    def leaves_the_company(self, name: str, heir: str) -> None:
        with self.begin() as uow:
            leaving.sign_off(uow, workspace_id=self.acme.workspace["slack"], external_id=self.on_slack(name))
        if heir:
            self.are_transferred(name, heir)

    @rule(how=st.sampled_from(["load", "region"]))
    def is_handed_over(self, how: str) -> None:
        """Where nobody goes above what they may hold."""

        def hand_over(uow: UnitOfWork, boss: Actor) -> None:
            for found in hand_overs.waiting(uow)[:1]:
                shares = hand_overs.shares(uow, giver=members.get(uow, found.member_id), how=how)
                if not any(share.above for share in shares):
                    hand_overs.do(uow, actor=boss, hand_over_id=found.id, how=how)

        self.does("ada", hand_over)

    @rule(name=who)
    def comes_back(self, name: str) -> None:
        person, told_at = Colleague(user=self.on_slack(name), name=""), self.time() + timedelta(seconds=1)
        with self.begin() as uow:
            address_book.see(uow, workspace_id=self.acme.workspace["slack"], person=person, told_at=told_at)

    @rule(giver=who, to=who)
    def are_transferred(self, giver: str, to: str) -> None:
        def transfer(uow: UnitOfWork, boss: Actor) -> None:
            both = [members.get(uow, self.acme.member[name]) for name in (giver, to)]
            assignments.transfer_all(uow, actor=boss, giver=both[0], to=both[1])

        self.does("ada", transfer)

    @rule(name=st.sampled_from([*REPS, "ada"]), pick=picks, other=picks)
    def are_merged(self, name: str, pick: int, other: int) -> None:
        own = {} if name == "ada" else {"owner": self.acme.member[name]}

        def merge(uow: UnitOfWork, me: Actor) -> None:
            both = [leads.access_id(uow, actor=me, lead_id=self.one(each, **own)) for each in (pick, other)]
            merging.merge(uow, actor=me, one=both[0], other=both[1])

        self.does(name, merge)

    @rule(pick=picks)
    def are_parted(self, pick: int) -> None:
        lead = self.one(pick)
        self.does("ada", lambda uow, boss: unmerging.unmerge(uow, actor=boss, ref=self.ref(uow, lead)))

    @rule(written=st.sampled_from(TEXTS))
    def the_rules_change(self, written: str) -> None:
        self.does("ada", lambda uow, me: rules_admin.apply(uow, written=written, actor=me))
        jobs.refresh_deadlines(self.database, org_id=self.acme.org_id)

    @rule()
    def the_newest_run_is_rewound(self) -> None:
        def rewind(uow: UnitOfWork, boss: Actor) -> list[int]:
            runs = rewinding.recent(uow, actor=boss)[:1]
            for run in runs:
                rewinding.rewind(uow, actor=boss, run_id=run.id)
            return [run.id for run in runs]

        for run_id in self.does("ada", rewind) or []:
            rewinding.work_off(self.database, org_id=self.acme.org_id, run_id=run_id, by_id=self.acme.member["ada"])

    @rule(name=st.sampled_from([*REPS, "ada", "mia"]))
    def undoes(self, name: str) -> None:
        self.does(name, lambda uow, me: undo.undo(uow, actor=me))

    @rule(hours=st.sampled_from([1, 4, 30, 60]))
    def time_passes(self, hours: int) -> None:
        self.time.advance(hours=hours)
        for duty in jobs.DUTIES:
            duty(self.database, self.acme.org_id)
        with self.begin() as uow:
            still = pauses.paused(uow, "recycle")
            rows = self.rows(uow)
        overdue = [row for row in rows if row.recycle_at and row.recycle_at <= self.time()]
        assert {row.recycle_rule for row in overdue} <= still

    @invariant()
    def all_is_well(self) -> None:
        """In one look at the database, since it is looked at after every step."""
        with self.begin() as uow:
            self.seen = rows = self.rows(uow)
            self.no_lead_is_lost(rows)
            self.a_lead_has_the_owner_its_history_tells_of(rows)
            self.what_waits_is_nobodys_unless_its_owner_put_it_aside(rows)
            self.the_ledger_is_right_and_no_cap_is_passed(uow)
            self.each_lost_ownership_has_a_reason_and_nothing_is_left_with_whom_was_merged_away(uow)
            self.nobody_who_has_left_is_dealt_a_lead(uow)
            self.the_countdown_shown_is_the_one_that_holds(uow, rows)

    def begin(self) -> Any:
        return self.database.begin(self.acme.org_id)

    def does(self, name: str, what: Any) -> Any:
        """Let the person do it, if it is allowed; who has left does nothing."""
        try:
            with self.begin() as uow:
                me = members.get(uow, self.acme.member[name])
                return what(uow, me) if me.active else None
        except Refusal:
            return None

    def works(self, name: str, pick: int, what: Any) -> None:
        """The same with a lead of the person's own; with any lead, where it is the admin."""
        own = {} if name == "ada" else {"owner": self.acme.member[name]}
        lead = self.one(pick, **own)
        self.does(name, lambda uow, me: what(uow, actor=me, lead=leads.access_id(uow, actor=me, lead_id=lead)))

    def one(self, pick: int, **owner: int | None) -> int:
        """A lead by its place among those that fit, or among all where none does: as they were after the last step."""
        rows = self.seen
        fitting = [row.id for row in rows if not owner or (row.status == "open" and row.owner_id == owner["owner"])]
        among = fitting or [row.id for row in rows]
        return int(among[pick % len(among)])

    def on_slack(self, name: str) -> str:
        return build.external("slack", name, self.acme.org_id)

    def ref(self, uow: UnitOfWork, lead: int) -> str:
        return f"L-{leads.number_of(uow, lead)}"


@pytest.mark.timeout(rounds(short=600, full=0))
def test_whatever_rules_and_people_do_every_lead_is_somewhere_and_somebodys_at_most(
    database: Database, time: DrivenClock
) -> None:
    House.database, House.time = database, time
    how = settings(
        max_examples=rounds(short=12, full=500),
        stateful_step_count=30,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )
    run_state_machine_as_test(House, settings=how)
