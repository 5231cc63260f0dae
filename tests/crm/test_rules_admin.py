"""Versions of the rule set: checked before they hold, comparable, and taken back by a new version."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from crm import jobs, queue
from crm.errors import NotAllowed, RuleSetInvalid
from crm.services import assignments, clocks, members, rules_admin
from tests import build

WEEK, DAY = "recycle: [{name: calls, no_follow_up: 7d}]\n", "recycle: [{name: calls, no_follow_up: 1d}]\n"


@pytest.fixture
def acme(database, time):
    return build.company(database)


def apply(database, acme, written, name="mia"):
    with database.begin(acme.org_id) as uow:
        return rules_admin.apply(uow, written=written, actor=members.get(uow, acme.member[name]))


def test_an_applied_rule_set_is_in_force_at_once(database, acme):
    assert [apply(database, acme, WEEK), apply(database, acme, DAY)] == [1, 2]
    with database.begin(acme.org_id) as uow:
        assert str(uow.rules.recycle[0].period) == "1d"
        assert [(one.version, one.by, one.in_force) for one in rules_admin.history(uow)] == [
            (2, "Mia Manager", True),
            (1, "Mia Manager", False),
        ]


def test_clocks_follow_in_the_background(database, acme):
    apply(database, acme, WEEK)
    with database.begin(acme.org_id) as uow:
        owned, pooled = build.lead(uow, acme, owner="ann"), build.lead(uow, acme)
        clocks.restart(uow, [owned])
    apply(database, acme, DAY)
    with database.begin(acme.org_id) as uow:
        jobs_owed = uow.session.scalar(
            text("select count(*) from procrastinate_jobs where task_name = :t and args->>'org_id' = cast(:o as text)"),
            {"t": queue.REFRESH, "o": acme.org_id},
        )
    jobs.refresh_deadlines(database, org_id=acme.org_id)
    with database.begin(acme.org_id) as uow:
        assert jobs_owed == 2
        assert build.read(uow, owned).recycle_at == build.NOW + timedelta(days=1)
        assert build.read(uow, pooled).recycle_at is None


def test_the_background_goes_on_chunk_by_chunk(database, acme):
    with database.begin(acme.org_id) as uow:
        leads = [build.lead(uow, acme, owner="ann") for _ in range(5)]
        assert rules_admin.refresh(uow, chunk=3) == leads[2]
        assert rules_admin.refresh(uow, after=leads[2], chunk=3) is None
        assert all(build.read(uow, lead).recycle_at for lead in leads)


def test_whoever_claims_does_not_wait_for_the_clocks(database, acme):
    with database.begin(acme.org_id) as uow:
        build.lead(uow, acme, owner="ann")
        free = build.read(uow, build.lead(uow, acme)).ref
    with database.begin(acme.org_id) as busy, database.begin(acme.org_id) as quick:
        rules_admin.refresh(busy)
        quick.session.execute(text("set local lock_timeout = '500ms'"))
        assert assignments.claim(quick, actor=members.get(quick, acme.member["ann"]), ref=free)


def test_two_who_apply_take_turns(database, acme):
    with database.begin(acme.org_id) as first, database.begin(acme.org_id) as second:
        rules_admin.lock(first)
        second.session.execute(text("set local lock_timeout = '100ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            rules_admin.apply(second, written=WEEK)
        second.session.rollback()


def test_a_rollback_is_a_new_version_with_the_old_text(database, acme):
    apply(database, acme, WEEK)
    apply(database, acme, DAY)
    with database.begin(acme.org_id) as uow:
        assert rules_admin.rollback(uow, version=1) == 3
        assert rules_admin.present(uow) == WEEK


def test_a_difference_shows_what_would_change(database, acme):
    apply(database, acme, WEEK)
    with database.begin(acme.org_id) as uow:
        assert rules_admin.diff(uow, DAY)[-2:] == ["-" + WEEK.strip(), "+" + DAY.strip()]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("claim: {per_dya: 3}", "line 1, claim.per_dya: there is no such field"),
        ("recycle: [{name: a, no_follow_up: 7d, to: moon}]", "there is no pool 'moon'"),
        ("fallback_pool: moon", "there is no pool 'moon'"),
        ("pools: {open: {target: moon}}", "there is no pool 'moon'"),
        ("dispatch: [{name: a, to: {departments: [east]}}]", "there is no department 'east'"),
        ("dispatch: [{name: a, to: {members: [zoe@acme.example]}}]", "there is no member 'zoe@acme.example'"),
        ("claim: {capacity: {members: {Zoe: 3}}}", "there is no member 'Zoe'"),
        ("dispatch: [{name: a, shares: {east: 3}}]", "there is no department 'east'"),
        ("dispatch: [{name: a, strategy: weighted, weights: {members: {Zoe: 3}}}]", "there is no member 'Zoe'"),
    ],
)
def test_a_wrong_rule_set_is_refused_and_the_old_one_stays(database, acme, written, problem):
    apply(database, acme, WEEK)
    with pytest.raises(RuleSetInvalid) as refused:
        apply(database, acme, written)
    assert refused.value.data["problem"] == problem
    with database.begin(acme.org_id) as uow:
        assert rules_admin.present(uow) == WEEK


def test_a_rep_applies_nothing(database, acme):
    with pytest.raises(NotAllowed):
        apply(database, acme, WEEK, name="ann")


def test_an_unknown_version_cannot_come_back(database, acme):
    with pytest.raises(RuleSetInvalid, match="rule_set_invalid"), database.begin(acme.org_id) as uow:
        rules_admin.rollback(uow, version=9)
