"""What a rep enters: what the company knows stays where it is, what is new becomes the rep's own."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm.errors import (
    AlreadyKnown,
    CapacityReached,
    ImportNotFound,
    KnownInPool,
    KnownOwned,
    LeadAlreadyYours,
    NoContact,
    TooManyRows,
)
from crm.rules.arrival import Arrival, FieldErrors
from crm.services import assignments, clocks, creation, importing, leads, members
from tests import build

ANN_LI = Arrival(name="Lu Wei", company="Lucky Tea", phone="13800138000")
KNOWN_PHONE = "+8613900139000"


@pytest.fixture
def acme(database, time):
    return build.company(database, rules="{}")


@pytest.fixture
def uow(database, acme):
    with database.begin(acme.org_id) as uow:
        yield uow


@pytest.fixture
def ann(uow, acme):
    return members.get(uow, acme.member["ann"])


@pytest.fixture
def bob(uow, acme):
    return members.get(uow, acme.member["bob"])


def known(**more):
    return Arrival(name="Wu", phone=KNOWN_PHONE, **more)


def test_a_customer_whom_a_rep_found_is_hers_at_once_in_no_pool_and_beside_her_capacity(uow, acme, ann):
    taken = creation.new_lead(uow, actor=ann, contact=ANN_LI, origin="self")
    lead = build.read(uow, taken.lead_id)
    assert (lead.owner_id, lead.pool_id, lead.origin, lead.recycle_at) == (ann.id, None, "self", None)
    history = uow.session.execute(text("select member_id, began_by, ended_at from assignment")).all()
    assert history == [(ann.id, "created", None)]
    assert uow.session.scalar(text("select holding from rep_load where member_id = :m"), {"m": ann.id}) == 0


def test_ninety_days_change_nothing_about_a_self_sourced_lead(uow, acme, ann, time):
    taken = creation.new_lead(uow, actor=ann, contact=ANN_LI, origin="self")
    uow.now += timedelta(days=90)
    clocks.restart(uow, [taken.lead_id])
    lead = build.read(uow, taken.lead_id)
    assert (lead.owner_id, lead.recycle_at, lead.warn_at) == (ann.id, None, None)


def test_a_self_sourced_lead_is_in_nobody_elses_search(uow, acme, ann, bob):
    creation.new_lead(uow, actor=ann, contact=ANN_LI, origin="self")
    assert leads.find(uow, actor=bob, words="Lucky") == []
    assert len(leads.find(uow, actor=ann, words="Lucky")) == 1


def test_a_company_customer_counts_in_the_capacity(uow, acme, ann):
    taken = creation.new_lead(uow, actor=ann, contact=ANN_LI, origin="company")
    assert build.read(uow, taken.lead_id).owner_id == ann.id
    assert uow.session.scalar(text("select holding from rep_load where member_id = :m"), {"m": ann.id}) == 1


def test_who_has_no_room_cannot_enter_a_company_customer(database, time):
    acme = build.company(database, rules="claim: {capacity: {default: 1}}")
    with database.begin(acme.org_id) as uow:
        build.lead(uow, acme, owner="ann")
        ann = members.get(uow, acme.member["ann"])
        with pytest.raises(CapacityReached) as caught:
            creation.new_lead(uow, actor=ann, contact=ANN_LI)
    assert caught.value.data == {"held": 1, "limit": 1}


def test_what_lies_in_a_pool_is_offered(uow, acme, ann):
    lead_id = build.lead(uow, acme, phone=KNOWN_PHONE)
    with pytest.raises(KnownInPool) as caught:
        creation.new_lead(uow, actor=ann, contact=known(), origin="self")
    assert caught.value.data == {"ref": build.read(uow, lead_id).ref}


def test_what_lies_in_a_pool_that_she_may_not_see_is_not_named(uow, acme):
    build.lead(uow, acme, pool="north", phone=KNOWN_PHONE)
    cyd = members.get(uow, acme.member["cyd"])
    with pytest.raises(KnownOwned) as caught:
        creation.new_lead(uow, actor=cyd, contact=known())
    assert caught.value.data == {}


def test_what_a_colleague_owns_is_refused_without_a_word_about_it(uow, acme, ann):
    build.lead(uow, acme, owner="bob", phone=KNOWN_PHONE)
    with pytest.raises(KnownOwned) as caught:
        creation.new_lead(uow, actor=ann, contact=known())
    assert caught.value.data == {}


def test_what_is_hers_already_is_named(uow, acme, ann):
    lead_id = build.lead(uow, acme, owner="ann", phone=KNOWN_PHONE)
    with pytest.raises(LeadAlreadyYours) as caught:
        creation.new_lead(uow, actor=ann, contact=known())
    assert caught.value.data == {"ref": build.read(uow, lead_id).ref}


def test_a_former_customer_of_the_company_cannot_be_declared_self_sourced(uow, acme, ann):
    build.lead(uow, acme, phone=KNOWN_PHONE, status="lost", stage="lost")
    with pytest.raises(AlreadyKnown):
        creation.new_lead(uow, actor=ann, contact=known(), origin="self")
    assert creation.new_lead(uow, actor=ann, contact=known(), origin="company").created


@pytest.mark.parametrize("contact", [Arrival(name="Lu"), Arrival(phone="13800138000"), Arrival()])
def test_a_customer_needs_a_name_and_a_way_to_be_reached(uow, acme, ann, contact):
    with pytest.raises(NoContact):
        creation.new_lead(uow, actor=ann, contact=contact)


def test_a_wrong_phone_is_named(uow, acme, ann):
    with pytest.raises(FieldErrors, match="phone"):
        creation.new_lead(uow, actor=ann, contact=Arrival(name="Lu", phone="12"))


def typed(words):
    cells = [line.split(",") for line in words.split(";")]
    return [Arrival(name=name.strip(), phone=phone.strip()) for name, phone in cells]


def preview(uow, actor, words):
    return importing.preview(uow, actor=actor, rows=typed(words))


def test_a_pasted_list_says_what_would_become_of_each_line(uow, acme, ann):
    build.lead(uow, acme, phone="+8613900139001")
    build.lead(uow, acme, owner="bob", phone="+8613900139002")
    build.lead(uow, acme, owner="ann", phone="+8613900139003")
    words = "张三,13800138000;Wu,13900139001;Xu,13900139002;Yu,13900139003;Lu,+86 138 0013 8000;Zu,12;Only,"
    job = preview(uow, ann, words)
    rows = importing.rows_of(job)
    assert [row.verdict for row in rows] == ["new", "pool", "known", "yours", "twice", "wrong", "wrong"]
    assert [row.ref != "" for row in rows] == [False, True, False, True, False, False, False]
    assert rows[0].arrival == Arrival(name="张三", phone="13800138000")
    assert set(rows[5].errors) == {"phone"}
    assert job.counters == {"rows": 7, "new": 1, "pool": 1, "known": 1, "yours": 1, "twice": 1, "wrong": 2}


def test_one_tap_makes_the_new_lines_leads_and_forgets_the_words(uow, acme, ann):
    build.lead(uow, acme, owner="bob", phone="+8613900139002")
    job = preview(uow, ann, "Lu, 13800138000; Xu, 13900139002; Zhu, 13700137000")
    done = importing.confirm(uow, actor=ann, job_id=job.id, origin="self")
    assert (done.state, done.rows) == ("done", None)
    assert (done.counters["created"], done.counters["left_out"]) == (2, [(2, "known")])
    mine = [build.read(uow, lead_id) for lead_id in done.counters["leads"]]
    assert {(lead.owner_id, lead.origin) for lead in mine} == {(ann.id, "self")}


def test_what_somebody_else_enters_meanwhile_is_left_out(uow, acme, ann, bob):
    job = preview(uow, ann, "Lu, 13800138000; Zhu, 13700137000")
    creation.new_lead(uow, actor=bob, contact=ANN_LI)
    done = importing.confirm(uow, actor=ann, job_id=job.id)
    assert (done.counters["created"], done.counters["left_out"]) == (1, [(1, "known")])


def test_a_list_can_be_confirmed_once_and_by_its_author_only(uow, acme, ann, bob):
    job = preview(uow, ann, "Lu, 13800138000")
    with pytest.raises(ImportNotFound):
        importing.confirm(uow, actor=bob, job_id=job.id)
    importing.confirm(uow, actor=ann, job_id=job.id)
    with pytest.raises(ImportNotFound):
        importing.confirm(uow, actor=ann, job_id=job.id)


def test_company_customers_beyond_the_capacity_are_left_out(database, time):
    acme = build.company(database, rules="claim: {capacity: {default: 1}}")
    with database.begin(acme.org_id) as uow:
        ann = members.get(uow, acme.member["ann"])
        job = preview(uow, ann, "Lu, 13800138000; Zhu, 13700137000")
        done = importing.confirm(uow, actor=ann, job_id=job.id, origin="company")
        assert (done.counters["created"], done.counters["left_out"]) == (1, [(2, "no_room")])
        assert uow.session.scalar(text("select count(*) from lead")) == 1


def test_an_empty_and_an_endless_list_are_refused(uow, acme, ann):
    with pytest.raises(NoContact):
        importing.preview(uow, actor=ann, rows=[])
    with pytest.raises(TooManyRows):
        importing.preview(uow, actor=ann, rows=typed("Lu, 13800138000") * 501)


def test_a_self_sourced_lead_cannot_be_released_into_a_pool(uow, acme, ann):
    taken = creation.new_lead(uow, actor=ann, contact=ANN_LI, origin="self")
    view = leads.access_id(uow, actor=ann, lead_id=taken.lead_id)
    with pytest.raises(assignments.SelfSourced):
        assignments.release(uow, actor=ann, lead=view, reason="")
