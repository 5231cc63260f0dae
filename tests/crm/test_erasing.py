"""Erasing one customer: leads close as they must, the ledger is right, others stay, and nobody comes back."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm.errors_of_merging import NothingToUnmerge
from crm.errors_of_privacy import ErasedBefore, PersonSetAside
from crm.rules.arrival import Arrival, FieldErrors
from crm.services import (
    creation,
    erasing,
    importing,
    intake,
    keyring,
    leads,
    members,
    merging,
    restricting,
    retention,
    suppressing,
    tasks,
    timeline,
    unmerging,
)
from tests import build

PHONE = "+8613800001111"


@pytest.fixture
def acme(database, time):
    return build.company(database)


def person_of(uow, lead_id):
    return build.read(uow, lead_id).person_id


def erase(uow, lead_id, basis="request", by=None):
    return erasing.erase(uow, person_of(uow, lead_id), by=by, basis=basis)


def test_an_owned_lead_closes_frees_its_place_and_its_owner_is_told_without_a_name(database, acme):
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme, owner="ann", phone=PHONE, name="Lu Wei")
        erase(uow, lead, by=acme.member["ada"])
    with database.begin(acme.org_id) as uow:
        found = build.read(uow, lead)
        assert (found.status, found.recycle_at, found.warn_at) == ("void", None, None)
        assert (
            uow.session.scalar(text("select holding from rep_load where member_id = :m"), {"m": acme.member["ann"]})
            == 0
        )
        ended = uow.session.scalar(text("select ended_by from assignment where lead_id = :l"), {"l": lead})
        told = uow.session.execute(text("select member_id, card from message where topic = 'lead.erased'")).one()
    assert (ended, told.member_id, told.card) == ("erased", acme.member["ann"], {"lead": lead})


def test_it_is_done_once_and_the_record_is_signed(database, acme):
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme, phone=PHONE)
        made = erase(uow, lead)
        assert erase(uow, lead) is None
        row = uow.session.execute(text("select * from erasure")).mappings().one()
        args = dict(row) | {"person": row["person_id"], "by": row["by_id"], "at": row["at"].isoformat()}
        assert row["signature"] == keyring.sign(keyring.key(uow, "erasure"), erasing.signed_words(args))
    assert made.counts["person"] == 1


def test_a_won_lead_stays_won_with_its_amount_and_history(database, acme):
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme, owner="ann", phone=PHONE, status="won", amount=5000, closed_at=uow.now)
        timeline.note(
            uow, lead_id=lead, verb="won", actor_id=acme.member["ann"], words="Lu Wei signed", data={"from": "quote"}
        )
        erase(uow, lead)
        row = uow.session.execute(text("select words, data from activity where verb = 'won'")).one()
        found = build.read(uow, lead)
    assert (found.status, found.amount, row.words, row.data) == ("won", 5000, None, {"from": "quote"})


def test_others_stay_as_they_are_but_for_the_keys_in_their_notes(database, acme):
    ann = acme.member["ann"]
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme, phone=PHONE, name="Lu Wei")
        other = build.lead(uow, acme, owner="ann", phone="+8613900002222", name="Lu Wei", firm="Other Ltd")
        said = "brought along by 138 0000 1111, see L-1"
        timeline.note(uow, lead_id=other, verb="noted", actor_id=ann, words=said)
        erase(uow, lead)
        words = uow.session.scalar(
            text("select words from activity where lead_id = :l and verb = 'noted'"), {"l": other}
        )
        view = leads.access_id(uow, actor=members.get(uow, ann), lead_id=other)
    assert words == "brought along by ***, see L-1"
    assert (view.name, view.company, view.contacts) == ("Lu Wei", "Other Ltd", (("phone", "+8613900002222"),))


def test_merged_records_go_together_and_cannot_be_parted_any_more(database, acme):
    with database.begin(acme.org_id) as uow:
        ada = members.get(uow, acme.member["ada"])
        one = build.lead(uow, acme, phone=PHONE, name="Lu Wei")
        two = build.lead(uow, acme, phone="+8613900002222", name="L. Wei")
        views = [leads.access_id(uow, actor=ada, lead_id=each) for each in (one, two)]
        merging.merge(uow, actor=ada, one=views[0], other=views[1])
        erase(uow, one)
        assert uow.session.scalar(text("select count(*) from person where name <> '' or erased_at is null")) == 0
        assert uow.session.scalar(text("select count(*) from person_key")) == 0
        with pytest.raises(NothingToUnmerge):
            unmerging.unmerge(uow, actor=ada, ref=views[0].ref)


def test_who_was_erased_on_request_is_known_by_fingerprint_until_allowed(database, acme):
    keys = [("phone", PHONE)]
    with database.begin(acme.org_id) as uow:
        erase(uow, build.lead(uow, acme, phone=PHONE))
        assert suppressing.among(uow, keys) == set(keys)
        assert suppressing.among(uow, keys, listed=False) == set()
        assert suppressing.allow(uow, keys) == 1
        assert suppressing.among(uow, keys) == set()
        assert uow.session.scalar(text("select count(*) from audit where verb = 'person.erased'")) == 1


@pytest.mark.parametrize(
    ("basis", "kept_out"), [("request", True), ("backup", True), ("retention", False), ("mistake", False)]
)
def test_only_who_asked_for_it_is_kept_out(database, acme, basis, kept_out):
    with database.begin(acme.org_id) as uow:
        erase(uow, build.lead(uow, acme, phone=PHONE), basis=basis)
        assert bool(suppressing.among(uow, [("phone", PHONE)])) == kept_out


def test_what_is_owed_about_the_customer_is_not_sent(database, acme):
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme, owner="ann", phone=PHONE)
        build.task(uow, acme, "ann", due_at=uow.now + timedelta(hours=1), lead_id=lead)
        uow.notify("lead.touched", to=acme.member["ann"], lead=lead, key="touched", data={"lead": lead, "name": "Lu"})
    with database.begin(acme.org_id) as uow:
        erase(uow, lead)
    with database.begin(acme.org_id) as uow:
        row = uow.session.execute(text("select state, card from message where key = 'touched'")).one()
        assert (row.state, row.card) == ("dropped", {"lead": lead})
        assert uow.session.scalar(text("select count(*) from task where state = 'open'")) == 0


def test_a_customer_who_is_set_aside_waits_and_is_in_nobodys_way(database, acme, time):
    with database.begin(acme.org_id) as uow:
        ada = members.get(uow, acme.member["ada"])
        lead = build.lead(uow, acme, owner="ann", phone=PHONE, recycle_at=uow.now + timedelta(hours=1))
        build.task(uow, acme, "ann", due_at=uow.now, lead_id=lead)
        restricting.stop(uow, person_id=person_of(uow, lead), ref="L-1", actor=ada, reason="a dispute")
    with database.begin(acme.org_id) as uow:
        assert tasks.remind_due(uow) == 0
        found = build.read(uow, lead)
        assert (found.held_by, found.recycle_at) == ("person", None)
        with pytest.raises(PersonSetAside):
            restricting.check(uow, person_id=person_of(uow, lead), ref="L-1")
        restricting.resume(uow, person_id=person_of(uow, lead), ref="L-1", actor=ada)
    with database.begin(acme.org_id) as uow:
        assert tasks.remind_due(uow) == 1
        assert build.read(uow, lead).held_by is None


def closed(uow, acme, *, days, **columns):
    at = uow.now - timedelta(days=days)
    return build.lead(uow, acme, status="lost", pool="open", closed_at=at, created_at=at - timedelta(days=9), **columns)


def night(database, acme):
    with database.begin(acme.org_id) as uow:
        steps = retention.steps(uow)
    for step in steps:
        with database.begin(acme.org_id) as uow:
            step(uow)


def test_words_of_closed_leads_go_when_their_time_is_up_and_the_customer_with_the_last(database, acme):
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, "keep: {closed_leads: 365d}")
    with database.begin(acme.org_id) as uow:
        old = closed(uow, acme, days=400, phone=PHONE, name="Lu Wei")
        fresh = closed(uow, acme, days=30, phone="+8613900002222", name="Zoe")
        for each in (old, fresh):
            timeline.note(uow, lead_id=each, verb="noted", actor_id=None, words="likes tea")
        set_aside = closed(uow, acme, days=400, phone="+8613900003333", name="Max")
        restricting.stop(uow, person_id=person_of(uow, set_aside), ref="L-1", actor=None, reason="a dispute")
        assert retention.due(uow)["closed_leads"] == 1
    night(database, acme)
    with database.begin(acme.org_id) as uow:
        names = uow.session.scalars(text("select name from person order by id")).all()
        words = uow.session.scalars(text("select words from activity where verb = 'noted' order by id")).all()
        assert retention.due(uow)["closed_leads"] == 0
    assert (names, words) == (["", "Zoe", "Max"], [None, "likes tea"])


def test_an_old_lead_loses_its_words_while_its_customer_has_an_open_one(database, acme):
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, "keep: {closed_leads: 365d}")
    with database.begin(acme.org_id) as uow:
        old = closed(uow, acme, days=400, phone=PHONE, name="Lu Wei")
        now = build.lead(uow, acme, name="x")
        uow.session.execute(text("update lead set person_id = :p where id = :l"), {"p": person_of(uow, old), "l": now})
        for each in (old, now):
            timeline.note(uow, lead_id=each, verb="noted", actor_id=None, words="likes tea")
    night(database, acme)
    with database.begin(acme.org_id) as uow:
        rows = uow.session.execute(text("select lead_id, words from activity where verb = 'noted'")).all()
        assert {row.lead_id: row.words for row in rows} == {old: None, now: "likes tea"}
        assert uow.session.scalar(text("select name from person where id = :p"), {"p": person_of(uow, old)}) == "Lu Wei"
        assert uow.session.scalar(text("select scope from erasure")) == "leads"


def test_nothing_goes_where_the_rules_say_nothing(database, acme):
    with database.begin(acme.org_id) as uow:
        closed(uow, acme, days=4000, phone=PHONE, name="Lu Wei")
        assert retention.due(uow) == {"audit": 0}
    night(database, acme)
    with database.begin(acme.org_id) as uow:
        assert uow.session.scalar(text("select count(*) from person where name = 'Lu Wei'")) == 1


def test_touches_files_and_looks_go_by_their_own_time(database, acme, time):
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, "keep: {touches: 90d, reveals: 90d, files: 90d}")
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme, owner="ann", phone=PHONE)
        for verb in ("touched", "revealed", "noted"):
            timeline.note(uow, lead_id=lead, verb=verb, actor_id=None, words="likes tea", data={"source": "web"})
        uow.session.execute(
            text(
                "insert into attachment (org_id, member_id, workspace_id, lead_id, name, size, handle, state, content,"
                " created_at) values (:o, 1, 1, :l, 'card.png', 3, '{}', 'kept', 'png', :now)"
            ),
            {"o": acme.org_id, "l": lead, "now": uow.now},
        )
    time.advance(days=91)
    with database.begin(acme.org_id) as uow:
        assert retention.due(uow) == {"touches": 1, "files": 1, "reveals": 1, "audit": 0}
    night(database, acme)
    with database.begin(acme.org_id) as uow:
        rows = uow.session.execute(text("select verb, words from activity order by id")).all()
        kept = uow.session.execute(text("select state, name, content from attachment")).one()
    assert [tuple(row) for row in rows] == [("touched", None), ("noted", "likes tea")]
    assert tuple(kept) == ("erased", None, None)


@pytest.fixture
def erased(database, acme):
    """A company with a customer who was erased on request."""
    with database.begin(acme.org_id) as uow:
        erase(uow, build.lead(uow, acme, phone=PHONE))
    return acme


LU = Arrival(name="Lu Wei", company="Lucky Tea", phone="13800001111")


def test_a_colleague_who_enters_the_customer_again_is_told_what_to_do(database, erased):
    ann = erased.member["ann"]
    with database.begin(erased.org_id) as uow, pytest.raises(ErasedBefore):
        creation.new_lead(uow, actor=members.get(uow, ann), contact=LU)


def test_a_pasted_list_leaves_the_customer_out(database, erased):
    others = [Arrival(name=f"No {n}", phone=f"1390000222{n}") for n in range(2)]
    with database.begin(erased.org_id) as uow:
        ann = members.get(uow, erased.member["ann"])
        job = importing.preview(uow, actor=ann, name="list", rows=[LU, *others])
        done = importing.confirm(uow, actor=ann, job_id=job.id)
    assert (len(done.counters["leads"]), done.counters["left_out"]) == (2, [(1, "erased")])


@pytest.mark.parametrize("policy", ["lists", "none"])
def test_a_customer_who_comes_in_person_is_welcome(database, erased, policy):
    with database.begin(erased.org_id) as uow:
        build.rule_set(uow, f"keep: {{erased_again: {policy}}}")
    with database.begin(erased.org_id) as uow:
        assert intake.take_in(uow, source=None, arrival=LU).created


def test_unless_the_rules_say_that_nobody_comes_back(database, erased):
    with database.begin(erased.org_id) as uow:
        build.rule_set(uow, "keep: {erased_again: all}")
    with database.begin(erased.org_id) as uow, pytest.raises(FieldErrors):
        intake.take_in(uow, source=None, arrival=LU)
