"""One person, one record: what becomes of leads, tasks, keys, owners and the ledger when two persons are made one."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm.errors import BuiltUpon, Conflict, LeadNotFound
from crm.errors_of_merging import MergeBeyondScope, MergeNotYours, NothingToUnmerge, SamePerson
from crm.rules.arrival import Arrival
from crm.services import (
    assignments,
    creation,
    follow_ups,
    intake,
    leads,
    members,
    merging,
    pipeline,
    sources,
    timeline,
    undo,
    unmerging,
)
from tests import build

HELD = text("select holding from rep_load where org_id = :o and member_id = :m")
OPEN = text("select id from lead where org_id = :o and status = 'open' order by id")


class House:
    """A company, and its people doing things."""

    def __init__(self, database, time):
        self.database, self.time = database, time
        self.acme = build.company(database, rules="claim: {capacity: {default: 3}}")

    def begin(self):
        return self.database.begin(self.acme.org_id)

    def lead(self, **facts):
        with self.begin() as uow:
            return build.lead(uow, self.acme, **facts)

    def does(self, name, what):
        with self.begin() as uow:
            return what(uow, members.get(uow, self.acme.member[name]))

    def merge(self, name, one, other, reason=""):
        def merge(uow, me):
            both = [leads.access_id(uow, actor=me, lead_id=lead) for lead in (one, other)]
            return merging.merge(uow, actor=me, one=both[0], other=both[1], reason=reason)

        return self.does(name, merge)

    def unmerge(self, name, lead):
        return self.does(name, lambda uow, me: unmerging.unmerge(uow, actor=me, ref=f"L-{leads.number_of(uow, lead)}"))

    def read(self, lead):
        with self.begin() as uow:
            return build.read(uow, lead)

    def holding(self, name):
        with self.begin() as uow:
            return uow.session.scalar(HELD, {"o": uow.org_id, "m": self.acme.member[name]})

    def owner(self, lead):
        names = {number: name for name, number in self.acme.member.items()}
        return names.get(self.read(lead).owner_id)

    def scalar(self, statement, **args):
        with self.begin() as uow:
            return uow.session.scalar(text(statement), {"o": uow.org_id} | args)


@pytest.fixture
def house(database, time):
    return House(database, time)


def test_an_owned_lead_stays_and_a_free_one_closes(house):
    free, owned = house.lead(), house.lead(owner="ann")
    made = house.merge("mia", free, owned)
    assert made.plan.lead_id == owned
    gone = house.read(free)
    assert (gone.status, gone.merged_into, gone.person_id) == ("void", owned, house.read(owned).person_id)


def test_of_two_owned_leads_the_one_worked_on_last_stays(house):
    worked, older = house.lead(owner="bob"), house.lead(owner="ann", assigned_at=build.NOW - timedelta(days=9))
    said = follow_ups.FollowUp("called", outcome="reached")
    house.does(
        "bob",
        lambda uow, me: follow_ups.log(uow, actor=me, lead=leads.access_id(uow, actor=me, lead_id=worked), said=said),
    )
    assert house.merge("mia", older, worked).plan.lead_id == worked


def test_of_two_alike_the_one_owned_for_longer_stays(house):
    younger, older = house.lead(owner="bob"), house.lead(owner="ann", assigned_at=build.NOW - timedelta(days=9))
    assert house.merge("mia", younger, older).plan.lead_id == older


def test_who_loses_a_lead_holds_one_less_and_is_told_by_whom(house):
    kept, lost = house.lead(owner="ann", assigned_at=build.NOW - timedelta(days=9)), house.lead(owner="bob")
    house.merge("mia", kept, lost)
    assert (house.holding("ann"), house.holding("bob")) == (1, 0)
    ended = "select ended_by || ' ' || reason from assignment where org_id = :o and lead_id = :l"
    assert house.scalar(ended, l=lost) == f"merged L-{house.read(kept).number}"
    told = "select array_agg(topic order by topic) from message where org_id = :o"
    assert house.scalar(told) == ["lead.merged", "lead.merged_away"]


def test_tasks_and_live_cards_go_to_the_lead_that_stays_and_its_owner(house):
    kept, lost = house.lead(owner="ann", assigned_at=build.NOW - timedelta(days=9)), house.lead(owner="bob")
    with house.begin() as uow:
        task = build.task(uow, house.acme, "bob", due_at=uow.now + timedelta(days=1), lead_id=lost)
        uow.session.execute(
            text(
                "insert into posted_card (org_id, workspace_id, lead_id, card, handle, place, wanted, shown, live,"
                " posted_at) values (:o, :w, :l, '{}', '{}', 'here', 0, 0, true, :now)"
            ),
            {"o": uow.org_id, "w": house.acme.workspace["slack"], "l": lost, "now": uow.now},
        )
    house.merge("mia", kept, lost)
    where = "select lead_id || ' ' || member_id from task where org_id = :o and id = :t"
    assert house.scalar(where, t=task) == f"{kept} {house.acme.member['ann']}"
    assert house.scalar("select lead_id from posted_card where org_id = :o") == kept


def test_both_phones_lead_to_the_one_lead(house):
    kept, lost = house.lead(owner="ann", phone="+8613800138001"), house.lead(phone="+8613800138002")
    house.merge("mia", kept, lost)
    with house.begin() as uow:
        taken = intake.take_in(
            uow, source=sources.get(uow, house.acme.source_id), arrival=Arrival(name="x", phone="13800138002")
        )
    assert (taken.lead_id, taken.touched) == (kept, True)
    assert house.read(kept).touches == 3


def test_the_history_of_both_is_told_at_the_lead_that_stays(house):
    kept, lost = house.lead(owner="ann"), house.lead()
    with house.begin() as uow:
        timeline.note(uow, lead_id=lost, verb="noted", actor_id=None, words="likes tea")
    house.merge("mia", kept, lost)
    with house.begin() as uow:
        assert [entry["verb"] for entry in timeline.entries(uow, kept)] == ["merged", "noted"]


def test_the_reference_of_a_lead_that_is_gone_leads_to_the_one_that_stayed(house):
    kept, lost = house.lead(owner="ann"), house.lead()
    house.merge("mia", kept, lost)
    ref = f"L-{house.read(lost).number}"
    seen = house.does("ann", lambda uow, me: leads.access(uow, actor=me, ref=ref))
    assert (seen.id, seen.was) == (kept, ref)


def test_whoever_claims_a_lead_that_is_gone_gets_the_one_that_stands_for_it(house):
    kept, lost = house.lead(), house.lead()
    house.merge("mia", kept, lost)
    claimed = house.does("ann", lambda uow, me: assignments.claim(uow, actor=me, ref=f"L-{leads.number_of(uow, lost)}"))
    assert claimed.lead_id == kept


def test_a_person_without_anything_open_brings_its_history_and_keys_alone(house):
    closed, kept = house.lead(status="lost"), house.lead()
    made = house.merge("mia", closed, kept)
    assert made.plan.losses == ()
    assert house.read(closed).person_id == house.read(kept).person_id
    assert house.read(closed).status == "lost"


def test_what_one_did_not_know_the_other_fills_in_and_that_nobody_may_call_is_kept(house):
    kept, lost = house.lead(owner="ann", firm=""), house.lead(firm="Acme")
    with house.begin() as uow:
        uow.session.execute(
            text("update person set contact_state = 'do_not_contact' where org_id = :o and company = 'Acme'"),
            {"o": uow.org_id},
        )
    house.merge("mia", kept, lost)
    seen = house.does("ann", lambda uow, me: leads.access_id(uow, actor=me, lead_id=kept))
    assert (seen.company, seen.contact_state) == ("Acme", "do_not_contact")
    house.unmerge("mia", kept)
    seen = house.does("ann", lambda uow, me: leads.access_id(uow, actor=me, lead_id=kept))
    assert (seen.company, seen.contact_state) == ("", None)


def test_a_rep_merges_what_is_all_hers_and_nothing_else(house):
    mine, also_mine, theirs = house.lead(owner="ann"), house.lead(owner="ann"), house.lead(owner="bob")
    house.merge("ann", mine, also_mine)
    with pytest.raises(LeadNotFound):
        house.merge("ann", mine, theirs)
    with pytest.raises(MergeNotYours):
        house.merge("ann", mine, house.lead())


def test_a_manager_merges_within_the_scope(house):
    seen, beyond = house.lead(owner="ann"), house.lead(owner="cyd", status="lost")
    other = house.lead(owner="cyd")
    with pytest.raises(LeadNotFound):
        house.merge("mia", seen, beyond)
    with house.begin() as uow:
        uow.session.execute(
            text("update lead set line_id = :line, person_id = :p where org_id = :o and id = :l"),
            {"o": uow.org_id, "line": second_line(uow), "p": build.read(uow, seen).person_id, "l": other},
        )
    bobs = house.lead(owner="bob")
    with house.begin() as uow:
        third = build.lead(uow, house.acme, owner="dan", line_id=second_line(uow))
        uow.session.execute(
            text("update lead set person_id = :p where org_id = :o and id = :l"),
            {"o": uow.org_id, "p": build.read(uow, bobs).person_id, "l": third},
        )
    with pytest.raises(MergeBeyondScope):
        house.merge("mia", seen, bobs)


def second_line(uow):
    return uow.session.scalar(
        text(
            "insert into line (org_id, key, name) values (:o, 'repeat', 'Repeat')"
            " on conflict (org_id, key) do update set name = excluded.name returning id"
        ),
        {"o": uow.org_id},
    )


def test_nobody_is_merged_twice(house):
    kept, lost = house.lead(owner="ann"), house.lead()
    house.merge("mia", kept, lost)
    with pytest.raises(SamePerson):
        house.merge("mia", kept, lost)
    with pytest.raises(Conflict):
        house.does("mia", lambda uow, me: merging.join(uow, *persons(house, kept, lost), by=me))


def persons(house, kept, lost):
    loser = house.scalar("select loser_id from merge where org_id = :o")
    return house.read(kept).person_id, loser


def test_an_unmerge_gives_leads_tasks_keys_owners_and_cards_back(house):
    kept, lost = house.lead(owner="ann", assigned_at=build.NOW - timedelta(days=9)), house.lead(owner="bob")
    with house.begin() as uow:
        task = build.task(uow, house.acme, "bob", due_at=uow.now + timedelta(days=1), lead_id=lost)
    before = {lead: house.read(lead) for lead in (kept, lost)}
    house.merge("mia", kept, lost)
    house.time.advance(hours=5)
    parted = house.unmerge("mia", lost)
    assert (parted.lead_id, parted.back_ids, parted.pooled_ids) == (kept, (lost,), ())
    same = ("status", "person_id", "owner_id", "pool_id", "assigned_at", "touches", "merged_into", "counts")
    for lead, was in before.items():
        now_there = house.read(lead)
        assert {name: getattr(now_there, name) for name in same} == {name: getattr(was, name) for name in same}
    assert (house.holding("ann"), house.holding("bob")) == (1, 1)
    where = "select lead_id || ' ' || member_id from task where org_id = :o and id = :t"
    assert house.scalar(where, t=task) == f"{lost} {house.acme.member['bob']}"
    keys = "select count(*) from person_key where org_id = :o and person_id = :p"
    assert [house.scalar(keys, p=was.person_id) for was in before.values()] == [1, 1]


def test_who_has_no_room_by_now_does_not_get_the_lead_back_and_it_goes_to_its_pool(house):
    kept, lost = house.lead(owner="ann", assigned_at=build.NOW - timedelta(days=9)), house.lead(owner="bob")
    house.merge("mia", kept, lost)
    for _ in range(3):
        house.lead(owner="bob")
    parted = house.unmerge("mia", lost)
    assert (parted.back_ids, parted.pooled_ids) == ((lost,), (lost,))
    assert (house.owner(lost), house.read(lost).pool_id) == (None, house.acme.pool["open"])
    assert house.holding("bob") == 3


def test_a_lead_stays_closed_where_its_customer_has_another_one_by_now(house):
    kept, lost, old = house.lead(owner="ann"), house.lead(), house.lead(owner="bob")
    move(house, "bob", old, "lost")
    with house.begin() as uow:
        uow.session.execute(
            text("update lead set person_id = :p where org_id = :o and id = :l"),
            {"o": uow.org_id, "p": build.read(uow, lost).person_id, "l": old},
        )
    house.merge("mia", kept, lost)
    move(house, "ann", kept, "lost")
    move(house, "bob", old, "contacted")
    parted = house.unmerge("mia", lost)
    assert (parted.back_ids, parted.kept_ids) == ((), (lost,))
    assert house.read(lost).merged_into == old


def move(house, name, lead, stage):
    def move(uow, me):
        view = leads.access_id(uow, actor=me, lead_id=lead)
        pipeline.move(uow, actor=me, lead=view, stage=pipeline.find_stage(uow, lead, stage))

    house.does(name, move)


def test_undo_takes_a_merge_back_unless_somebody_built_on_it(house):
    kept, lost = house.lead(owner="ann"), house.lead()
    house.merge("mia", kept, lost)
    undone = house.does("mia", lambda uow, me: undo.undo(uow, actor=me))
    assert (undone.verb, undone.lead_ids) == ("merged", [kept, lost])
    assert house.read(lost).status == "open"
    house.merge("mia", kept, lost)
    move(house, "ann", kept, "contacted")
    with pytest.raises(BuiltUpon):
        house.does("mia", lambda uow, me: undo.undo(uow, actor=me))
    house.unmerge("mia", lost)
    with pytest.raises(NothingToUnmerge):
        house.unmerge("mia", lost)


def test_what_was_never_counted_is_not_counted_off(house):
    house.lead(owner="ann")
    contact = Arrival(name="Zoe", phone="13911112222")
    made = house.does("ann", lambda uow, me: creation.new_lead(uow, actor=me, contact=contact, origin="self"))
    house.merge("ada", made.lead_id, house.lead(owner="ann", assigned_at=build.NOW - timedelta(days=9)))
    assert (house.read(made.lead_id).status, house.holding("ann")) == ("void", 2)


def test_chains_are_parted_in_whatever_order(house):
    first, second, third = house.lead(owner="ann"), house.lead(), house.lead()
    house.merge("mia", second, third)
    gone = third if house.read(third).status == "void" else second
    stays = second if gone == third else third
    house.merge("mia", first, stays)
    assert {house.read(lead).merged_into for lead in (second, third)} == {first}
    house.unmerge("mia", gone)
    assert (house.read(gone).status, house.read(stays).status) == ("open", "void")
    house.unmerge("mia", stays)
    assert house.does("mia", lambda uow, _me: list(uow.session.scalars(OPEN, {"o": uow.org_id}))) == [
        first, second, third
    ]  # fmt: skip
    assert len({house.read(lead).person_id for lead in (first, second, third)}) == 3


def test_an_open_offer_of_the_lead_that_goes_is_withdrawn_and_it_is_dealt_anew_after_an_unmerge(house):
    kept, lost = house.lead(owner="ann"), house.lead(held_by="offer", held_since=build.NOW)
    with house.begin() as uow:
        uow.session.execute(
            text(
                "insert into offer (org_id, lead_id, member_id, state, offered_at, expires_at)"
                " values (:o, :l, :m, 'open', :now, :now + interval '1 hour')"
            ),
            {"o": uow.org_id, "l": lost, "m": house.acme.member["bob"], "now": uow.now},
        )
    house.merge("mia", kept, lost)
    assert house.scalar("select state from offer where org_id = :o") == "withdrawn"
    house.unmerge("mia", lost)
    assert house.read(lost).held_by == "nobody"
