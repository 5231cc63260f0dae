"""A new lead finds its owner by rule, within duty, hours and caps, or lands in a pool; and the decision says why."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from crm.services import considered, dispatch, placing
from tests import build

NORTH = """
dispatch:
- name: web leads
  when: {field: source, value: web}
  to: {departments: [north]}
"""


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=NORTH)


def deal(database, acme, **columns):
    """A lead that comes in and is dispatched; returns (lead, what became of it)."""
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, **columns)
        return lead_id, dispatch.dispatch(uow, lead_id)


def sql(database, acme, statement, **args):
    with database.begin(acme.org_id) as uow:
        return uow.session.execute(text(statement), {"o": acme.org_id} | args).all()


def change(database, acme, statement, **args):
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text(statement), {"o": acme.org_id} | args)


def why(database, acme, dealt):
    ((candidates,),) = sql(
        database, acme, "select candidates from decision where org_id = :o and id = :d", d=dealt.decision_id
    )
    names = {member_id: name for name, member_id in acme.member.items()}
    return {names[member]: reason for member, reason in considered.read(candidates).items()}


def test_leads_go_round_among_those_the_rule_names(database, acme):
    dealt = [deal(database, acme)[1] for _ in range(4)]
    reps = [one.member_id for one in dealt]
    assert {one.outcome for one in dealt} == {"assigned"}
    assert sorted(reps[:2]) == sorted([acme.member["ann"], acme.member["bob"]])
    assert reps[2:] == reps[:2]


def test_the_new_owner_is_told_and_the_clock_runs(database, acme):
    lead_id, dealt = deal(database, acme)
    with database.begin(acme.org_id) as uow:
        lead = build.read(uow, lead_id)
        assert lead.owner_id == dealt.member_id
        assert lead.recycle_at == build.NOW + timedelta(days=2)
    owed = sql(database, acme, "select topic, member_id, card from message where org_id = :o")
    assert owed == [("lead.dispatched", dealt.member_id, {"lead": lead_id, "decision": dealt.decision_id})]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("update member set active = false where org_id = :o and id = :m", "inactive"),
        ("update member set on_duty = false where org_id = :o and id = :m", "off_duty"),
        (
            "insert into leave (org_id, member_id, starts_on, ends_on) values (:o, :m, '2026-03-01', '2026-03-04')",
            "on_leave",
        ),
        ("update member set timezone = 'America/New_York' where org_id = :o and id = :m", "out_of_hours"),
        ("update rep_load set holding = 200 where org_id = :o and member_id = :m", "at_capacity"),
    ],
)
def test_who_cannot_take_a_lead_is_passed_over_with_the_reason(database, acme, statement, reason):
    change(database, acme, statement, m=acme.member["ann"])
    dealt = [deal(database, acme)[1] for _ in range(2)]
    assert {one.member_id for one in dealt} == {acme.member["bob"]}
    assert why(database, acme, dealt[0]) == {"ann": reason, "bob": None}


def test_leave_ends_with_the_local_day(database, acme):
    """It is the fourth of March in the east of the Pacific's date line and the third in its west."""
    for name, zone in (("ann", "Pacific/Kiritimati"), ("bob", "Pacific/Pago_Pago")):
        args = {"m": acme.member[name], "z": zone}
        change(database, acme, "update member set timezone = :z where org_id = :o and id = :m", **args)
        change(
            database, acme,
            "insert into leave (org_id, member_id, starts_on, ends_on) values (:o, :m, '2026-03-01', '2026-03-03')",
            m=acme.member[name],
        )  # fmt: skip
    _, dealt = deal(database, acme)
    assert dealt.member_id == acme.member["ann"]
    assert why(database, acme, dealt) == {"ann": None, "bob": "on_leave"}


@pytest.mark.parametrize(
    ("to", "reasons"),
    [
        ("where: {field: tags, op: contains, value: senior}", {"ann": None, "bob": "condition_not_met"}),
        ("where: {field: tenure, op: lt, value: 30d}", {"ann": "condition_not_met", "bob": None}),
        ("where: {field: timezone, value: Europe/Paris}", {"ann": "condition_not_met", "bob": None}),
        ("where: {field: language, value: zh}", {"ann": None, "bob": "condition_not_met"}),
        ("where: {field: department, op: in, value: [company]}", {"ann": None, "bob": None}),
        ("prefer: [{field: email, op: contains, value: ann}]", {"ann": None, "bob": None}),
    ],
)
def test_conditions_are_on_what_is_known_about_members(database, time, to, reasons):
    rules = f"dispatch: [{{name: web, to: {{departments: [north], {to}}}, working_hours: false}}]"
    acme = build.company(database, rules=rules)
    change(
        database, acme, "update member set tags = '{senior}', locale = 'zh', joined_at = :at where id = :m",
        m=acme.member["ann"], at=build.NOW - timedelta(days=30),
    )  # fmt: skip
    change(database, acme, "update member set timezone = 'Europe/Paris' where id = :m", m=acme.member["bob"])
    dealt = [deal(database, acme)[1] for _ in range(3)]
    assert why(database, acme, dealt[0]) == reasons
    assert {one.member_id for one in dealt} <= {acme.member[name] for name, reason in reasons.items() if not reason}


def test_whom_the_rule_prefers_gets_all_as_long_as_there_is_room(database, time):
    prefer = "to: {departments: [north], prefer: [{field: name, value: Bob Chen}]}, caps: {per_week: 2}"
    acme = build.company(database, rules=f"dispatch: [{{name: web, {prefer}}}]")
    dealt = [deal(database, acme)[1].member_id for _ in range(5)]
    assert dealt == [acme.member["bob"]] * 2 + [acme.member["ann"]] * 2 + [None]


def test_the_daily_cap_ends_with_the_local_day(database, time):
    acme = build.company(database, rules=NORTH + "  caps: {per_day: 1}\n")
    first = [deal(database, acme)[1].outcome for _ in range(3)]
    time.advance(days=1)
    assert first == ["assigned", "assigned", "pooled"]
    assert deal(database, acme)[1].outcome == "assigned"


def test_without_candidates_the_pool_gets_the_lead_and_its_team_hears_of_it(database, acme):
    change(database, acme, "update member set on_duty = false where org_id = :o")
    lead_id, dealt = deal(database, acme, pool="north")
    assert (dealt.outcome, dealt.pool_id) == ("pooled", acme.pool["open"])
    owed = sql(database, acme, "select topic, group_key, card, due_at - created_at from message where org_id = :o")
    news = {"pool": acme.pool["open"], "leads": [lead_id]}
    assert owed == [("pool.arrived", f"arrived:{acme.pool['open']}", news, placing.GATHER)]


def test_a_rule_may_name_its_own_fallback(database, time):
    acme = build.company(database, rules=NORTH + "  fallback: north\n")
    change(database, acme, "update member set on_duty = false where org_id = :o")
    assert deal(database, acme)[1].pool_id == acme.pool["north"]


def test_a_lead_that_no_rule_means_goes_to_the_pool_of_its_source(database, acme):
    _, dealt = deal(database, acme, source_id=None, pool="north")
    assert (dealt.outcome, dealt.rule, dealt.pool_id) == ("pooled", None, acme.pool["north"])


def test_a_rule_may_hold_leads_until_somebody_is_there(database, time):
    acme = build.company(database, rules=NORTH + "  nobody: hold\n")
    change(database, acme, "update member set on_duty = false where org_id = :o")
    lead_id, dealt = deal(database, acme)
    assert dealt.outcome == "held"
    owed = sql(database, acme, "select topic, member_id, card from message where org_id = :o")
    assert owed == [("dispatch.held", acme.member["mia"], {"leads": [lead_id]})]
    assert sql(database, acme, "select held_since from lead where id = :l", l=lead_id) == [(build.NOW,)]


def test_a_person_stays_with_the_present_owner(database, acme):
    with database.begin(acme.org_id) as uow:
        known = build.lead(uow, acme, owner="cyd")
        again = build.lead(uow, acme, status="won")
        uow.session.execute(
            text(
                "update lead set person_id = k.person_id, status = 'open', line_id = :line from lead k"
                " where lead.id = :a and k.id = :k"
            ),
            {"a": again, "k": known, "line": other_line(uow)},
        )
        dealt = dispatch.dispatch(uow, again)
    assert (dealt.rule, dealt.member_id) == ("affinity", acme.member["cyd"])


def other_line(uow):
    return uow.session.scalar(
        text("insert into line (org_id, key, name) values (:o, 'more', 'More') returning id"), {"o": uow.org_id}
    )


def test_a_lead_with_an_owner_is_left_alone(database, acme):
    with database.begin(acme.org_id) as uow:
        assert dispatch.dispatch(uow, build.lead(uow, acme, owner="cyd")) is None


def test_who_comes_back_is_neither_flooded_nor_starved(database, acme):
    change(database, acme, "update member set on_duty = false where org_id = :o and id = :m", m=acme.member["ann"])
    absent = [deal(database, acme)[1].member_id for _ in range(4)]
    change(database, acme, "update member set on_duty = true where org_id = :o and id = :m", m=acme.member["ann"])
    back = [deal(database, acme)[1].member_id for _ in range(4)]
    assert set(absent) == {acme.member["bob"]}
    assert back == [acme.member["ann"], acme.member["bob"]] * 2


def test_dispatches_at_once_share_evenly_and_pass_no_cap(database, time):
    acme = build.company(database, rules=NORTH + "  caps: {per_day: 7}\n")
    with ThreadPoolExecutor(8) as pool:
        outcomes = [dealt.outcome for _, dealt in pool.map(lambda _: deal(database, acme), range(20))]
    assert outcomes.count("assigned") == 14
    loads = sql(
        database, acme, "select holding, dealt_day from rep_load where org_id = :o and member_id = any(:m)",
        m=[acme.member["ann"], acme.member["bob"]],
    )  # fmt: skip
    assert loads == [(7, 7), (7, 7)]
