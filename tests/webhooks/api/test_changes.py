"""What happened, as a warehouse follows it: in order, once each, and without a gap when something is committed late."""

from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from redis import Redis

from crm.services import api_tokens, follow_ups, happenings, leads, members, timeline, undo
from crm.services.follow_ups import FollowUp
from tests import build
from tests.promises.processes import until
from webhooks.api import router


@pytest.fixture
def acme(database, time):
    return build.company(database)


@pytest.fixture
def read(database, redis_url, acme):
    """All that can be read after a cursor, two at a time: the facts, and where to go on."""
    app, redis = FastAPI(), Redis.from_url(redis_url)
    app.include_router(router(SimpleNamespace(database=database, redis=redis)))
    with database.begin(acme.org_id) as uow:
        scopes = ("leads:read", "contacts:read")
        known = {
            clear: api_tokens.create(uow, actor=None, name="dwh", scopes=scopes[: 1 + clear])[1] for clear in (0, 1)
        }

    def page(after="", *, clear=1):
        asked = {"after": after, "limit": 2}
        told = client.get("/api/v1/changes", params=asked, headers={"Authorization": f"Bearer {known[clear]}"}).json()
        if not told["more"]:
            return told["data"], told["next"]
        rest, following = page(told["next"], clear=clear)
        return told["data"] + rest, following

    with TestClient(app) as client:
        yield page
    redis.close()


def logs(uow, acme, lead_id, words):
    ann = members.get(uow, acme.member["ann"])
    said = FollowUp(note=words, outcome="reached")
    follow_ups.log(uow, actor=ann, lead=leads.access_id(uow, actor=ann, lead_id=lead_id), said=said)


def two_leads(database, acme):
    with database.begin(acme.org_id) as uow:
        return [build.lead(uow, acme, owner="ann") for _ in range(2)]


def all_read(read, after="", *, most):
    """What is read once so much can be: a transaction anywhere in the cluster may have held it back for a moment."""
    until(lambda: len(read(after)[0]) >= most)
    return read(after)


def test_each_fact_is_told_once_and_in_order(database, acme, read):
    first, second = two_leads(database, acme)
    for lead, words in ((first, "one"), (second, "two"), (first, "three")):
        with database.begin(acme.org_id) as uow:
            logs(uow, acme, lead, words)
    told, following = all_read(read, most=3)
    assert [(each["topic"], each["words"]) for each in told] == [
        ("follow_up.logged", words) for words in ("one", "two", "three")
    ]
    assert told[0]["facts"]["outcome"] == "reached"
    assert len({each["id"] for each in told}) == 3
    assert read(following) == ([], following)


def test_what_is_committed_late_is_not_passed_over(database, acme, read):
    slow, quick = two_leads(database, acme)
    with database.begin(acme.org_id) as late:
        logs(late, acme, slow, "drawn first, committed last")
        late.session.flush()
        with database.begin(acme.org_id) as uow:
            logs(uow, acme, quick, "drawn last, committed first")
        early, following = read()
        assert early == []
    told, _next = all_read(read, following, most=2)
    assert {each["words"] for each in told} == {"drawn first, committed last", "drawn last, committed first"}


def test_a_cursor_of_another_database_is_refused_rather_than_silent(database, acme, read):
    with pytest.raises(KeyError):
        read("999999999999-0-1")


def test_what_others_wrote_is_for_tokens_that_may_read_it_and_never_of_own_customers(database, acme, read):
    with database.begin(acme.org_id) as uow:
        companys, own = build.lead(uow, acme, owner="ann"), build.lead(uow, acme, owner="ann", origin="self")
        logs(uow, acme, companys, "call her at home")
        logs(uow, acme, own, "an old friend")
    told, _next = all_read(read, most=2)
    assert [each["words"] for each in told] == ["call her at home", None]
    assert [each["words"] for each in read(clear=0)[0]] == [None, None]


def test_what_was_taken_back_says_so(database, acme, read):
    lead, _other = two_leads(database, acme)
    with database.begin(acme.org_id) as uow:
        logs(uow, acme, lead, "a mistake")
    with database.begin(acme.org_id) as uow:
        undo.undo(uow, actor=members.get(uow, acme.member["ann"]))
    told, _next = all_read(read, most=2)
    assert [(each["topic"], each["undone"]) for each in told] == [("follow_up.logged", True), ("lead.undone", False)]


def test_facts_about_people_stand_in_their_place(database, acme, read):
    lead, _other = two_leads(database, acme)
    with database.begin(acme.org_id) as uow:
        happenings.write(uow, "member.left", member=acme.member["bob"])
        timeline.note(uow, lead_id=lead, verb="noted", actor_id=None)
        happenings.write(uow, "person.erased", person=7)
    with database.begin(acme.org_id) as uow:
        timeline.note(uow, lead_id=lead, verb="touched", actor_id=None)
    told, following = all_read(read, most=4)
    assert [each["topic"] for each in told] == ["follow_up.noted", "member.left", "person.erased", "lead.touched"]
    assert (told[1]["member_id"], told[2]["person_id"], read(following)[0]) == (acme.member["bob"], 7, [])


def test_a_fact_of_no_known_kind_is_a_mistake_of_ours(database, acme):
    with database.begin(acme.org_id) as uow, pytest.raises(ValueError, match=r"person\.odd"):
        happenings.write(uow, "person.odd")
