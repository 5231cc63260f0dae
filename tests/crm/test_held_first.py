"""Who has waited is dealt to first: leads that are held come before one that has just come, the oldest ahead."""

import pytest
from sqlalchemy import text

from crm.services import dealing, dispatch, holding, leads, members, pauses
from tests import build

RULES = """
claim: {capacity: {default: 2}}
dispatch:
- name: web
  when: {field: source, value: web}
  to: {departments: [north]}
  nobody: hold
"""
SHARED = RULES + "  shares: {north: 1, south: 1}\n  full_branch: wait\n"
ON = "update member set on_duty = true where org_id = :o"
OFF = "update member set on_duty = false where org_id = :o"


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


def change(database, acme, statement, **args):
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text(statement), args | {"o": acme.org_id})


def comes(database, acme, time, **columns):
    """One lead comes and is dispatched, a minute after the one before."""
    time.advance(minutes=1)
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, **columns)
        return lead_id, dispatch.dispatch(uow, lead_id).outcome


def owned(database, acme):
    """The leads that have an owner, in the order in which they got one."""
    with database.begin(acme.org_id) as uow:
        return uow.session.scalars(
            text("select lead_id from assignment where org_id = :o order by id"), {"o": acme.org_id}
        ).all()


def states(database, acme):
    with database.begin(acme.org_id) as uow:
        return dict(
            uow.session.execute(
                text("select id, coalesce(held_by, 'owned') from lead where org_id = :o"), {"o": acme.org_id}
            ).all()
        )


def test_when_somebody_is_back_a_new_lead_is_dealt_behind_those_that_were_held(database, acme, time):
    change(database, acme, OFF)
    held = [comes(database, acme, time) for _ in range(3)]
    assert {outcome for _, outcome in held} == {"held"}
    change(database, acme, ON)
    newest, outcome = comes(database, acme, time)
    assert outcome == "assigned"
    assert owned(database, acme) == [*(lead for lead, _ in held), newest]


def test_room_for_fewer_goes_to_those_that_have_waited_longest(database, acme, time):
    change(database, acme, OFF)
    held = [comes(database, acme, time)[0] for _ in range(5)]
    change(database, acme, ON)
    newest, outcome = comes(database, acme, time)
    assert (outcome, owned(database, acme)) == ("held", held[:4])
    assert states(database, acme) == dict.fromkeys(held[:4], "owned") | {held[4]: "nobody", newest: "nobody"}


def test_a_batch_is_dealt_behind_those_that_were_held(database, acme, time):
    change(database, acme, OFF)
    held = [comes(database, acme, time)[0] for _ in range(3)]
    change(database, acme, ON)
    with database.begin(acme.org_id) as uow:
        batch = [build.lead(uow, acme) for _ in range(3)]
        outcomes = [made.outcome for made in dealing.deal(uow, batch)]
    assert (outcomes, owned(database, acme)) == (["assigned", "held", "held"], [*held, batch[0]])


def test_behind_more_than_can_be_dealt_along_a_new_lead_waits_and_the_queue_is_dealt_at_once(
    database, acme, time, monkeypatch
):
    monkeypatch.setattr(dealing, "BEFORE_ONE", 2)
    change(database, acme, OFF)
    held = [comes(database, acme, time)[0] for _ in range(3)]
    change(database, acme, ON)
    newest, outcome = comes(database, acme, time)
    assert (outcome, owned(database, acme)) == ("held", [])
    with database.begin(acme.org_id) as uow:
        job = "select count(*) from procrastinate_jobs where task_name = 'deal_held' and args->>'org_id' = :o"
        assert uow.session.scalar(text(job), {"o": str(acme.org_id)}) == 1
        told = "select count(*) from message where org_id = :o and topic = 'dispatch.held' and card->'leads' @> :l"
        assert uow.session.scalar(text(told), {"o": acme.org_id, "l": str([newest])}) == 0
        dealing.deal_held(uow)
    assert owned(database, acme) == [*held, newest]


def test_a_lead_that_no_one_can_take_keeps_nobody_from_the_room_there_is(database, time):
    acme = build.company(database, rules=RULES.replace("default: 2", "default: 2, levels: {A: 0}"))
    barred, outcome = comes(database, acme, time, level="A")
    assert outcome == "held"
    newest, outcome = comes(database, acme, time)
    assert (outcome, owned(database, acme)) == ("assigned", [newest])
    assert states(database, acme)[barred] == "nobody"


def put_on_hold(database, acme, lead_id):
    with database.begin(acme.org_id) as uow:
        ada = members.get(uow, acme.member["ada"])
        lead = leads.access(uow, actor=ada, ref=f"L-{leads.number_of(uow, lead_id)}")
        holding.hold(uow, actor=ada, lead=lead, until=build.NEVER, reason="asks first")
    with database.begin(acme.org_id) as uow:
        ada = members.get(uow, acme.member["ada"])
        lead = leads.access(uow, actor=ada, ref=f"L-{leads.number_of(uow, lead_id)}")
        holding.unhold(uow, actor=ada, lead=lead)


def pause_the_rule(database, acme, lead_id):
    with database.begin(acme.org_id) as uow:
        ada = members.get(uow, acme.member["ada"])
        pauses.pause(uow, actor=ada, name="web", until=build.NEVER, reason="new price list")
        dealing.deal_held(uow)
    with database.begin(acme.org_id) as uow:
        pauses.resume(uow, actor=members.get(uow, acme.member["ada"]), name="web")
        pauses.end_due(uow)


@pytest.mark.parametrize("put_aside", [put_on_hold, pause_the_rule])
@pytest.mark.parametrize("deal", [dispatch.dispatch, lambda uow, _: dealing.deal_held(uow)])
def test_a_lead_that_waits_for_its_branch_is_of_its_part_once_whatever_comes_between(database, time, put_aside, deal):
    acme = build.company(database, rules=SHARED.replace("[north]", "[north, south]"))
    change(database, acme, OFF)
    lead_id, outcome = comes(database, acme, time)
    assert outcome == "held"
    put_aside(database, acme, lead_id)
    change(database, acme, ON)
    with database.begin(acme.org_id) as uow:
        deal(uow, lead_id)
    assert owned(database, acme) == [lead_id]
    with database.begin(acme.org_id) as uow:
        state = uow.session.scalar(text("select state from rule_cursor where org_id = :o"), {"o": acme.org_id})
    assert sum(state["branches"].values()) == 1


TWO = """
claim: {capacity: {default: 3}}
dispatch:
- {name: big, when: {field: level, value: A}, to: {departments: [north]}, nobody: hold}
- {name: rest, to: {departments: [north, south]}, nobody: hold, strategy: least_loaded}
"""


def test_behind_a_queue_a_batch_is_dealt_as_the_same_leads_would_be_one_by_one(database, time):
    acme = build.company(database, rules=TWO)
    change(database, acme, OFF)
    held = [comes(database, acme, time, level=level)[0] for level in ("A", None, "A", None)]
    with database.begin(acme.org_id) as uow:
        new = [build.lead(uow, acme, level=level) for level in (None, "A", None, None, "A", "A", None, "A")]
    change(database, acme, ON)
    read = "select id, owner_id, held_by from lead where org_id = :o order by id"
    with database.begin(acme.org_id) as uow:
        trial = uow.session.begin_nested()
        for lead_id in new:
            dispatch.dispatch(uow, lead_id)
        singly = uow.session.execute(text(read), {"o": acme.org_id}).all()
        trial.rollback()
        dealing.deal(uow, new)
        together = uow.session.execute(text(read), {"o": acme.org_id}).all()
    assert together == singly
    assert {lead_id for lead_id, owner, _ in singly if owner} >= set(held)
