"""A batch lies on the manager's desk with suggestions, is dealt by one tap or by words, and goes back as one."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm import jobs
from crm.errors import MemberFull, MemberNotFound, NotAllowed, NotYourTeam
from crm.errors_of_offers import DeskEmpty, MemberAway, NotOnDesk
from crm.services import batches, dealing, dispatch, handing, members, rewinding, timeline, undo
from tests import build

RULES = """
dispatch:
- name: big ones
  when: {field: source, value: web}
  to: {departments: [north]}
  mode: desk
  desk_within: 4h
  fallback: north
"""


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


@pytest.fixture
def batch(database, acme):
    """Four leads that came at once: their ids, and the run."""
    with database.begin(acme.org_id) as uow:
        ids = [build.lead(uow, acme, name=f"Lu {n}") for n in range(4)]
        dealing.deal(uow, ids)
        return ids, batches.newest(uow, actor=members.get(uow, acme.member["mia"]))


def manager(uow, acme):
    return members.get(uow, acme.member["mia"])


def name_of(acme, member_id):
    return {number: name for name, number in acme.member.items()}.get(member_id)


def refs(uow, ids):
    return [build.read(uow, lead_id).ref for lead_id in ids]


def owners(database, acme, ids):
    with database.begin(acme.org_id) as uow:
        return [name_of(acme, build.read(uow, lead_id).owner_id) for lead_id in ids]


def held(database, acme, ids):
    with database.begin(acme.org_id) as uow:
        return {build.read(uow, lead_id).held_by for lead_id in ids}


def change(database, acme, statement, **args):
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text(statement), {"o": acme.org_id} | args)


def test_what_comes_at_once_is_one_batch_for_the_manager_of_the_rules_people(database, acme):
    with database.begin(acme.org_id) as uow:
        ids = [build.lead(uow, acme) for _ in range(3)]
        for lead_id in ids:
            dispatch.dispatch(uow, lead_id)
    with database.begin(acme.org_id) as uow:
        run = batches.newest(uow, actor=manager(uow, acme))
        assert batches.lying(uow, run) == ids
        rows = uow.session.execute(
            text("select topic, member_id, group_key, card from message where org_id = :o"), {"o": acme.org_id}
        ).all()
        assert {(row.topic, name_of(acme, row.member_id), row.group_key) for row in rows} == {
            ("desk.batch", "mia", f"desk:{run}")
        }
        assert {build.read(uow, lead_id).held_until - uow.now for lead_id in ids} == {timedelta(hours=4)}
        with pytest.raises(DeskEmpty):
            batches.newest(uow, actor=members.get(uow, acme.member["max"]))


def test_what_is_suggested_is_what_one_tap_deals(database, acme, batch):
    ids, run = batch
    with database.begin(acme.org_id) as uow:
        suggested = [(one.lead_id, one.member_id) for one in batches.suggest(uow, run)]
        assert batches.suggest(uow, run) == batches.suggest(uow, run)
    with database.begin(acme.org_id) as uow:
        done = batches.deal(uow, actor=manager(uow, acme), run_id=run)
    assert list(done.given.items()) == suggested
    assert sorted(owners(database, acme, ids)) == ["ann", "ann", "bob", "bob"]
    with database.begin(acme.org_id) as uow, pytest.raises(DeskEmpty):
        batches.deal(uow, actor=manager(uow, acme), run_id=run)


def test_the_turns_that_a_manager_dealt_count_for_the_next_batch(database, acme):
    with database.begin(acme.org_id) as uow:
        first, second = build.lead(uow, acme), build.lead(uow, acme)
        dispatch.dispatch(uow, first)
    with database.begin(acme.org_id) as uow:
        run = batches.newest(uow, actor=manager(uow, acme))
        batches.deal(uow, actor=manager(uow, acme), run_id=run)
        dispatch.dispatch(uow, second)
        batches.deal(uow, actor=manager(uow, acme), run_id=batches.newest(uow, actor=manager(uow, acme)))
    assert sorted(owners(database, acme, [first, second])) == ["ann", "bob"]


def test_a_mismatch_is_marked_when_nobody_is_quite_right(database, acme, batch):
    change(database, acme, "update member set on_duty = false where org_id = :o")
    with database.begin(acme.org_id) as uow:
        marks = [one.mismatch for one in batches.suggest(uow, batch[1])]
        assert marks == ["off_duty"] * 4
        done = batches.deal(uow, actor=manager(uow, acme), run_id=batch[1])
    assert len(done.given) == 4
    assert done.refused == []


def test_typed_rows_are_dealt_and_wrong_ones_refused_each_with_its_reason(database, acme, batch):
    ids, _run = batch
    change(
        database, acme, "update rep_load set holding = 200 where org_id = :o and member_id = :m", m=acme.member["bob"]
    )
    with database.begin(acme.org_id) as uow:
        elsewhere = build.lead(uow, acme)
        one, two, three, four = refs(uow, ids)
        mia, typed = (
            manager(uow, acme),
            [(one, "@Ann"), (two, "@Bob"), (three, "@Cyd"), (four, "@Nobody"), (refs(uow, [elsewhere])[0], "@Ann")],
        )
        wishes = [batches.wish(uow, actor=mia, ref=ref, name=name) for ref, name in typed]
        done = batches.give(uow, actor=mia, wishes=wishes)
    assert [type(problem) for problem in done.refused] == [MemberFull, NotYourTeam, MemberNotFound, NotOnDesk]
    assert owners(database, acme, ids) == ["ann", None, None, None]
    assert held(database, acme, ids[1:]) == {"desk"}


def test_somebody_on_leave_gets_nothing(database, acme, batch):
    away = "insert into leave (org_id, member_id, starts_on, ends_on) values (:o, :m, '2026-03-01', '2026-03-09')"
    change(database, acme, away, m=acme.member["ann"])
    with database.begin(acme.org_id) as uow:
        mia = manager(uow, acme)
        typed = batches.wish(uow, actor=mia, ref=refs(uow, batch[0])[0], name="Ann")
        done = batches.give(uow, actor=mia, wishes=[typed])
    assert [type(problem) for problem in done.refused] == [MemberAway]


def test_one_undo_lays_the_whole_batch_back(database, acme, batch):
    ids, run = batch
    with database.begin(acme.org_id) as uow:
        batches.deal(uow, actor=manager(uow, acme), run_id=run)
    with database.begin(acme.org_id) as uow:
        undone = undo.undo(uow, actor=manager(uow, acme))
    assert sorted(undone.lead_ids) == ids
    assert owners(database, acme, ids) == [None] * 4
    with database.begin(acme.org_id) as uow:
        assert batches.lying(uow, run) == ids
        loads = uow.session.scalars(text("select sum(holding) from rep_load where org_id = :o"), {"o": acme.org_id})
        assert loads.one() == 0


@pytest.mark.parametrize(("nobody", "state"), [("pool", (None, "north")), ("hold", ("nobody", "open"))])
def test_what_no_manager_deals_goes_where_the_rule_says(database, time, nobody, state):
    acme = build.company(database, rules=RULES + f"  nobody: {nobody}\n")
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme)
        dispatch.dispatch(uow, lead_id)
    time.advance(hours=4)
    jobs.pass_offers_on(database, acme.org_id)
    jobs.pass_offers_on(database, acme.org_id)
    with database.begin(acme.org_id) as uow:
        lead = build.read(uow, lead_id)
        assert (lead.held_by, {number: key for key, number in acme.pool.items()}[lead.pool_id]) == state
        told = "select outcome from decision where org_id = :o and lead_id = :l order by id"
        assert uow.session.scalars(text(told), {"o": acme.org_id, "l": lead_id}).all() == ["desk", "desk_late"]


def test_who_declined_a_lead_is_suggested_for_it_last_and_marked(database, time):
    offering = RULES.replace("mode: desk", "mode: offer\n  nobody: manager")
    acme = build.company(database, rules=offering)
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme)
        first = dispatch.dispatch(uow, lead_id).member_id
        ref = build.read(uow, lead_id).ref
    change(database, acme, "update member set on_duty = false where org_id = :o and id <> :m", m=first)
    with database.begin(acme.org_id) as uow:
        handing.decline(uow, actor=members.get(uow, first), ref=ref, reason="no")
    with database.begin(acme.org_id) as uow:
        (one,) = batches.suggest(uow, batches.newest(uow, actor=manager(uow, acme)))
    assert (one.member_id != first, one.mismatch) == (True, "off_duty")


def test_only_managers_deal_from_a_desk(database, acme, batch):
    with database.begin(acme.org_id) as uow, pytest.raises(NotAllowed):
        batches.deal(uow, actor=members.get(uow, acme.member["ann"]), run_id=batch[1])


def test_within_a_day_what_was_dealt_at_once_is_taken_back_as_one_run_but_for_what_was_touched(
    database, acme, batch, time
):
    ids, run = batch
    with database.begin(acme.org_id) as uow:
        done = batches.deal(uow, actor=manager(uow, acme), run_id=run)
    before = ledger(database, acme)
    time.advance(hours=3)
    with database.begin(acme.org_id) as uow:
        timeline.note(uow, lead_id=ids[0], verb="noted", actor_id=done.given[ids[0]], words="calls back")
    time.advance(hours=1)
    with database.begin(acme.org_id) as uow:
        assert rewinding.recent(uow, actor=manager(uow, acme))[0].id == done.run_id
        rewinding.rewind(uow, actor=manager(uow, acme), run_id=done.run_id)
    jobs.BY_NAME["rewind_run"](database, org_id=acme.org_id, run_id=done.run_id, by_id=acme.member["mia"])
    assert owners(database, acme, ids) == [name_of(acme, done.given[ids[0]]), None, None, None]
    with database.begin(acme.org_id) as uow:
        assert batches.lying(uow, run) == ids[1:]
    # Each of the two had two leads, and keeps what nobody could take back.
    assert (before, ledger(database, acme)) == ([(2, 2, 2, 2)] * 2, [(0, 0, 0, 0), (1, 1, 1, 1)])


def ledger(database, acme):
    """What those who were dealt to hold, and were dealt in the day, week and month."""
    with database.begin(acme.org_id) as uow:
        rows = uow.session.execute(
            text(
                "select holding, dealt_day, dealt_week, dealt_month from rep_load"
                " where org_id = :o and month <> '2000-01-01' order by 1, 2"
            ),
            {"o": acme.org_id},
        )
        return [tuple(row) for row in rows]
