"""Customers who look like somebody known: found as they come in, decided by whoever is in charge, asked about once."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm import jobs
from crm.errors_of_merging import AlreadyDecided, NotAskedYou
from crm.rules.arrival import Arrival
from crm.services import (
    arbitration,
    duplicates,
    importing,
    intake,
    leads,
    members,
    ownership,
    pairs,
    sources,
    unmerging,
)
from tests import build

RULES = "dedupe: {ask: 75, automatic: 95, time_out: 24h}"
KNOWN = {"name": "王芳", "firm": "上海腾云科技有限公司", "phone": "+8613800138000"}
ALIKE = Arrival(name="王芳", company="腾云", phone="13911112222")
SAME = Arrival(name="王芳", company="腾云", phone="13800138010")


class House:
    """A company, in which somebody is known."""

    def __init__(self, database, time, rules=RULES):
        self.database, self.time = database, time
        self.acme = build.company(database, rules=rules)

    def begin(self):
        return self.database.begin(self.acme.org_id)

    def known(self, **facts):
        with self.begin() as uow:
            return build.lead(uow, self.acme, **KNOWN | facts)

    def comes(self, arrival=ALIKE):
        with self.begin() as uow:
            taken = intake.take_in(uow, source=sources.get(uow, self.acme.source_id), arrival=arrival)
        jobs.look_for_duplicates(self.database, org_id=self.acme.org_id, lead_ids=[taken.lead_id])
        return taken.lead_id

    def pair(self):
        with self.begin() as uow:
            found = uow.session.scalar(text("select max(id) from duplicate where org_id = :o"), {"o": uow.org_id})
            return pairs.get(uow, found) if found else None

    def decides(self, name, answer):
        pair = self.pair()
        with self.begin() as uow:
            me = members.get(uow, self.acme.member[name])
            return arbitration.decide(uow, actor=me, pair_id=pair.id, answer=answer)

    def read(self, lead):
        with self.begin() as uow:
            return build.read(uow, lead)

    def told(self, topic):
        names = {number: name for name, number in self.acme.member.items()}
        with self.begin() as uow:
            rows = uow.session.scalars(
                text("select member_id from message where org_id = :o and topic = :t order by id"),
                {"o": uow.org_id, "t": topic},
            )
            return [names[member] for member in rows]


@pytest.fixture
def house(database, time):
    return House(database, time)


def test_the_manager_of_the_known_customers_owner_is_asked(house):
    house.known(owner="cyd")
    new = house.comes()
    pair = house.pair()
    assert (pair.state, pair.lead_id, pair.reasons) == ("asked", new, (("same_name", 50), ("same_company", 40)))
    assert house.told("duplicate.found") == ["max"]


def test_of_customers_in_a_pool_its_admin_is_asked(house):
    house.known()
    house.comes()
    assert house.told("duplicate.found") == ["mia"]


def test_from_enough_points_a_rule_makes_them_one_without_a_question(house):
    known = house.known(owner="ann")
    new = house.comes(SAME)
    assert (house.read(new).merged_into, house.pair().state) == (known, "same")
    assert (house.told("duplicate.found"), house.told("lead.merged")) == ([], ["ann"])


def test_somebody_parted_is_not_made_one_by_rule_again(house):
    house.known(owner="ann")
    new = house.comes(SAME)
    with house.begin() as uow:
        mia = members.get(uow, house.acme.member["mia"])
        unmerging.unmerge(uow, actor=mia, ref=f"L-{leads.number_of(uow, new)}")
    jobs.look_for_duplicates(house.database, org_id=house.acme.org_id, lead_ids=[new])
    assert (house.read(new).status, house.pair().state) == ("open", "different")


def test_same_person_makes_them_one(house):
    known = house.known(owner="ann")
    new = house.comes()
    assert house.decides("mia", "same").merge_id
    assert (house.read(new).status, house.read(new).merged_into) == ("void", known)


def test_different_is_never_asked_again(house):
    house.known(owner="ann")
    new = house.comes()
    house.decides("mia", "different")
    jobs.look_for_duplicates(house.database, org_id=house.acme.org_id, lead_ids=[new])
    assert (house.read(new).status, house.told("duplicate.found")) == ("open", ["mia"])
    with pytest.raises(AlreadyDecided):
        house.decides("mia", "same")


def test_shared_leads_stay_and_both_owners_know(house):
    known = house.known(owner="ann")
    new = house.comes()
    give(house, new, "bob")
    house.decides("mia", "share")
    assert (house.read(known).status, house.read(new).status, house.pair().state) == ("open", "open", "shared")
    assert sorted(house.told("duplicate.shared")) == ["ann", "bob"]


def give(house, lead, name):
    with house.begin() as uow:
        assert ownership.give(uow, lead_id=lead, member_id=house.acme.member[name], how="assign")


def test_a_transfer_makes_them_one_with_the_one_who_came_later(house):
    known = house.known(owner="ann", assigned_at=build.NOW - timedelta(days=9))
    new = house.comes()
    give(house, new, "bob")
    house.decides("mia", "transfer")
    assert (house.read(known).owner_id, house.read(new).merged_into) == (house.acme.member["bob"], known)


def test_only_who_was_asked_and_admins_decide(house):
    house.known(owner="ann")
    house.comes()
    for name in ("ann", "max"):
        with pytest.raises(NotAskedYou):
            house.decides(name, "same")
    assert house.decides("ada", "different").state == "different"


def test_nobody_decides_and_they_are_kept_apart(house):
    house.known(owner="ann")
    new = house.comes()
    house.time.advance(hours=23)
    jobs.keep_apart(house.database, house.acme.org_id)
    assert house.pair().state == "asked"
    house.time.advance(hours=2)
    jobs.keep_apart(house.database, house.acme.org_id)
    assert (house.pair().state, house.read(new).status) == ("kept_apart", "open")


def asks_first(house):
    """Bob asks before he enters somebody like Ann's customer."""
    with house.begin() as uow:
        bob = members.get(uow, house.acme.member["bob"])
        job = importing.preview(uow, actor=bob, rows=[ALIKE])
        who = duplicates.of_arrival(ALIKE)
        (found,) = duplicates.near(uow, who, least=75)
        return arbitration.ask(uow, actor=bob, job_id=job.id, found=found)


def entered(house, answer):
    """Bob asks; Mia answers."""
    known = house.known(owner="ann")
    asks_first(house)
    house.decides("mia", answer)
    return known


def test_the_same_question_is_asked_once_while_it_is_open(house):
    house.known(owner="ann")
    assert asks_first(house) == asks_first(house)
    assert house.told("duplicate.found") == ["mia"]


def test_who_asked_first_gets_the_customer_entered_when_it_is_another_one(house):
    entered(house, "different")
    with house.begin() as uow:
        bob = members.get(uow, house.acme.member["bob"])
        assert [lead.company for lead in leads.mine(uow, actor=bob)] == ["腾云"]
    assert (house.told("duplicate.answered"), house.pair().new_id is not None) == (["bob"], True)


def test_who_asked_first_enters_nothing_when_it_is_the_same(house):
    known = entered(house, "same")
    assert (house.read(known).owner_id, house.told("duplicate.answered")) == (house.acme.member["ann"], ["bob"])


def test_who_asked_first_gets_the_colleagues_lead_when_the_manager_says_so(house):
    known = entered(house, "transfer")
    assert house.read(known).owner_id == house.acme.member["bob"]


def test_without_the_rule_nobody_is_compared(database, time):
    house = House(database, time, rules="dedupe: {ask: null}")
    house.known(owner="ann")
    house.comes(SAME)
    assert house.pair() is None
