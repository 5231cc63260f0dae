"""How leads come in: recognised by exact keys, attached or opened, once, whatever happens at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from crm.errors import PoolNotFound
from crm.models import Source
from crm.rules.arrival import Arrival, FieldErrors
from crm.services import intake
from tests import build

LU = Arrival(name="Lu Wei", company="Lucky Tea", phone="138 0013 8000")


@pytest.fixture
def acme(database, time):
    return build.company(database, rules="{}")


def take_in(database, acme, arrival):
    with database.begin(acme.org_id) as uow:
        source = uow.session.get_one(Source, (acme.org_id, acme.source_id))
        return intake.take_in(uow, source=source, arrival=arrival)


def count(database, acme, what):
    with database.begin(acme.org_id) as uow:
        return uow.session.scalar(text(f"select count(*) from {what}"))


def timeline(database, acme, lead_id):
    with database.begin(acme.org_id) as uow:
        rows = uow.session.execute(
            text("select verb, data, words from activity where lead_id = :l order by id"), {"l": lead_id}
        )
        return [tuple(row) for row in rows]


def test_a_stranger_becomes_a_person_with_keys_and_a_lead(database, acme):
    taken = take_in(database, acme, Arrival(name="Lu Wei", phone="13800138000", email="Lu@Tea.CN", note="wants\nprice"))
    assert taken.created
    with database.begin(acme.org_id) as uow:
        keys = uow.session.execute(text("select kind, value from person_key order by kind")).all()
        lead = build.read(uow, taken.lead_id)
    assert keys == [("email", "lu@tea.cn"), ("phone", "+8613800138000")]
    assert (lead.status, lead.stage, lead.source_id, lead.channel) == ("open", "new", acme.source_id, "online")
    assert timeline(database, acme, taken.lead_id)[0] == ("created", {"source": "web", "by": "online"}, "wants\nprice")


def test_the_score_is_the_sum_of_its_reasons(database, acme):
    taken = take_in(database, acme, LU)
    with database.begin(acme.org_id) as uow:
        lead = build.read(uow, taken.lead_id)
    assert lead.score == sum(points for _, points in lead.score_reasons) == 10 + 5 + 5 + 20


def test_the_same_phone_written_differently_touches_the_open_lead(database, acme):
    first = take_in(database, acme, LU)
    again = take_in(database, acme, Arrival(name="Lu", phone="+86-138-0013-8000", email="lu@tea.cn"))
    assert (again.lead_id, again.created, again.touched) == (first.lead_id, False, True)
    with database.begin(acme.org_id) as uow:
        assert build.read(uow, first.lead_id).touches == 2
    assert take_in(database, acme, Arrival(email="lu@tea.cn")).lead_id == first.lead_id


def test_a_touch_fills_what_was_unknown_and_changes_nothing_known(database, acme):
    take_in(database, acme, Arrival(name="Lu Wei", phone="13800138000"))
    take_in(database, acme, Arrival(name="Somebody", company="Lucky Tea", phone="13800138000"))
    with database.begin(acme.org_id) as uow:
        assert uow.session.execute(text("select name, company from person")).all() == [("Lu Wei", "Lucky Tea")]


def test_the_owner_is_told_of_a_touch(database, acme):
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, owner="ann", phone="+8613800138000")
    assert take_in(database, acme, LU).lead_id == lead_id
    with database.begin(acme.org_id) as uow:
        owed = uow.session.execute(
            text("select topic, member_id, lead_id, card from message where topic = 'lead.touched'")
        ).all()
    card = {"lead": lead_id, "touches": 2, "source": acme.source_id}
    assert owed == [("lead.touched", acme.member["ann"], lead_id, card)]


def test_somebody_whose_lead_is_closed_gets_a_new_one(database, acme):
    with database.begin(acme.org_id) as uow:
        lost = build.lead(uow, acme, phone="+8613800138000", status="lost", stage="lost")
    taken = take_in(database, acme, LU)
    assert taken.created
    assert taken.lead_id != lost
    assert count(database, acme, "person") == 1


def test_keys_of_two_people_attach_to_the_first_and_the_clash_is_recorded(database, acme):
    by_phone = take_in(database, acme, LU)
    take_in(database, acme, Arrival(name="Wu", email="wu@tea.cn"))
    both = take_in(database, acme, Arrival(name="Lu", phone="13800138000", email="wu@tea.cn"))
    assert both.lead_id == by_phone.lead_id
    with database.begin(acme.org_id) as uow:
        wu = uow.session.scalar(text("select person_id from person_key where value = 'wu@tea.cn'"))
    assert timeline(database, acme, by_phone.lead_id)[-1][1]["clash"] == [wu]


def test_one_phone_posted_twenty_times_at_once_is_one_lead_with_nineteen_touches(database, acme):
    with ThreadPoolExecutor(20) as threads:
        taken = list(threads.map(lambda _: take_in(database, acme, LU), range(20)))
    assert sorted(one.created for one in taken) == [False] * 19 + [True]
    assert len({one.lead_id for one in taken}) == 1
    assert (count(database, acme, "person"), count(database, acme, "lead")) == (1, 1)
    verbs = [verb for verb, _, _ in timeline(database, acme, taken[0].lead_id)]
    assert (verbs.count("created"), verbs.count("touched")) == (1, 19)
    with database.begin(acme.org_id) as uow:
        assert build.read(uow, taken[0].lead_id).touches == 20


def test_arrivals_that_share_only_some_keys_and_race_leave_no_orphan(database, acme):
    def arrive(number):
        return take_in(database, acme, Arrival(name="Lu", phone="13800138000", email=f"lu{number % 3}@tea.cn"))

    with ThreadPoolExecutor(12) as threads:
        taken = list(threads.map(arrive, range(24)))
    assert len({one.lead_id for one in taken}) == 1
    assert (count(database, acme, "person"), count(database, acme, "person_key")) == (1, 4)


def test_every_wrong_field_is_named(database, acme):
    with pytest.raises(FieldErrors) as caught:
        take_in(database, acme, Arrival(name="Lu", phone="12", email="no", amount="much"))
    assert set(caught.value.fields) == {"phone", "email", "amount"}


def test_nobody_can_be_reached_without_a_key(database, acme):
    with pytest.raises(FieldErrors) as caught:
        take_in(database, acme, Arrival(name="Lu"))
    assert caught.value.fields == {"phone": "A phone, e-mail or WeChat id is needed."}


def test_phones_are_read_as_the_organizations_country_writes_them(database, time):
    acme = build.company(database, timezone="Europe/Berlin")
    take_in(database, acme, Arrival(name="Ute", phone="030 901820"))
    with database.begin(acme.org_id) as uow:
        assert uow.session.scalar(text("select value from person_key")) == "+4930901820"


def test_an_organization_without_a_pool_says_so(database, acme):
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text("update source set pool_id = null"))
        uow.session.execute(text("delete from pool_scope"))
        uow.session.execute(text("delete from pool"))
    with pytest.raises(PoolNotFound):
        take_in(database, acme, LU)


def test_one_sender_and_another_may_use_the_same_id_for_different_customers(database, acme):
    with database.begin(acme.org_id) as uow:
        web = uow.session.get_one(Source, (acme.org_id, acme.source_id))
        fair = Source(
            org_id=acme.org_id, key="fair", name="Fair", kind="keyed", secret=b"", enabled=True, created_at=uow.now,
            accepted=0, rejected=0,
        )  # fmt: skip
        one = intake.take_in(uow, source=web, arrival=Arrival(name="A", external_id="7"))
        two = intake.take_in(uow, source=fair, arrival=Arrival(name="B", external_id="7"))
        again = intake.take_in(uow, source=web, arrival=Arrival(name="A", external_id="7"))
    assert two.created
    assert again.lead_id == one.lead_id != two.lead_id
