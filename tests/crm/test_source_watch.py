"""What is known of a source: how much came, what was turned away and why, and who is told when it falls silent."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm import jobs
from crm.models import Source
from crm.services import list_edits, members, source_watch, sources
from tests import build

PHONE = ("phone", "This is not a valid phone number.")
KEY = ("", source_watch.WRONG_KEY)
TOLD = text("select topic, member_id from message where org_id = :o and topic like 'source.%' order by id")


@pytest.fixture
def acme(database, time):
    return build.company(database)


@pytest.fixture
def heard(database, acme, time):
    """A post in each of so many hours, one after the other."""

    def hear(hours):
        for _ in range(hours):
            time.advance(hours=1)
            with database.begin(acme.org_id) as uow:
                source_watch.count(uow, source_id=acme.source_id, accepted=1, rejected=0, refused={})

    return hear


def of(database, acme):
    with database.begin(acme.org_id) as uow:
        return uow.session.get(Source, (acme.org_id, acme.source_id))


def told(database, acme):
    with database.begin(acme.org_id) as uow:
        return [tuple(row) for row in uow.session.execute(TOLD, {"o": acme.org_id})]


def test_posts_add_up_by_the_hour_and_reasons_by_the_day(database, acme, time):
    for accepted, refused in ((3, {PHONE: 2, KEY: 1}), (1, {PHONE: 1})):
        with database.begin(acme.org_id) as uow:
            source_watch.count(
                uow, source_id=acme.source_id, accepted=accepted, rejected=sum(refused.values()), refused=refused
            )
        time.advance(hours=30)
    with database.begin(acme.org_id) as uow:
        assert source_watch.came(uow, acme.source_id) == source_watch.Came(0, 4, 4, 0, 4, 4)
        reasons = source_watch.reasons(uow, acme.source_id)
    assert [(one.field, one.why, one.count) for one in reasons] == [(*PHONE, 3), (*KEY, 1)]
    assert (of(database, acme).accepted, of(database, acme).rejected) == (4, 4)


def test_a_post_that_was_turned_away_does_not_count_as_heard(database, acme):
    with database.begin(acme.org_id) as uow:
        source_watch.count(uow, source_id=acme.source_id, accepted=0, rejected=1, refused={KEY: 1})
    assert of(database, acme).last_seen_at is None


def test_silence_longer_than_usual_is_told_once_and_so_is_the_end_of_it(database, acme, time, heard):
    admin = acme.member["ada"]
    heard(80)
    assert of(database, acme).silent_at == of(database, acme).last_seen_at + timedelta(hours=2)
    time.advance(hours=1, minutes=59)
    jobs.serve(database, acme.org_id)
    assert told(database, acme) == []
    time.advance(minutes=1)
    jobs.serve(database, acme.org_id)
    jobs.serve(database, acme.org_id)
    assert told(database, acme) == [("source.silent", admin)]
    heard(2)
    assert told(database, acme) == [("source.silent", admin), ("source.back", admin)]


def test_marketing_is_told_where_there_is_marketing(database, acme, time, heard):
    with database.begin(acme.org_id) as uow:
        uow.session.execute(
            text("update member set role = 'marketing' where org_id = :o and id = :m"),
            {"o": acme.org_id, "m": acme.member["bob"]},
        )
    heard(80)
    time.advance(hours=3)
    jobs.serve(database, acme.org_id)
    assert told(database, acme) == [("source.silent", acme.member["bob"])]


def test_an_event_that_is_over_may_be_silent(database, acme, time, heard):
    with database.begin(acme.org_id) as uow:
        uow.session.execute(EVENT, {"o": acme.org_id, "s": acme.source_id, "m": acme.member["mia"], "n": uow.now})
    heard(80)
    time.advance(hours=3)
    jobs.serve(database, acme.org_id)
    assert told(database, acme) == []


EVENT = text(
    """
    insert into event (org_id, name, key, place, starts_at, ends_at, source_id, word, created_by, created_at)
    values (:o, 'Expo', 'expo', '', :n, :n, :s, 'expo-' || cast(:o as text), :m, :n)
    """
)


def test_a_source_that_was_switched_off_may_be_silent(database, acme, time, heard):
    heard(80)
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text("update source set enabled = false where org_id = :o"), {"o": acme.org_id})
    time.advance(hours=3)
    jobs.serve(database, acme.org_id)
    assert told(database, acme) == []
    assert of(database, acme).silent_at is None


@pytest.mark.parametrize("owned", ["source", "campaign", "channel"])
def test_who_looks_after_a_source_or_what_it_belongs_to_is_told_as_well(database, acme, time, heard, owned):
    heard(80)
    with database.begin(acme.org_id) as uow:
        uow.session.execute(BELONGS, {"o": acme.org_id})
        list_edits.add(uow, actor=None, name="campaign", new=list_edits.New("Spring"))
        list_edits.add(uow, actor=None, name="channel", new=list_edits.New("Expo"))
        word = {"source": "web", "campaign": "Spring", "channel": "Expo"}[owned]
        list_edits.own(uow, actor=None, name=owned, words=word, owner_id=acme.member["bob"])
    time.advance(hours=3)
    jobs.serve(database, acme.org_id)
    assert sorted(told(database, acme)) == sorted(("source.silent", acme.member[who]) for who in ("bob", "ada"))


BELONGS = text("update source set campaign = 'Spring', channel = 'expo' where org_id = :o")


def test_an_owner_sees_the_figures_of_the_own_source_only(database, acme):
    with database.begin(acme.org_id) as uow:
        list_edits.own(uow, actor=None, name="source", words="web", owner_id=acme.member["bob"])
        found = sources.find(uow, "web")
        seen = {who: sources.may_see(members.get(uow, acme.member[who]), uow, found) for who in ("ann", "bob", "ada")}
    assert seen == {"ann": False, "bob": True, "ada": True}
