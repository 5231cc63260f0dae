"""A product's feed: who signs up is a lead, deeds become touches and points, strangers wait or are refused."""

import pytest
from sqlalchemy import text

from crm.services import intake
from tests import build
from tests.webhooks.intake import kit

RULES = "score: {events: {pricing viewed: 25}}"
LU = {"external_id": "u-7", "name": "Lu Wei", "email": "lu@tea.example"}


@pytest.fixture
def acme(database):
    return build.company(database, rules=RULES)


@pytest.fixture
def feed(database, acme):
    return kit.make(database, acme, "feed")


def tell(posting, source, *events):
    content = events[0] if len(events) == 1 else {"events": list(events)}
    return posting.post(source.path, json=content, headers=kit.bearer(source))


def sign_up(**more):
    return {"event": "sign_up", "person": LU} | more


def viewed(**more):
    return {"event": "pricing viewed", "person": {"external_id": "u-7"}, "properties": {"plan": "pro"}} | more


def touches(database, acme):
    with database.begin(acme.org_id) as uow:
        query = "select data ->> 'event' as event, words from activity where verb = 'touched' order by id"
        return [tuple(row) for row in uow.session.execute(text(query))]


def score(database, acme):
    with database.begin(acme.org_id) as uow:
        row = uow.session.execute(text("select touches, score_reasons from lead")).one()
    return row.touches, dict(row.score_reasons)


def test_who_signs_up_is_a_lead_and_what_they_do_becomes_touches_with_points(posting, database, acme, feed):
    answers = [tell(posting, feed, event) for event in (sign_up(), viewed(), viewed())]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert {answer.json()["ref"] for answer in answers} == {"L-1001"}
    assert touches(database, acme) == [("pricing viewed", "pricing viewed (plan: pro)")] * 2
    times, reasons = score(database, acme)
    assert (times, reasons["event:pricing viewed"]) == (3, 25)


def test_what_a_stranger_did_comes_to_the_lead_when_they_sign_up(posting, database, acme, feed):
    answers = [tell(posting, feed, event).json() for event in (viewed(), viewed(event="doc read"), sign_up())]
    assert answers == [{"status": "remembered"}] * 2 + [{"ref": "L-1001"}]
    assert touches(database, acme) == [
        ("pricing viewed", "pricing viewed (plan: pro)"),
        ("doc read", "doc read (plan: pro)"),
    ]
    times, reasons = score(database, acme)
    assert (times, reasons["event:pricing viewed"]) == (3, 25)
    assert kit.count(database, acme, "feed_event") == 0


def test_a_stranger_is_refused_where_the_source_says_so(posting, database, acme):
    source = kit.make(database, acme, "feed", document={"unknown": "reject"})
    answer = tell(posting, source, viewed())
    assert (answer.status_code, set(answer.json()["errors"])) == (422, {"external_id"})
    assert kit.count(database, acme, "feed_event") == 0


def test_somebody_known_by_mail_only_is_found_and_known_by_the_products_id_from_then_on(posting, database, acme, feed):
    with database.begin(acme.org_id) as uow:
        intake.take_in(uow, source=None, arrival=intake.Arrival(name="Lu", email="lu@tea.example"))
    assert tell(posting, feed, viewed(person=LU)).json() == {"ref": "L-1001"}
    assert tell(posting, feed, viewed()).json() == {"ref": "L-1001"}


def test_an_event_that_comes_again_counts_once(posting, database, acme, feed):
    tell(posting, feed, sign_up(id="e-1"))
    for _ in range(3):
        tell(posting, feed, sign_up(id="e-1"))
        tell(posting, feed, viewed(id="e-2"))
    assert len(touches(database, acme)) == 1


def test_many_events_in_a_post_are_answered_one_by_one(posting, database, acme, feed):
    answer = tell(posting, feed, sign_up(id="1"), viewed(id="2"), {"person": LU}, viewed(at="yesterday"))
    assert answer.status_code == 200
    assert answer.json()["leads"] == [
        {"ref": "L-1001"}, {"ref": "L-1001"}, {"errors": {"event": "Say what was done: event."}},
        {"errors": {"at": "This is not a time such as 2026-03-04T10:00:00Z."}},
    ]  # fmt: skip


def test_a_post_without_any_event_is_none(posting, feed):
    answer = posting.post(feed.path, json={"events": []}, headers=kit.bearer(feed))
    assert (answer.status_code, answer.json()) == (200, {"leads": []})


def test_the_sample_of_the_page_is_understood(posting, database, acme, feed):
    answer = posting.post(feed.path, json=kit.sample("feed"), headers=kit.bearer(feed))
    assert answer.json() == {"leads": [{"ref": "L-1001"}, {"ref": "L-1001"}]}


def test_the_names_of_segment_are_understood(posting, database, acme, feed):
    event = {"type": "track", "event": "Signed Up", "userId": "u-7", "messageId": "m-1", "properties": {"plan": "pro"}}
    tell(posting, feed, event | {"context": {"traits": {"email": "lu@tea.example"}}})
    assert kit.keys(database, acme) == [("email", "lu@tea.example"), ("external", f"{feed.word}:u-7")]


@pytest.mark.parametrize(
    "content",
    [
        {}, {"event": ""}, {"event": 7, "person": 7}, {"event": "x", "person": {"email": {"a": 1}}}, {"events": [7]},
        {"event": "x", "person": {"external_id": []}}, {"event": "x"},
        {"event": "x", "at": "2099-01-01T00:00:00Z", "person": LU}, {"event": "x", "at": "2026-01-01", "person": LU},
        {"events": [{"event": "x", "person": LU}] * 101}, {"event": "x", "at": {"a": [1]}, "person": LU},
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(posting, database, acme, feed, content):
    assert posting.post(feed.path, json=content, headers=kit.bearer(feed)).status_code == 422
    assert kit.leads(database, acme) == []


def test_one_person_is_remembered_up_to_a_limit(posting, database, acme, feed, monkeypatch):
    monkeypatch.setattr("crm.services.behaviour.MOST_REMEMBERED", 2)
    for _ in range(4):
        tell(posting, feed, viewed())
    assert kit.count(database, acme, "feed_event") == 2


def test_only_what_the_rules_give_points_for_is_told_to_the_owner(posting, database, acme, feed):
    tell(posting, feed, sign_up())
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text("update lead set owner_id = :m, pool_id = null"), {"m": acme.member["ann"]})
    tell(posting, feed, viewed(event="doc read"))
    assert kit.count(database, acme, "message where topic = 'lead.touched'") == 0
    tell(posting, feed, viewed())
    assert kit.count(database, acme, "message where topic = 'lead.touched'") == 1
