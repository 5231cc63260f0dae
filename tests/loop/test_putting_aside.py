"""What people decide over the rules, on every platform: hold, park, pause, take back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from crm.clock import DrivenClock
from crm.db import Database
from crm.services import clocks
from tests import build
from tests.world import PLATFORMS, House, World, move_in

everywhere = pytest.mark.parametrize("platform", PLATFORMS)
RULES = """
recycle: [{name: calls, no_follow_up: 7d}]
warn: [{before: 1d, copy: [manager, above]}, 2h]
breaker: {at_least: 100000}
dispatch:
- {name: East leads, when: {field: region, value: East}, to: {departments: [north]}, working_hours: false}
"""


@pytest.fixture
def world(house: House, time: DrivenClock, shared_database: Database) -> Iterator[World]:
    with move_in(house, time, rules=RULES, base=shared_database) as opened:
        yield opened


def owned(world: World, **facts: object) -> str:
    with world.database.begin(world.acme.org_id) as uow:
        lead_id = build.lead(uow, world.acme, owner="ann", **facts)
        clocks.restart(uow, [lead_id])
        return f"L-{build.read(uow, lead_id).number}"


@everywhere
def test_a_manager_holds_a_lead_and_why_tells_it(world: World, platform: str) -> None:
    ref = owned(world)
    mia, ann = world.chat(platform, "mia"), world.chat(platform, "ann")
    answer = mia.says(f"hold {ref} until Friday 18:00 they are moving house")
    world.run_jobs()
    assert "On hold: Lu Wei" in answer.text
    assert "moving house" in answer.text
    assert any("By Mia Manager" in card.text for card in ann.inbox())
    assert "Mia Manager put it on hold until Fri" in ann.says(f"why {ref}").text
    assert "No longer on hold" in mia.says(f"取消暂缓 {ref}").text


@everywhere
def test_a_parked_lead_comes_back_and_says_why(world: World, platform: str) -> None:
    ref = owned(world)
    ann = world.chat(platform, "ann")
    assert "Parked: Lu Wei" in ann.says(f"nurture {ref} until 1 April 9:00 their budget is next year").text
    assert ref not in ann.says("my").text
    assert ref in ann.says("my nurtured").text
    world.pass_time(days=28)
    told = " ".join(card.text for card in ann.inbox())
    assert "Back again: Lu Wei" in told
    assert "Wave 2: back since today 10:00, its time has come" in told
    assert "Back with Ann Li as wave 2" in ann.says(f"why {ref}").text


def test_it_is_parked_in_chinese_for_a_signal(world: World) -> None:
    ref = owned(world)
    ann = world.chat("wecom", "ann")
    ann.says("lang zh")
    answer = ann.says(f"培育 {ref} 等春季展会")
    assert "春季展会" in answer.text
    assert world.count("select count(*) from lead where held_by = 'nurture' and held_for = '春季展会'") == 1


@everywhere
def test_a_paused_rule_waits_and_goes_on(world: World, platform: str) -> None:
    mia, ann, bob = (world.chat(platform, name) for name in ("mia", "ann", "bob"))
    said = mia.says("rules pause East leads until Friday 18:00 new prices")
    assert "East leads" in said.text
    assert "Mia Manager: new prices" in said.text
    ref = world.arrives(by_rule=True, region="East")
    assert "its rule is paused" in mia.says(f"why {ref}").text
    assert "Mia Manager paused the rule “East leads”" in mia.says(f"why {ref}").text
    assert "Mia Manager: new prices" in mia.says("rules resume").text
    mia.says("规则 恢复 East leads")
    world.pass_time(minutes=1)
    assert any(ref in card.text for card in [*ann.inbox(), *bob.inbox()])


def test_why_it_happened_has_to_be_said(world: World) -> None:
    ref = owned(world)
    mia = world.chat("slack", "mia")
    assert "Say why" in mia.says(f"hold {ref} until Friday").text
    assert "Say why" in mia.says("rules pause East leads until Friday").text
    assert "There is no rule" in mia.says("rules pause Nothing until Friday because").text
    assert "Only managers" in world.chat("slack", "ann").says(f"hold {ref} until Friday because").text


@everywhere
def test_a_run_is_taken_back_and_everybody_knows(world: World, platform: str) -> None:
    ref = owned(world)
    ann, mia = world.chat(platform, "ann"), world.chat(platform, "mia")
    world.pass_time(days=7)
    runs = mia.says("rewind")
    assert "1 lead" in runs.text
    number = world.count("select max(id) from run where kind = 'recycle'")
    assert f"R-{number}" in mia.says(f"撤回批次 R-{number}").text
    world.run_jobs()
    assert any("is back" in card.title for card in mia.inbox())
    assert any("is yours again" in card.text for card in ann.inbox())
    assert ref in ann.says("my").text
    assert f"took the run R-{number} back" in mia.says(f"why {ref}").text


@everywhere
def test_the_warning_offers_to_hand_over_to_a_colleague(world: World, platform: str) -> None:
    ref = owned(world)
    ann = world.chat(platform, "ann")
    world.pass_time(days=6)
    assert any("goes back to the pool" in card.title for card in ann.inbox())
    assert "1 lead given to Bob" in ann.says(f"hand over {ref} @Bob").text
    assert "is not in your team" in ann.says(f"hand over {owned(world)} @Cyd").text


def test_the_ladder_is_copied_to_those_above(world: World) -> None:
    owned(world)
    world.pass_time(days=6)
    copied = "select count(*) from message where topic = 'lead.warning_copy' and member_id = :m"
    assert [world.count(copied, m=world.acme.member[name]) for name in ("mia", "ada", "max")] == [1, 1, 0]


def test_a_paused_recycle_rule_moves_the_countdown(world: World) -> None:
    ref = owned(world)
    mia = world.chat("playground", "mia")
    mia.says("rules pause calls until 11 March 10:00 trade fair")
    world.run_jobs()
    moved = "select count(*) from lead where recycle_at = :at"
    assert world.count(moved, at=build.NOW.replace(day=18)) == 1
    assert "paused the rule “calls”" in mia.says(f"why {ref}").text
    with world.database.begin(world.acme.org_id) as uow:
        assert uow.session.scalar(text("select count(*) from rule_pause where org_id = :o"), {"o": uow.org_id}) == 1


@everywhere
def test_leave_is_said_in_one_line_and_moves_the_clocks(world: World, platform: str) -> None:
    with world.database.begin(world.acme.org_id) as uow:
        build.rule_set(uow, "recycle: [{name: calls, no_follow_up: 7d, leave: pauses}]")
    owned(world)
    ann = world.chat(platform, "ann")
    assert "Mon, Mar 9 – Wed, Mar 11" in ann.says("leave 9 March to 11 March").text
    moved = "select count(*) from lead where recycle_at = :at"
    assert world.count(moved, at=build.NOW.replace(day=14)) == 1
    assert "None." in ann.says("请假 取消").text
    assert world.count(moved, at=build.NOW.replace(day=11)) == 1


def test_managers_write_down_leave_for_their_own_people(world: World) -> None:
    assert "• Thu, Mar 5\n" in world.chat("playground", "ann").says("leave tomorrow").text
    assert "Fri, Mar 6" in world.chat("slack", "mia").says("leave @Ann Friday").text
    assert "not in your team" in world.chat("slack", "max").says("leave @Ann Friday").text
    assert "When exactly" in world.chat("slack", "ann").says("leave soon").text


def test_leave_of_a_week_is_all_its_working_days(world: World) -> None:
    ann = world.chat("playground", "ann")
    assert "Mon, Mar 9 – Fri, Mar 13" in ann.says("leave next week").text
    ann.says("leave cancel")
    assert "Mon, Mar 9 – Fri, Mar 13" in ann.says("请假 下周").text
    ann.says("leave cancel")
    assert "Wed, Mar 4 – Fri, Mar 6" in ann.says("leave this week").text
    ann.says("leave cancel")
    assert "Wed, Apr 1 – Thu, Apr 30" in ann.says("leave next month").text
    assert "When exactly" in ann.says("leave next quarter").text


def test_leave_of_half_a_day_is_told_to_be_a_whole_one(world: World) -> None:
    shown = world.chat("playground", "ann").says("请假 明天下午").text
    assert "Thu, Mar 5" in shown
    assert "counts whole days" in shown


def test_leave_of_a_colleague_is_ended_as_its_card_says(world: World) -> None:
    world.chat("playground", "mia").says("leave Thursday")
    ada = world.chat("playground", "ada")
    assert "To end it, type: leave @Mia Manager cancel" in ada.says("leave @Mia Friday").text
    assert "None." in ada.says("leave @Mia Manager cancel").text
    world.chat("playground", "mia").says("leave Friday")
    assert "leave @Mia Manager cancel" in ada.says("leave @Mia").text
    assert "None." in ada.says("请假 @Mia 取消").text
