"""Posts that come at the same moment are taken in together, and nobody can tell: each has its own answer."""

import asyncio
import threading
from collections import Counter
from types import SimpleNamespace

import pytest
from structlog.contextvars import bound_contextvars, get_contextvars

from crm.errors import Conflict
from crm.services import dealing, lead_facts, sources, suppressing
from crm.settings import Settings
from tests import build
from tests.webhooks.intake import kit
from webhooks.intake import reception as doors
from webhooks.intake.lanes import Lane
from webhooks.intake.post import Answer, Post
from webhooks.intake.rates import Rates
from webhooks.intake.reception import Reception


@pytest.fixture
def web(database, acme):
    return kit.make(database, acme, "json")


@pytest.fixture
def reception(database, valkey, web):
    """The door, which has heard of the source a moment ago."""
    bot = SimpleNamespace(database=database, redis=valkey, settings=Settings(secret_key=build.SECRET))
    reception = Reception(bot, Rates())
    reception.receive(post(web, "13800000000"))
    yield reception
    reception.tally.write()


def post(source, phone, *, name="", key=None, **more):
    headers = {"authorization": f"Bearer {key or source.key}", "content-type": "application/json"}
    named = {"idempotency-key": name} if name else {}
    body = ", ".join(f'"{field}": "{value}"' for field, value in {"phone": phone, **more}.items())
    return Post(source.word, headers | named, f"{{{body}}}".encode(), "127.0.0.1")


def together(reception, acme, source, *posts):
    """What one lot of posts is answered."""
    return reception._together(acme.org_id, source.id, posts)


def statuses(answers):
    return [answer and answer.status for answer in answers]


def test_each_of_a_lot_has_a_lead_of_its_own(database, acme, web, reception):
    answers = together(reception, acme, web, *(post(web, f"1390000000{n}", name=f"n{n}") for n in range(8)))
    assert statuses(answers) == [201] * 8
    assert len({answer.content["ref"] for answer in answers}) == 8
    assert kit.count(database, acme, "lead") == 9


def test_a_customer_twice_in_a_lot_is_one_lead_and_a_touch(database, acme, web, reception):
    first, again = together(reception, acme, web, post(web, "13900000001"), post(web, "13900000001"))
    assert (first.status, again.status, first.content) == (201, 200, again.content)
    assert kit.count(database, acme, "activity where verb = 'touched'") == 1


def test_a_name_twice_in_a_lot_is_taken_once_and_the_repeat_gets_the_first_answer(database, acme, web, reception):
    posts = [post(web, "13900000001", name="order-1"), post(web, "13900000001", name="order-1")]
    taken, repeat = together(reception, acme, web, *posts)
    assert (taken.status, repeat) == (201, None)
    assert reception.receive(posts[1]) == Answer(200, taken.content)
    assert kit.count(database, acme, "activity where verb = 'touched'") == 0


def test_what_is_wrong_in_a_lot_is_left_to_its_own_thread_and_keeps_nobody_else(acme, web, reception):
    posts = [post(web, "12"), post(web, "13900000001", key="forged"), post(web, "13900000002")]
    assert statuses(together(reception, acme, web, *posts)) == [None, None, 201]
    assert [reception.receive(each).status for each in posts[:2]] == [422, 401]


def test_a_lot_whose_transaction_fails_is_taken_one_by_one(database, acme, web, reception, monkeypatch):
    def beaten(*_):
        raise Conflict

    monkeypatch.setattr(doors, "take_together", beaten)
    posts = [post(web, f"1390000000{n}") for n in range(3)]
    assert together(reception, acme, web, *posts) == [None] * 3
    assert [reception.receive(each).status for each in posts] == [201] * 3


def test_a_source_that_was_switched_off_a_moment_ago_takes_nothing_in(database, acme, web, reception):
    with database.begin(acme.org_id) as uow:
        sources.get(uow, web.id).enabled = False
    assert together(reception, acme, web, post(web, "13900000001"), post(web, "13900000002")) == [None, None]
    assert reception.receive(post(web, "13900000001")).status == 404


def test_leads_of_a_lot_are_dealt_before_they_are_answered(database, acme, web, reception):
    together(reception, acme, web, *(post(web, f"1390000000{n}") for n in range(3)))
    assert kit.count(database, acme, "decision where kind = 'dispatch'") == 4


def test_what_rules_are_told_of_leads_of_a_lot_is_what_they_would_read(acme, web, reception, monkeypatch):
    told, deal = [], dealing.deal

    def watched(uow, lead_ids, *, fresh):
        told.append((lead_facts.read(uow, lead_ids), [fresh[lead_id] for lead_id in lead_ids]))
        return deal(uow, lead_ids, fresh=fresh)

    monkeypatch.setattr(dealing, "deal", watched)
    plain = post(web, "13900000001")
    rich = post(
        web, "13900000002", name="Lu", email="lu@tea.cn", amount="12.5k", level="a", tags="hot;new", product="tea",
        region="north", utm_source="fair", campaign="spring", 鞋码="38.5", currency="CNY", referrer="Wu",
    )  # fmt: skip
    assert statuses(together(reception, acme, web, plain, rich)) == [201, 201]
    ((read, known),) = told
    assert known == read


def test_a_customer_of_a_lot_who_was_known_or_comes_twice_is_read_anew(database, acme, web, reception):
    posts = [post(web, phone) for phone in ("13800000000", "13900000001", "13900000001", "13900000002")]
    assert statuses(together(reception, acme, web, *posts)) == [200, 201, 200, 201]
    assert kit.count(database, acme, "decision where kind = 'dispatch' and outcome = 'pooled'") == 3


def test_what_has_changed_of_lists_and_pools_counts_for_the_next_lot(database, acme, web, reception):
    together(reception, acme, web, post(web, "13900000001"), post(web, "13900000002"))
    with database.begin(acme.org_id) as uow:
        sources.get(uow, web.id).channel = "fair"
    together(reception, acme, web, post(web, "13900000003"), post(web, "13900000004"))
    assert kit.leads(database, acme, "l.channel") == [(None,)] * 3 + [("fair",)] * 2


def test_who_was_erased_does_not_come_back_in_a_lot_either(database, acme, web, reception):
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, "keep: {erased_again: all}")
        suppressing.keep(uow, [("phone", "+8613900000001")], 1)
    assert statuses(together(reception, acme, web, post(web, "13900000001"), post(web, "13900000002"))) == [None, 201]


def answered(door, posts, size=12):
    """The answers to posts, of which so many are at the door at any time."""

    async def crowd():
        free = asyncio.Semaphore(size)

        async def one(post):
            async with free:
                return await door(post)

        return await asyncio.gather(*map(one, posts))

    return asyncio.run(crowd())


def test_a_crowd_at_the_door_is_answered_as_if_each_had_come_alone(database, acme, web, reception):
    posts = [post(web, f"139000000{n % 40:02d}", name=f"n{n % 60}") for n in range(120)]
    assert Counter(statuses(answered(reception.answer, posts))) == {201: 40, 200: 80}
    assert kit.count(database, acme, "lead") == 41
    assert kit.count(database, acme, "activity where verb = 'touched'") == 20


def named(post):
    return Answer(200, post.source)


def posts_of(*names):
    return [Post(name, {}, b"", "") for name in names]


async def numbered(lane, post):
    """As a request does it that has a number: here the post's own name."""
    with bound_contextvars(request=post.source):
        return await lane.take(post)


def in_turns(alone, together):
    """What a lane answers one post, and two that come while it is served."""
    begun, rest_is_there = threading.Event(), threading.Event()

    def single(post):
        begun.set()
        rest_is_there.wait(10)
        return alone(post)

    async def come():
        lane = Lane(single, together)
        first, *rest = posts_of("first", "second", "third")
        answers = [asyncio.create_task(lane.take(first))]
        await asyncio.to_thread(begun.wait, 10)
        answers += [asyncio.create_task(numbered(lane, post)) for post in rest]
        await asyncio.sleep(0)
        rest_is_there.set()
        return [answer and answer.content for answer in await asyncio.gather(*answers)]

    return asyncio.run(come())


def broken(_):
    raise Conflict


def test_who_comes_while_somebody_is_served_is_in_the_next_lot():
    lots = []

    def counted(posts):
        lots.append(len(posts))
        return [*map(named, posts)]

    assert in_turns(named, counted) == ["first", "second", "third"]
    assert lots == [2]


def test_everybody_of_many_is_served_once():
    lots, names = [], [str(number) for number in range(20)]

    def counted(posts):
        lots.append(len(posts))
        return [*map(named, posts)]

    answers = answered(Lane(lambda post: counted([post])[0], counted).take, posts_of(*names), 5)
    assert [answer.content for answer in answers] == names
    assert sum(lots) == 20
    assert max(lots) <= 5


def test_what_is_logged_of_a_lot_bears_the_numbers_of_all_its_requests():
    bound = []

    def seen(posts):
        bound.append(get_contextvars().get("requests"))
        return [*map(named, posts)]

    in_turns(lambda post: seen([post])[0], seen)
    assert bound == [None, ["second", "third"]]


def test_a_lane_goes_on_after_somebody_in_it_broke():
    assert in_turns(broken, lambda posts: [*map(named, posts)]) == [None, "second", "third"]
    assert in_turns(named, broken) == ["first", None, None]
