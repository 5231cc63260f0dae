"""Decisions as a table: complete, in order, inert, and for each reader what that one may know."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from crm.rules.periods import Period
from crm.services import decision_export, decisions, dispatch, members
from crm.services.decisions import Verdict
from tests import build

RULES = """
dispatch:
- {name: =cmd(), when: {field: product, value: tea}, to: {departments: [south]}, working_hours: false}
- {name: north, to: {departments: [north]}, working_hours: false}
"""
DAY = Period("day", date(2026, 3, 4), date(2026, 3, 4), ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


def deal(database, acme, **facts):
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, **facts)
        dispatch.dispatch(uow, lead_id)
        return f"L-{build.read(uow, lead_id).number}"


def read(database, acme, reader=None, period=DAY, **bounds):
    with database.begin(acme.org_id) as uow:
        who = members.get(uow, acme.member[reader]) if reader else None
        found = list(decision_export.rows(uow, period=period, reader=who, **bounds))
    return [dict(zip(decision_export.HEADER, row, strict=True)) for row in found]


def go_off(database, acme, name):
    with database.begin(acme.org_id) as uow:
        off = text("update member set on_duty = false where org_id = :o and id = :m")
        uow.session.execute(off, {"o": acme.org_id, "m": acme.member[name]})


def test_every_decision_stands_there_with_what_it_knew(database, acme):
    go_off(database, acme, "ann")
    ref = deal(database, acme, level="A")
    (row,) = read(database, acme)
    assert (row["lead"], row["kind"], row["outcome"], row["rule"], row["rule version"], row["member"]) == (
        ref, "dispatch", "assigned", "north", "1", "Bob Chen",
    )  # fmt: skip
    assert row["at"] == "2026-03-04T02:00:00+00:00"
    assert '"level": "A"' in row["facts"]
    assert row["passed over"] == "Ann Li: off_duty"


def test_nothing_in_it_runs_in_a_spreadsheet(database, acme):
    deal(database, acme, product="tea")
    (row,) = read(database, acme)
    assert row["rule"] == "'=cmd()"


def test_a_manager_reads_of_the_own_team_alone(database, acme):
    go_off(database, acme, "ann")
    deal(database, acme)
    deal(database, acme, product="tea")
    assert [row["member"] for row in read(database, acme, "mia")] == ["Bob Chen"]
    assert len(read(database, acme, "max")) == 1
    assert len(read(database, acme, "ada")) == len(read(database, acme)) == 2
    with database.begin(acme.org_id) as uow:
        mia = members.get(uow, acme.member["mia"])
        assert decision_export.counts(uow, period=DAY, reader=mia) == {"dispatch": 1}


def test_days_outside_the_period_are_left_out(database, acme, time):
    deal(database, acme)
    time.advance(days=1)
    later = deal(database, acme)
    tomorrow = Period("day", date(2026, 3, 5), date(2026, 3, 5), DAY.zone)
    assert [row["lead"] for row in read(database, acme, period=tomorrow)] == [later]
    assert read(database, acme, period=tomorrow.previous().previous()) == []


@pytest.mark.parametrize(("most", "left"), [(None, 7), (5, 5), (0, 0), (9, 7)])
def test_it_is_read_in_steps_up_to_a_bound(database, acme, monkeypatch, most, left):
    monkeypatch.setattr(decision_export, "STEP", 3)
    with database.begin(acme.org_id) as uow:
        made = [Verdict(build.lead(uow, acme), "pooled") for _ in range(7)]
        decisions.record(uow, "dispatch", made)
    rows = read(database, acme, most=most)
    assert len({row["lead"] for row in rows}) == len(rows) == left
