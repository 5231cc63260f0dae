"""The funnel against cohorts small enough to count by hand. Weeks begin on Monday, 2 March 2026, in Shanghai."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from crm.clock import DrivenClock
from crm.db import Database
from crm.rules.figures import Funnel, weakest
from crm.rules.periods import parse
from crm.services import assignments, follow_ups, funnel, leads, members, pipeline, undo
from crm.services.follow_ups import FollowUp
from crm.services.funnel import Report, Scope
from tests import build

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SUNDAY_NIGHT = datetime(2026, 3, 8, 15, 59, tzinfo=UTC)


@dataclass
class Story:
    """A company whose leads are worked on at given hours after Monday, 9:00."""

    database: Database
    clock: DrivenClock
    acme: build.Company

    def enter(self, hour: float, owner: str | None = None, **columns: Any) -> str:
        """A lead comes in; returns its reference."""
        with self.at(hour) as uow:
            return build.read(uow, build.lead(uow, self.acme, owner=owner, **{"created_at": uow.now, **columns})).ref

    def log(self, hour: float, who: str, ref: str, outcome: str | None = None) -> None:
        self._act(
            hour, who, ref, lambda uow, me, lead: follow_ups.log(uow, actor=me, lead=lead, said=FollowUp("x", outcome))
        )

    def stage(self, hour: float, who: str, ref: str, stage: str) -> None:
        self._act(
            hour, who, ref,
            lambda uow, me, lead: pipeline.move(
                uow, actor=me, lead=lead, stage=pipeline.find_stage(uow, lead.id, stage)
            ),
        )  # fmt: skip

    def release(self, hour: float, who: str, ref: str) -> None:
        self._act(hour, who, ref, lambda uow, me, lead: assignments.release(uow, actor=me, lead=lead, reason="no"))

    def claim(self, hour: float, who: str, ref: str) -> None:
        with self.at(hour) as uow:
            assignments.claim(uow, actor=members.get(uow, self.acme.member[who]), ref=ref)

    def undo(self, hour: float, who: str) -> None:
        with self.at(hour) as uow:
            undo.undo(uow, actor=members.get(uow, self.acme.member[who]))

    def report(self, hour: float = 7 * 24 - 9 - 0.1, words: str = "week", **options: Any) -> Report:
        with self.at(hour) as uow:
            return funnel.report(uow, period=parse(words, uow.now, ZONE), **options)

    def _act(self, hour: float, who: str, ref: str, what: Callable[..., Any]) -> None:
        with self.at(hour) as uow:
            me = members.get(uow, self.acme.member[who])
            what(uow, me, leads.access(uow, actor=me, ref=ref))

    def at(self, hour: float) -> Any:
        self.clock.set(MONDAY + timedelta(hours=hour))
        return self.database.begin(self.acme.org_id)


@pytest.fixture
def story(database: Database, time: DrivenClock) -> Story:
    time.set(MONDAY - timedelta(days=30))
    return Story(database, time, build.company(database))


def counts(figures: Funnel) -> tuple[int, ...]:
    return (
        figures.entered, figures.contacted, figures.qualified, figures.opportunity, figures.won, figures.lost,
    )  # fmt: skip


def test_a_lead_counts_for_every_step_up_to_the_one_it_has_reached(story: Story) -> None:
    story.enter(0)
    called = story.enter(1, "ann")
    story.log(2, "ann", called)
    quoted = story.enter(1, "bob")
    story.stage(5, "bob", quoted, "quote")
    bought = story.enter(1, "bob")
    story.stage(6, "bob", bought, "won")
    assert counts(story.report().total.now) == (4, 3, 2, 2, 1, 0)


def test_a_lost_lead_keeps_the_steps_it_reached(story: Story) -> None:
    ref = story.enter(0, "ann")
    story.log(1, "ann", ref)
    story.stage(2, "ann", ref, "qualified")
    story.stage(3, "ann", ref, "lost")
    assert counts(story.report().total.now) == (1, 1, 1, 0, 0, 1)


def test_a_call_that_nobody_answered_is_no_contact(story: Story) -> None:
    ref = story.enter(0, "ann")
    story.log(1, "ann", ref, "no_answer")
    assert counts(story.report().total.now) == (1, 0, 0, 0, 0, 0)


def test_what_was_undone_has_not_happened(story: Story) -> None:
    ref = story.enter(0, "ann")
    story.stage(1, "ann", ref, "quote")
    story.undo(1.1, "ann")
    assert counts(story.report().total.now) == (1, 0, 0, 0, 0, 0)


def test_a_reopened_lead_is_neither_won_nor_lost_any_more(story: Story) -> None:
    ref = story.enter(0, "ann")
    story.stage(1, "ann", ref, "won")
    story.stage(2, "ann", ref, "qualified")
    assert counts(story.report().total.now) == (1, 1, 1, 0, 0, 0)


def test_a_lead_that_comes_back_from_the_pool_is_one_entry(story: Story) -> None:
    ref = story.enter(0, "ann")
    story.release(1, "ann", ref)
    story.claim(2, "bob", ref)
    assert story.report().total.now.entered == 1


def test_a_person_who_returns_after_a_loss_is_one_entry(story: Story) -> None:
    first = story.enter(0, "ann")
    story.stage(1, "ann", first, "lost")
    with story.database.begin(story.acme.org_id) as uow:
        person = uow.session.scalar(
            text("select person_id from lead where org_id = :o and number = :n"),
            {"o": uow.org_id, "n": int(first.removeprefix("L-"))},
        )
    again = story.enter(5, "ann", person_id=person)
    story.stage(6, "ann", again, "won")
    assert counts(story.report().total.now) == (1, 1, 1, 1, 1, 0)


def test_a_week_begins_on_monday_at_midnight_of_the_team(story: Story) -> None:
    story.enter(-9)
    story.enter(-9.01)
    story.enter(7 * 24 - 9.01)
    total = story.report(7 * 24 - 9.001).total
    assert (total.now.entered, total.before.entered) == (2, 1)


def test_the_week_before_is_seen_at_the_same_age(story: Story) -> None:
    last = story.enter(-7 * 24, "ann")
    story.enter(-7 * 24 + 10, "ann")
    story.log(-7 * 24 + 20, "ann", last)
    ref = story.enter(0, "ann")
    story.log(1, "ann", ref)
    total = story.report(5).total
    assert (counts(total.now)[:2], counts(total.before)[:2]) == ((1, 1), (1, 0))


def test_changes_are_figures_of_both_periods(story: Story) -> None:
    before = [story.enter(-7 * 24, "ann") for _ in range(4)]
    story.log(-6 * 24, "ann", before[0])
    now = [story.enter(0, "ann"), story.enter(0, "ann")]
    story.log(1, "ann", now[0])
    total = story.report().total
    assert (total.more("entered"), total.risen("contacted")) == (-2, 0.25)


def test_times_between_steps_are_medians_of_those_who_took_them(story: Story) -> None:
    for hours in (1, 2, 9):
        ref = story.enter(0, "ann")
        story.log(hours, "ann", ref)
        story.stage(hours + 10, "ann", ref, "qualified")
    story.enter(0, "ann")
    now = story.report().total.now
    assert (now.wait("contacted"), now.wait("qualified"), now.wait("won")) == (
        timedelta(hours=2), timedelta(hours=10), None,
    )  # fmt: skip


def test_speed_to_first_touch_is_a_median_and_a_ninth_tenth(story: Story) -> None:
    for minutes in range(10, 120, 10):
        ref = story.enter(0, "ann")
        story.log(minutes / 60, "ann", ref)
    now = story.report().total.now
    assert (now.touch_median, now.touch_p90) == (timedelta(minutes=60), timedelta(minutes=100))


def test_a_recycled_lead_stays_in_the_figures_of_its_last_owner(story: Story) -> None:
    ref = story.enter(0, "ann")
    story.release(1, "ann", ref)
    rows = story.report(cut="rep").rows
    assert [(row.name, row.now.entered) for row in rows] == [("Ann Li", 1)]


def test_teams_sum_up_to_the_departments_above(story: Story) -> None:
    story.enter(0, "ann")
    story.enter(0, "bob")
    story.enter(0, "cyd")
    story.enter(0, pool="north")
    rows = story.report(cut="team").rows
    assert [(row.name, row.depth, row.now.entered) for row in rows] == [
        ("Company", 0, 4), ("North", 1, 3), ("South", 1, 1),
    ]  # fmt: skip


def test_the_total_of_a_cut_counts_each_lead_once(story: Story) -> None:
    story.enter(0, "ann")
    story.enter(0)
    assert [story.report(cut=cut).total.now.entered for cut in ("team", "rep", "source", "campaign", "line")] == [2] * 5


def test_sources_and_campaigns_have_figures_of_their_own(story: Story) -> None:
    story.enter(0, campaign="Spring")
    story.enter(0, source_id=None)
    by_source, by_campaign = story.report(cut="source").rows, story.report(cut="campaign").rows
    assert {(row.name, row.now.entered) for row in by_source} == {("Website", 1), (None, 1)}
    assert {(row.name, row.now.entered) for row in by_campaign} == {("Spring", 1), (None, 1)}


def test_a_scope_leaves_out_what_others_own(story: Story) -> None:
    story.enter(0, "ann")
    story.enter(0, "cyd")
    story.enter(0)
    north, cyd = story.acme.department["north"], story.acme.member["cyd"]
    assert story.report(scope=Scope(department_id=north)).total.now.entered == 1
    assert story.report(scope=Scope(member_id=cyd)).total.now.entered == 1


def test_merged_leads_do_not_count(story: Story) -> None:
    story.enter(0, status="void", pool=None)
    assert story.report().total.now.entered == 0


def test_an_imported_lead_counts_by_the_stage_it_came_with(story: Story) -> None:
    story.enter(0, "ann", stage="quote")
    story.enter(0, stage="won", status="won", closed_at=MONDAY)
    assert counts(story.report().total.now) == (2, 2, 2, 2, 1, 0)


def test_a_reps_own_funnel_names_the_weakest_step_against_the_team(story: Story) -> None:
    mine = [story.enter(0, "ann") for _ in range(6)]
    others = [story.enter(0, "bob") for _ in range(6)]
    for ref in others:
        story.log(1, "bob", ref)
    story.log(1, "ann", mine[0])
    with story.at(2) as uow:
        ann = members.get(uow, story.acme.member["ann"])
        own = funnel.own(uow, actor=ann, period=parse("week", uow.now, ZONE))
    assert own.weakest is not None
    assert (own.weakest.step, own.weakest.mine, own.weakest.team) == ("contacted", 1 / 6, 7 / 12)


def test_nobody_is_called_weak_for_a_handful_of_leads() -> None:
    assert weakest(Funnel(entered=4, contacted=0), Funnel(entered=40, contacted=30)) is None
    assert weakest(Funnel(entered=5, contacted=5), Funnel(entered=40, contacted=30)) is None


def test_everybody_sees_what_the_role_allows(story: Story) -> None:
    with story.database.begin(story.acme.org_id) as uow:
        ada, mia, ann = (members.get(uow, story.acme.member[name]) for name in ("ada", "mia", "ann"))
    assert [funnel.scope_of(actor) for actor in (ada, mia, ann)] == [
        Scope(), Scope(department_id=story.acme.department["north"]), Scope(member_id=ann.id),
    ]  # fmt: skip


def test_another_organizations_leads_are_not_counted(story: Story, database: Database) -> None:
    other = build.company(database)
    with database.begin(other.org_id) as uow:
        build.lead(uow, other, created_at=MONDAY)
    assert story.report().total.now.entered == 0
