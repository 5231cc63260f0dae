"""Caps of days, weeks and months: never a lead too many and never one too few, in everybody's own calendar."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from crm.services import dealing, dispatch, rotations
from tests import build
from tests.promises.processes import until

# A leap day, a week that begins in another month, and the days on which the clocks of New York change.
ZONES = {"ann": "Pacific/Kiritimati", "bob": "Pacific/Pago_Pago", "cyd": "America/New_York", "dan": "Asia/Shanghai"}
CAPS = {"per_day": 2, "per_week": 9, "per_month": 31}
RULES = f"""
claim: {{capacity: {{default: null}}}}
caps: {{per_week: {CAPS["per_week"]}}}
dispatch: [{{name: all, working_hours: false, nobody: hold, caps: {{per_day: {CAPS["per_day"]}, per_month: 31}}}}]
"""
FREE = """
with freed as (
    update lead set owner_id = null, assigned_at = null, held_by = null, held_since = null where org_id = :o
), ended as (
    delete from assignment where org_id = :o
), forgotten as (
    delete from activity where org_id = :o
)
update rep_load set holding = 0 where org_id = :o
"""


def periods(now, zone):
    """The local day, Monday and first of the month."""
    day = now.astimezone(ZoneInfo(zone)).date()
    return {"per_day": day, "per_week": day - timedelta(days=day.weekday()), "per_month": day.replace(day=1)}


def test_over_a_month_everybody_gets_exactly_what_the_caps_leave(database, time):
    acme = build.company(database, rules=RULES)
    given = dict.fromkeys(((name, cap, None) for name in ZONES for cap in CAPS), 0)
    with database.begin(acme.org_id) as uow:
        leads = [build.lead(uow, acme) for _ in range(9)]
        for name, zone in ZONES.items():
            uow.session.execute(
                text("update member set timezone = :z where org_id = :o and id = :m"),
                {"o": acme.org_id, "m": acme.member[name], "z": zone},
            )
    start = datetime(2028, 2, 12, 9, 30, tzinfo=UTC)
    for step in range(2 * 33):
        time.set(start + timedelta(hours=12 * step))
        expected = {name: due(given, name, time()) for name in ZONES}
        assert offer(database, acme, leads, singly=step % 11 == 3) == expected


def due(given, name, now):
    """How many leads the member gets now where there are enough; counted as given."""
    here = periods(now, ZONES[name])
    left = min(cap - given.get((name, kind, here[kind]), 0) for kind, cap in CAPS.items())
    for kind in CAPS:
        given[(name, kind, here[kind])] = given.get((name, kind, here[kind]), 0) + left
    return left


def offer(database, acme, leads, *, singly):
    """Deal more leads than anybody may take; returns how many each got, and frees them again."""
    with database.begin(acme.org_id) as uow:
        verdicts = [dispatch.dispatch(uow, lead) for lead in leads] if singly else dealing.deal(uow, leads)
        got = [made.member_id for made in verdicts]
        uow.session.execute(text(FREE), {"o": acme.org_id})
    return {name: got.count(acme.member[name]) for name in ZONES}


@pytest.mark.parametrize("caps", ["per_day: 5", "per_week: 5", "per_month: 5", "per_day: 9, per_month: 5"])
@pytest.mark.parametrize("overall", [True, False])
def test_dispatches_at_once_pass_no_cap_whichever_rule_deals(database, time, caps, overall):
    own, of_all = ("", f"caps: {{{caps}}}") if overall else (f", caps: {{{caps}}}", "")
    acme = build.company(
        database,
        rules=f"""
{of_all}
dispatch:
- {{name: big, when: {{field: amount, op: gte, value: 1000}}, to: {{departments: [north]}}, nobody: hold{own}}}
- {{name: rest, to: {{departments: [north]}}, nobody: hold{own}}}
""",
    )
    with database.begin(acme.org_id) as uow:
        leads = [build.lead(uow, acme, amount=number % 2 * 5000) for number in range(24)]
        uow.session.execute(text("delete from rep_load where org_id = :o"), {"o": acme.org_id})

    def deal(part):
        with database.begin(acme.org_id) as uow:
            verdicts = [dispatch.dispatch(uow, part[0])] if len(part) == 1 else dealing.deal(uow, part)
            return [made.outcome for made in verdicts]

    parts = [leads[:6], leads[6:12], *([lead] for lead in leads[12:])]
    with ThreadPoolExecutor(8) as pool:
        outcomes = [outcome for found in pool.map(deal, parts) for outcome in found]
    assert (outcomes.count("assigned"), outcomes.count("held")) == (10, 14)


def test_who_opens_a_cursor_waits_for_nobody_who_waits_for_it(database, time):
    rules = "dispatch: [{name: big, to: {departments: [north]}}, {name: rest, to: {departments: [north]}}]"
    acme = build.company(database, rules=rules)
    waiting = text("select count(*) from pg_locks where not granted and transactionid = pg_current_xact_id()::xid")

    def both():
        with database.begin(acme.org_id) as uow:
            return set(rotations.read(uow, uow.rules.dispatch))

    with database.begin(acme.org_id) as uow:
        rotations.read(uow, uow.rules.dispatch[1:])
    with ThreadPoolExecutor(1) as pool:
        with database.begin(acme.org_id) as uow:
            rotations.read(uow, uow.rules.dispatch[:1])
            second = pool.submit(both)
            until(lambda: uow.session.scalar(waiting))
            assert set(rotations.read(uow, uow.rules.dispatch[1:])) == {"rest"}
        assert second.result(60) == {"big", "rest"}


def test_a_claim_on_another_day_or_week_does_not_keep_what_was_dealt_before(database, time):
    acme = build.company(database, rules="dispatch: [{name: all, to: {members: [Ann Li]}, caps: {per_week: 1}}]")
    outcomes = []
    for _ in range(3):
        with database.begin(acme.org_id) as uow:
            outcomes += [dispatch.dispatch(uow, build.lead(uow, acme)).outcome for _ in range(2)]
        time.advance(days=7)
    assert outcomes == ["assigned", "pooled"] * 3
