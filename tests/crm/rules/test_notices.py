"""Whether a notice comes now, later or not at all: quiet hours over every change of clocks, wishes, caps, offers."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import RuleSetInvalid
from crm.rules.notices import GROUPS, MUTABLE, NEVER_LOST, NOW, Asked, Verdict, Wishes, verdict
from crm.rules.ruleset import parse
from crm.rules.sections.telling import Quiet, quiet_hours

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
NIGHT = Quiet(time(21), time(8))
SLEEPER = Wishes(SHANGHAI, quiet=NIGHT)


def local(zone: ZoneInfo, words: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def evening(words: str = "2026-03-04 23:30") -> datetime:
    return local(SHANGHAI, words)


def none() -> int:
    raise AssertionError("nobody has asked for a cap")


@pytest.mark.parametrize("words", ["21:00-8:00", "21-8", "21:00 to 8:00", "21:00至8:00", "21：00 到 8：00"])
def test_quiet_hours_are_read_as_people_write_them(words):
    assert quiet_hours(words) == NIGHT


@pytest.mark.parametrize("words", ["", "21:00", "21:00-21:00", "late", "25-8"])
def test_what_is_no_span_is_refused(words):
    with pytest.raises(ValueError, match=r"quiet hours|hour must be"):
        quiet_hours(words)


@pytest.mark.parametrize(
    ("zone", "hours", "at", "end"),
    [
        pytest.param(SHANGHAI, NIGHT, ("2026-03-04 20:59",), None, id="a minute before"),
        pytest.param(SHANGHAI, NIGHT, ("2026-03-04 21:00",), "2026-03-05 08:00", id="they begin"),
        pytest.param(SHANGHAI, NIGHT, ("2026-03-05 07:59",), "2026-03-05 08:00", id="over midnight"),
        pytest.param(SHANGHAI, NIGHT, ("2026-03-05 08:00",), None, id="they end"),
        pytest.param(SHANGHAI, Quiet(time(12), time(14)), ("2026-03-05 13:00",), "2026-03-05 14:00", id="a siesta"),
        pytest.param(NEW_YORK, NIGHT, ("2026-03-07 23:00",), "2026-03-08 08:00", id="the night loses an hour"),
        pytest.param(NEW_YORK, NIGHT, ("2026-11-01 01:30", 1), "2026-11-01 08:00", id="the night gains an hour"),
        pytest.param(NEW_YORK, Quiet(time(21), time(1, 30)), ("2026-11-01 01:15", 1), None, id="it came twice"),
        pytest.param(NEW_YORK, Quiet(time(2, 30), time(5)), ("2026-03-08 03:40",), "2026-03-08 05:00", id="skipped"),
    ],
)
def test_quiet_hours_follow_the_clocks_on_the_wall(zone, hours, at, end):
    assert hours.until(local(zone, *at), zone) == (end and local(zone, end))


@given(st.integers(0, 366 * 24 * 60), st.times(), st.times())
def test_what_is_held_never_waits_longer_than_a_day_and_a_bit(minutes, start, end):
    now, hours = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes), Quiet(start, end)
    until = hours.until(now, NEW_YORK)
    assert until is None or timedelta(0) < until - now <= timedelta(hours=26)


@pytest.mark.parametrize("group", GROUPS)
def test_at_night_all_but_the_urgent_waits_for_the_morning(group):
    morning = Verdict(hold=evening("2026-03-05 08:00"))
    assert verdict(SLEEPER, Asked(group), evening(), none) == morning
    assert verdict(SLEEPER, Asked(group, urgent=True), evening(), none) == NOW
    assert verdict(SLEEPER, Asked(group), evening("2026-03-05 09:00"), none) == NOW


def test_what_nobody_can_tune_comes_at_any_hour():
    assert verdict(SLEEPER, Asked(""), evening(), none) == NOW


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2026-03-04 23:45", NOW),
        ("2026-03-05 08:29", NOW),
        ("2026-03-05 08:30", Verdict(hold=evening("2026-03-05 08:00"))),
    ],
)
def test_an_offer_waits_only_where_time_is_left_to_answer_it(until, expected):
    offered = Asked("leads", lead_id=7, until=evening(until))
    assert verdict(SLEEPER, offered, evening(), none) == expected


@pytest.mark.parametrize("wishes", [{"modes": {"leads": "off"}}, {"muted": {7: None}}, {"per_day": 1}])
def test_no_wish_burns_an_offer(wishes):
    offered = Asked("leads", lead_id=7, until=evening("2026-03-05 00:00"))
    assert verdict(replace(SLEEPER, **wishes), offered, evening(), lambda: 99) == NOW


@pytest.mark.parametrize("group", GROUPS)
def test_what_is_off_does_not_come_but_what_nobody_may_miss_comes_once_a_day(group):
    later = Verdict(hold=evening("2026-03-05 09:00"))
    off = Wishes(SHANGHAI, modes={group: "off"})
    assert verdict(off, Asked(group, urgent=True), evening(), none) == (
        later if group in NEVER_LOST else Verdict(drop="off")
    )
    assert verdict(Wishes(SHANGHAI, modes={group: "summary"}), Asked(group), evening(), none) == later


def test_a_summary_that_falls_into_quiet_hours_comes_when_they_end():
    wishes = Wishes(SHANGHAI, modes={"pool": "summary"}, quiet=Quiet(time(20), time(10)), summary=time(7))
    assert verdict(wishes, Asked("pool"), evening(), none).hold == evening("2026-03-05 10:00")


@pytest.mark.parametrize("group", GROUPS)
def test_a_muted_lead_keeps_quiet_until_its_time_but_not_about_what_was_asked_for_or_lost(group):
    muted = Wishes(SHANGHAI, muted={7: evening() + timedelta(hours=1)})
    assert verdict(muted, Asked(group, lead_id=7), evening(), none).drop == ("muted" if group in MUTABLE else "")
    assert verdict(muted, Asked(group, lead_id=8), evening(), none) == NOW
    assert verdict(muted, Asked(group, lead_id=7), evening() + timedelta(hours=1), none) == NOW
    assert verdict(muted, Asked(group), evening(), none) == NOW


@pytest.mark.parametrize(("told", "urgent", "waits"), [(19, False, False), (20, False, True), (20, True, False)])
def test_beyond_the_daily_cap_the_rest_comes_together(told, urgent, waits):
    made = verdict(Wishes(SHANGHAI, per_day=20), Asked("warnings", urgent), evening(), lambda: told)
    assert made == (Verdict(hold=evening("2026-03-05 09:00")) if waits else NOW)


def test_the_rules_say_what_holds_for_all_and_for_a_team():
    rules = parse('notices: {quiet: "21:00-8:00", summary: "18:00", teams: {north: {per_day: 30, copies: false}}}')
    assert rules.notices.quiet == NIGHT
    assert rules.notices.teams["north"].per_day == 30


@pytest.mark.parametrize("text", ["{quiet: tonight}", "{per_day: 0}", "{teams: {north: {summary: 9}}}"])
def test_a_mistake_in_the_rules_is_refused(text):
    with pytest.raises(RuleSetInvalid) as caught:
        parse(f"notices: {text}")
    assert "notices" in caught.value.data["problem"]
