"""Others are told what happens: signed, in each lead's order, again until somebody answers, and not for ever."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import text

from bot.hooks import Calls
from crm import queue
from crm.services import (
    assignments,
    dead_letters,
    happenings,
    hook_calls,
    hooks,
    leads,
    members,
    pipeline,
    timeline,
)
from tests import build
from tests.bot.hooked import VAULT, a_lead, jobs_of, logs, make_calls, read, rows, states, subscribed, work
from tests.bot.receiving import receiving
from tests.promises.processes import until

HOUR = {"hours": 1}


@pytest.fixture
def acme(database, time):
    return build.company(database)


@pytest.fixture
def receiver():
    with receiving() as opened:
        yield opened


@pytest.fixture
def calls(database, receiver):
    return Calls(database, VAULT, receiver.allowed)


@pytest.fixture
def hook(database, acme, receiver):
    """One that is told everything, and its secret."""
    return subscribed(database, acme, receiver)


def test_a_fact_is_told_signed_with_ids_and_figures_only(database, acme, receiver, calls, hook):
    lead = a_lead(database, acme, name="Lu Wei", phone="+8613800138000")
    logs(database, acme, lead, "wants a quote")
    work(database, acme, calls)
    headers, body = receiver.got[0]
    assert (body["type"], body["data"]["facts"]["outcome"]) == ("follow_up.logged", "reached")
    assert body["data"]["member_id"] == body["data"]["by_id"] == acme.member["ann"]
    assert headers["webhook-id"].startswith("evt_a")
    assert receiver.signed_with(hook[1]) == [True]
    assert [word for word in ("Lu Wei", "138000", "quote") if word in receiver.raw[0]] == []
    assert states(database, acme) == ["sent"]


def test_what_was_before_is_not_told_and_nothing_twice(database, acme, receiver, calls):
    lead = a_lead(database, acme)
    logs(database, acme, lead, "before")
    subscribed(database, acme, receiver)
    logs(database, acme, lead, "after")
    work(database, acme, calls)
    work(database, acme, calls)
    assert receiver.topics == ["follow_up.logged"]


def test_each_topic_comes_from_what_people_do(database, acme, receiver, calls, hook):
    lead = a_lead(database, acme, owner=None)
    with database.begin(acme.org_id) as uow:
        ann = members.get(uow, acme.member["ann"])
        assignments.claim(uow, actor=ann, ref=f"L-{build.read(uow, lead).number}")
    logs(database, acme, lead)
    with database.begin(acme.org_id) as uow:
        ann = members.get(uow, acme.member["ann"])
        pipeline.won(uow, actor=ann, lead=leads.access_id(uow, actor=ann, lead_id=lead))
        happenings.write(uow, "member.left", member=acme.member["bob"])
    work(database, acme, calls, most=4)
    assert receiver.topics == ["lead.assigned", "follow_up.logged", "lead.won", "member.left"]


@pytest.mark.parametrize(
    ("topics", "told"), [(["lead.won"], 0), (["follow_up.*"], 1), (["lead.won", "follow_up.logged"], 1), ([], 1)]
)
def test_only_what_was_asked_for_is_told(database, acme, receiver, calls, topics, told):
    subscribed(database, acme, receiver, *topics)
    logs(database, acme, a_lead(database, acme))
    hook_id = rows(database, acme, "select id from hook where org_id = :o")[0].id
    before = read(database, acme, hook_id).entry
    until(lambda: calls.plan(acme.org_id) or read(database, acme, hook_id).entry != before)
    make_calls(database, acme, calls)
    assert len(receiver.got) == told


def test_an_organization_without_hooks_has_no_job_and_no_row(database, acme):
    logs(database, acme, a_lead(database, acme))
    assert jobs_of(database, acme, queue.PLAN) == [] == states(database, acme)


def test_a_fact_that_is_rolled_back_is_told_to_nobody(database, acme, hook):
    lead = a_lead(database, acme)
    before = len(jobs_of(database, acme, queue.PLAN))
    with suppress(ZeroDivisionError), database.begin(acme.org_id) as uow:
        timeline.note(uow, lead_id=lead, verb="noted", actor_id=None)
        uow.flush()
        raise ZeroDivisionError
    assert len(jobs_of(database, acme, queue.PLAN)) == before
    logs(database, acme, lead)
    assert len(jobs_of(database, acme, queue.PLAN)) == before + 1


@pytest.mark.parametrize(
    ("made", "shown"),
    [({}, True), ({"owner": None}, False), ({"origin": "self"}, False)],
)
def test_contacts_come_along_where_who_made_the_hook_may_see_them(database, acme, receiver, calls, made, shown):
    subscribed(database, acme, receiver, "follow_up.noted", with_contact=True)
    lead = a_lead(database, acme, phone="+8613800138000", **made)
    with database.begin(acme.org_id) as uow:
        timeline.note(uow, lead_id=lead, verb="noted", actor_id=None)
    work(database, acme, calls)
    assert receiver.got[0][1]["data"].get("contact", {}).get("contacts") == (
        [{"kind": "phone", "value": "+8613800138000"}] if shown else None
    )


def test_contacts_stop_when_who_made_the_hook_is_no_admin_any_more(database, acme, receiver, calls):
    subscribed(database, acme, receiver, with_contact=True)
    rows(
        database,
        acme,
        "update member set role = 'rep' where org_id = :o and id = :m returning id",
        m=acme.member["ada"],
    )
    logs(database, acme, a_lead(database, acme))
    work(database, acme, calls)
    assert "contact" not in receiver.got[0][1]["data"]


def test_who_is_away_is_called_again_later_and_later_and_the_lead_keeps_its_order(
    database, acme, receiver, calls, hook, time
):
    first, other = a_lead(database, acme), a_lead(database, acme)
    logs(database, acme, first, "one")
    logs(database, acme, first, "two")
    logs(database, acme, other, "three")
    receiver.answers = [(500, {})]
    work(database, acme, calls, most=3)
    leads_told = [body["data"]["lead"] for _headers, body in receiver.got]
    assert len(set(leads_told)) == 2
    assert leads_told.count(leads_told[0]) == 1
    assert states(database, acme) == ["owed", "owed", "sent"]
    time.advance(seconds=30)
    make_calls(database, acme, calls)
    assert states(database, acme) == ["sent"] * 3
    ids = [headers["webhook-id"] for headers, _body in receiver.got]
    assert ids[0] == ids[2] != ids[3]


@pytest.mark.parametrize("word", ["120", "Wed, 04 Mar 2026 02:02:00 GMT"])
def test_the_receiver_says_when_it_wants_to_be_called_again(database, acme, receiver, calls, hook, time, word):
    logs(database, acme, a_lead(database, acme))
    receiver.answers = [(429, {"Retry-After": word})]
    work(database, acme, calls)
    time.advance(seconds=119)
    make_calls(database, acme, calls)
    assert len(receiver.got) == 1
    time.advance(seconds=2)
    make_calls(database, acme, calls)
    assert (len(receiver.got), states(database, acme)) == (2, ["sent"])


@pytest.mark.parametrize("status", [301, 302, 400, 401, 404, 500, 503])
def test_whatever_is_no_success_is_tried_again(database, acme, receiver, calls, hook, status):
    logs(database, acme, a_lead(database, acme))
    receiver.answers = [(status, {"Location": receiver.url})]
    work(database, acme, calls)
    assert (len(receiver.got), states(database, acme)) == (1, ["owed"])
    assert read(database, acme, hook[0]).cause == str(status)


def test_after_three_days_a_call_is_dead_and_can_be_replayed(database, acme, receiver, calls, hook, time):
    logs(database, acme, a_lead(database, acme))
    receiver.answers = [(500, {})] * 2
    work(database, acme, calls)
    time.advance(hours=73)
    make_calls(database, acme, calls)
    with database.begin(acme.org_id) as uow:
        assert [letter.cause for letter in dead_letters.listing(uow)] == ["500"]
        assert hook_calls.replay(uow, hooks.find(uow, "1")) == 1
    time.advance(**HOUR)
    make_calls(database, acme, calls)
    assert (states(database, acme), len({headers["webhook-id"] for headers, _ in receiver.got})) == (["sent"], 1)


def test_what_was_sent_since_a_time_or_one_event_is_replayed_with_its_number(
    database, acme, receiver, calls, hook, time
):
    lead = a_lead(database, acme)
    logs(database, acme, lead)
    work(database, acme, calls)
    time.advance(**HOUR)
    since = time()
    logs(database, acme, lead)
    work(database, acme, calls, most=2)
    with database.begin(acme.org_id) as uow:
        assert hook_calls.replay(uow, hooks.find(uow, "1"), since=since) == 1
    make_calls(database, acme, calls)
    first = receiver.got[0][0]["webhook-id"]
    with database.begin(acme.org_id) as uow:
        assert hook_calls.replay(uow, hooks.find(uow, receiver.url), event=first) == 1
    make_calls(database, acme, calls)
    ids = [headers["webhook-id"] for headers, _body in receiver.got]
    assert ids == [first, ids[1], ids[1], first]


def test_who_says_that_it_is_gone_is_called_no_more_and_the_admins_learn_of_it(database, acme, receiver, calls, hook):
    lead = a_lead(database, acme)
    logs(database, acme, lead)
    logs(database, acme, lead)
    receiver.answers = [(410, {})]
    work(database, acme, calls, most=2)
    assert (len(receiver.got), states(database, acme)) == (1, ["dead", "dropped"])
    assert read(database, acme, hook[0]).state == "failed"
    told = rows(database, acme, "select member_id from message where org_id = :o and topic = 'hook.failed'")
    assert [row.member_id for row in told] == [acme.member["ada"]]
    assert rows(database, acme, "select hooked from organization where id = :o")[0].hooked is False


def test_who_has_not_answered_for_days_is_called_no_more(database, acme, receiver, calls, hook, time):
    receiver.answers = [(500, {})] * 99
    for day in range(7):
        logs(database, acme, a_lead(database, acme))
        work(database, acme, calls, most=min(day, 5) + 1)
        time.advance(days=1)
    assert (read(database, acme, hook[0]).state, set(states(database, acme))) == ("failed", {"dead", "dropped"})
    assert "owed" not in states(database, acme)


def test_who_fails_again_and_again_is_left_alone_for_a_while(database, acme, receiver, calls, hook):
    for _each in range(6):
        logs(database, acme, a_lead(database, acme))
    receiver.answers = [(500, {})] * 6
    work(database, acme, calls, most=6)
    assert len(receiver.got) == 3
    assert read(database, acme, hook[0]).rest_until is not None


def test_a_new_secret_signs_at_once_and_the_former_one_for_a_day_more(database, acme, receiver, calls, hook, time):
    lead = a_lead(database, acme)
    with database.begin(acme.org_id) as uow:
        fresh = hooks.rotate(uow, VAULT, actor=None, hook=hooks.find(uow, "1"))
    logs(database, acme, lead)
    work(database, acme, calls)
    time.advance(hours=25)
    logs(database, acme, lead)
    work(database, acme, calls, most=2)
    assert (receiver.signed_with(fresh), receiver.signed_with(hook[1])) == ([True, True], [True, False])


def test_a_test_arrives_and_means_nothing(database, acme, receiver, calls, hook):
    with database.begin(acme.org_id) as uow:
        hook_calls.test(uow, hooks.find(uow, "1"))
    make_calls(database, acme, calls)
    assert receiver.topics == ["test"]


def test_a_hook_that_is_off_hears_nothing_and_not_of_what_happened_meanwhile(database, acme, receiver, calls, hook):
    lead = a_lead(database, acme)
    with database.begin(acme.org_id) as uow:
        hooks.set_on(uow, actor=None, hook=hooks.find(uow, "1"), on=False)
    logs(database, acme, lead, "unheard")
    make_calls(database, acme, calls)
    with database.begin(acme.org_id) as uow:
        hooks.set_on(uow, actor=None, hook=hooks.find(uow, "1"), on=True)
    logs(database, acme, lead, "heard")
    work(database, acme, calls)
    assert len(receiver.got) == 1


def test_a_job_that_died_with_a_call_in_hand_leaves_it_to_the_next_tick(database, acme, receiver, calls, hook, time):
    logs(database, acme, a_lead(database, acme))
    until(lambda: calls.plan(acme.org_id) or states(database, acme))
    with database.begin(acme.org_id) as uow:
        assert hook_calls.take(uow, hook[0])
    make_calls(database, acme, calls)
    assert receiver.got == []
    time.advance(seconds=61)
    with database.begin(acme.org_id) as uow:
        assert acme.org_id in uow.session.scalars(text("select org_id from sluice_due(:now)"), {"now": uow.now}).all()
        assert hook_calls.start_due(uow) == 1
    make_calls(database, acme, calls)
    assert states(database, acme) == ["sent"]


def test_an_inside_address_is_never_called(database, acme, receiver, hook):
    logs(database, acme, a_lead(database, acme))
    work(database, acme, Calls(database, VAULT, allowed=()))
    assert receiver.got == []
    assert read(database, acme, hook[0]).cause.startswith("address: ")


def test_a_slow_receiver_gives_other_jobs_their_turn(database, acme, receiver, calls, hook, monkeypatch):
    for _each in range(3):
        logs(database, acme, a_lead(database, acme))
    until(lambda: calls.plan(acme.org_id) or len(states(database, acme)) == 3)
    monkeypatch.setattr("bot.hooks.SECONDS_OF_A_JOB", 0.0)
    before = len(jobs_of(database, acme, queue.CALL))
    make_calls(database, acme, calls)
    assert (len(receiver.got), len(jobs_of(database, acme, queue.CALL))) == (1, before + 1)


def test_each_lead_keeps_its_order_however_many_jobs_are_at_work(database, acme, receiver, calls, hook, time):
    each = [a_lead(database, acme) for _ in range(3)]
    for words in ("one", "two", "three"):
        for lead in each:
            logs(database, acme, lead, words)
    until(lambda: calls.plan(acme.org_id) or len(states(database, acme)) == 9)
    receiver.answers = [(503, {}), (204, {}), (500, {}), (204, {})]

    def all_sent():
        with ThreadPoolExecutor(4) as jobs:
            list(jobs.map(lambda _job: make_calls(database, acme, calls), range(4)))
        time.advance(minutes=20)
        return set(states(database, acme)) == {"sent"}

    until(all_sent)
    events = [(body["data"]["lead"], int(headers["webhook-id"][5:])) for headers, body in receiver.got]
    for lead in {lead for lead, _event in events}:
        told = [event for about, event in events if about == lead]
        assert list(dict.fromkeys(told)) == sorted(set(told))
        assert len(set(told)) == 3
