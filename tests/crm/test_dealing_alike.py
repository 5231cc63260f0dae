"""Whatever a rule set says, a batch is dealt to the last lead as the same leads would be one by one."""

import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from crm.services import dealing, dispatch
from tests import build
from tests.rounds import rounds

LEADS = 14
ANN, BOB, CYD, DAN = (f"{name}@acme.example" for name in ("ann", "bob", "cyd", "dan"))
WEIGHT = st.sampled_from([1, 2, 0.5, 3, 1.333])
CAPS = st.fixed_dictionaries(
    {}, optional={name: st.integers(0, 6) for name in ("per_day", "per_week", "per_month")}
)  # fmt: skip
PREFERENCES = st.lists(
    st.sampled_from([{"field": "tags", "op": "contains", "value": "senior"}, {"field": "department", "op": "in",
                    "value": ["south"]}, {"field": "tenure", "op": "lt", "value": "90d"}]), max_size=2,
)  # fmt: skip
STRATEGIES = st.one_of(
    st.sampled_from([
        {},
        {"strategy": "least_loaded"},
        {"strategy": "direct", "to": {"members": [CYD, ANN], "departments": ["north"]}},
    ]),
    st.fixed_dictionaries({"strategy": st.just("weighted"), "weights": st.fixed_dictionaries(
        {"members": st.dictionaries(st.sampled_from([ANN, BOB, CYD]), WEIGHT), "default": WEIGHT},
        optional={"tags": st.just({"senior": 2})},
    )}),
)  # fmt: skip
SHARES = st.one_of(
    st.just({}),
    st.fixed_dictionaries({
        "shares": st.fixed_dictionaries({"north": WEIGHT, "south": WEIGHT}),
        "full_branch": st.sampled_from(["wait", "fall_over"]), "period": st.sampled_from(["day", "month", "ever"]),
    }),
)  # fmt: skip


@st.composite
def rule(draw, name, **fixed):
    made = {"name": name, "caps": draw(CAPS), "nobody": draw(st.sampled_from(["pool", "hold"]))}
    made |= draw(STRATEGIES) | draw(SHARES) | fixed
    must = draw(st.sampled_from([{}, {"where": {"not": {"field": "name", "value": "Bob Chen"}}}]))
    made |= draw(st.sampled_from([{}, {}, {"mode": "offer"}]))
    return made | {"to": made.get("to", {}) | {"prefer": draw(PREFERENCES)} | must}


RULES = st.fixed_dictionaries({
    "claim": st.fixed_dictionaries({"capacity": st.fixed_dictionaries(
        {"default": st.sampled_from([2, 5, 60, None])}, optional={"levels": st.just({"A": 2})}
    )}),
    "dispatch": st.tuples(rule("big", when={"field": "amount", "op": "gte", "value": 1000}), rule("rest")),
    "caps": CAPS,
})  # fmt: skip


class _Over(Exception):
    """What was tried is to be forgotten."""


@pytest.fixture(scope="module")
def acme(shared_database):
    """A company with leads that nobody owns; three of them are of people whom somebody knows."""
    shared_database.time = build.clock()
    made = build.company(shared_database)
    with shared_database.begin(made.org_id) as uow:
        leads = [build.lead(uow, made) for _ in range(LEADS)]
        known = [build.lead(uow, made, owner=name, status="won") for name in ("ann", "cyd", "dan")]
        uow.session.execute(
            text(
                "update lead l set person_id = k.person_id from lead k, unnest(cast(:a as bigint[]),"
                " cast(:k as bigint[])) as p(a, k) where l.id = p.a and k.id = p.k"
            ),
            {"a": leads[::5], "k": known},
        )
        uow.session.execute(
            text("update member set tags = '{senior}' where org_id = :o and name in ('Ann Li', 'Dan 赵')"),
            {"o": made.org_id},
        )
    made.group.update(enumerate(leads))
    return made


def became(uow, acme):
    """All that dealing has left behind."""
    leads = "select id, owner_id, pool_id, held_by, held_for, recycle_at from lead where org_id = :o order by id"
    ledger = (
        "select member_id, holding, day, dealt_day, week, dealt_week, month, dealt_month from rep_load"
        " where org_id = :o order by member_id"
    )
    cursors = (
        "select rule, state from rule_cursor where org_id = :o"
        """ and state <> '{"last": {}, "turn": 0, "dealt": {}}' order by rule"""
    )
    decided = "select lead_id, rule, outcome, member_id from decision where org_id = :o order by lead_id, id"
    offered = "select lead_id, member_id, rule, state, expires_at from offer where org_id = :o order by lead_id, id"
    everything = (leads, ledger, cursors, offered, decided)
    return [uow.session.execute(text(read), {"o": acme.org_id}).all() for read in everything]


@settings(max_examples=rounds(short=12, full=300), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    RULES, st.lists(st.booleans(), min_size=LEADS, max_size=LEADS), st.permutations(range(LEADS)),
    st.integers(0, LEADS), st.sets(st.sampled_from(["ann", "bob", "cyd"]), max_size=2),
)  # fmt: skip
def test_a_batch_becomes_what_the_same_leads_would_one_by_one(database, acme, rules, big, order, cut, off_duty):
    database.time = build.clock()
    leads = [acme.group[number] for number in order]
    with suppress(_Over), database.begin(acme.org_id) as uow:
        arrange(uow, acme, json.dumps(rules), big, off_duty)
        trial = uow.session.begin_nested()
        for lead in leads:
            dispatch.dispatch(uow, lead)
        singly = [became(uow, acme), all_there(uow, acme)]
        for lead in sorted(acme.group.values()):
            dispatch.dispatch(uow, lead)
        singly.append(became(uow, acme)[:-1])
        trial.rollback()
        dealing.deal(uow, leads[:cut])
        dealing.deal(uow, leads[cut:])
        together = [became(uow, acme), all_there(uow, acme)]
        dealing.deal_held(uow)
        together.append(became(uow, acme)[:-1])
        raise _Over
    assert together == singly


def all_there(uow, acme):
    """Everybody comes on duty; the leads that lie in a pool are nobody's business any more."""
    uow.session.execute(text("update member set on_duty = true where org_id = :o"), {"o": acme.org_id})
    uow.session.execute(
        text("update lead set status = 'void' where org_id = :o and owner_id is null and held_by is null"),
        {"o": acme.org_id},
    )


def arrange(uow, acme, rules, big, off_duty):
    """The rule set, which leads are big, and who is not there."""
    build.rule_set(uow, rules)
    uow.session.execute(
        text(
            "update lead set amount = case when id = any(:big) then 5000 else 10 end,"
            " level = case when id % 3 = 0 then 'A' end where org_id = :o"
        ),
        {"o": acme.org_id, "big": [acme.group[number] for number, is_big in enumerate(big) if is_big]},
    )
    uow.session.execute(
        text("update member set on_duty = id <> all(:off) where org_id = :o"),
        {"o": acme.org_id, "off": [acme.member[name] for name in off_duty]},
    )
