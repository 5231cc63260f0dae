"""How a member works: stars, an order of one's own, lists in words, and which lead comes next."""

from datetime import timedelta

import pytest

from bot.understanding.filters import read_filters
from crm.errors import SourceNotFound, StageNotFound
from crm.errors_of_lists import ListNameNeeded, ListNotFound, ListsFull, NothingToSave
from crm.rules.wanted import ORDERS, Wanted
from crm.services import agenda, follow_ups, leads, merging, orders, saved_lists, tasks
from tests.desk import Desk


@pytest.fixture
def desk(database, time):
    return Desk(database, time)


def star(desk, lead, on=None, who="ann"):
    return desk.does(who, lambda uow, actor, lead: orders.star(uow, actor=actor, lead=lead, on=on), lead)


def sort(desk, by, who="ann"):
    desk.does(who, lambda uow, actor: orders.sort(uow, actor=actor, by=by))


def mine(desk, words="", who="ann", **more):
    """The ids that somebody's list shows, in its order."""

    def work(uow, actor):
        wanted = saved_lists.understood(uow, actor=actor, said=read_filters(words))
        return agenda.mine(uow, actor=actor, wanted=wanted, **more)

    return [lead.id for lead in desk.does(who, work).each]


def remind(desk, lead, who="ann", **after):
    at = desk.time() + timedelta(**after)
    return desk.does(who, lambda uow, actor, lead: tasks.remind(uow, actor=actor, lead=lead, at=at), lead)


def following(desk, but=None):
    return desk.does("ann", lambda uow, actor: agenda.following(uow, actor=actor, but=but))


def starred(desk, lead, who="ann"):
    return desk.does(who, lambda uow, actor, lead: lead.starred, lead)


def test_a_star_comes_and_goes_and_is_the_members_own(desk):
    lead = desk.make(owner="ann")
    assert [star(desk, lead), starred(desk, lead), starred(desk, lead, "mia")] == [True, True, False]
    assert [star(desk, lead, on=True), star(desk, lead), starred(desk, lead)] == [True, False, False]


def test_a_star_goes_with_the_lead_that_stands_for_both(desk):
    kept, lost = desk.make(owner="ann", score=90), desk.make(owner="ann")
    star(desk, lost)

    def merge(uow, actor):
        both = [leads.access_id(uow, actor=actor, lead_id=lead) for lead in (kept, lost)]
        return merging.merge(uow, actor=actor, one=both[0], other=both[1])

    desk.does("mia", merge)
    assert len(mine(desk, "starred")) == 1


def test_without_a_choice_the_most_urgent_comes_first(desk):
    soon, never, late = (
        desk.make(owner="ann", recycle_at=desk.time() + timedelta(days=days) if days else None) for days in (1, 0, 3)
    )
    assert mine(desk) == [soon, late, never]


def test_each_order_puts_its_own_lead_first(desk):
    plain = {"recycle_at": desk.time() + timedelta(days=5), "score": 5, "amount": 5, "assigned_at": desk.time()}
    first = {
        "urgent": {"recycle_at": desk.time() + timedelta(days=1)}, "score": {"score": 90},
        "newest": {"assigned_at": desk.time() + timedelta(minutes=1)}, "stage": {"stage": "quote"},
        "amount": {"amount": 90000},
    }  # fmt: skip
    made = {order: desk.make(owner="ann", **plain | first.get(order, {})) for order in ORDERS}
    desk.make(owner="bob", **plain)
    star(desk, made["starred"])
    remind(desk, made["due"], hours=1)
    shown = {order: mine(desk, by=order) for order in ORDERS}
    assert {order: found[0] for order, found in shown.items()} == made
    assert all(sorted(found) == sorted(made.values()) for found in shown.values())


def test_the_order_is_remembered_for_the_member_alone(desk):
    sort(desk, "score")
    assert [orders.of(desk.person("ann")), orders.of(desk.person("bob"))] == ["score", "urgent"]
    sort(desk, "urgent")
    assert orders.of(desk.person("ann")) == "urgent"


FILTERS = {
    "stage quote": "quote", "阶段 报价": "quote", "stage not new": "quote", "amount over 50k": "rich",
    "score at least 80": "scored", "level a": "graded", "region EAST": "east", "product tea set": "tea",
    "tag VIP": "tagged", "untouched for 3 days": "idle", "overdue": "overdue", "starred": "star", "北方": "named",
    "Quote": "quote", "older than 3 weeks": "old", "比三周更早": "old",
}  # fmt: skip


def test_a_filter_finds_its_leads_and_no_others(desk):
    facts = {
        "quote": {"stage": "quote"}, "rich": {"amount": 60000}, "scored": {"score": 80}, "graded": {"level": "A"},
        "east": {"region": "East"}, "tea": {"product": "Tea Set"}, "tagged": {"tags": ["vip"]},
        "idle": {"assigned_at": desk.time() - timedelta(days=4)}, "named": {"firm": "北方茶业"},
        "overdue": {}, "star": {}, "old": {"created_at": desk.time() - timedelta(days=22)},
    }  # fmt: skip
    made = {name: desk.make(owner="ann", **columns) for name, columns in facts.items()}
    star(desk, made["star"])
    remind(desk, made["overdue"], hours=1)
    desk.time.advance(hours=2)
    assert {words: mine(desk, words, most=50) for words in FILTERS} == {
        words: [made[name]] for words, name in FILTERS.items()
    }


def test_due_counts_the_members_own_days(desk):
    today, later = desk.make(owner="ann"), desk.make(owner="ann")
    remind(desk, today, hours=5)
    remind(desk, later, days=3)
    assert mine(desk, "due today") == [today]
    assert mine(desk, "due this week") == [today, later]
    assert mine(desk, "overdue") == []


@pytest.mark.parametrize(("words", "refusal"), [("stage xyz", StageNotFound), ("source xyz", SourceNotFound)])
def test_what_the_company_does_not_have_is_said_at_once(desk, words, refusal):
    with pytest.raises(refusal):
        mine(desk, words)


def test_parked_and_closed_leads_and_those_of_others_are_in_no_list(desk):
    desk.make(owner="ann", status="won")
    desk.make(owner="ann", held_by="nurture", held_since=desk.time())
    desk.make(owner="bob")
    assert mine(desk) == []


def keep(desk, name, words="starred", who="ann"):
    def work(uow, actor):
        wanted = saved_lists.understood(uow, actor=actor, said=read_filters(words))
        return saved_lists.save(uow, actor=actor, name=name, wanted=wanted)

    return desk.does(who, work)


def saved(desk, who="ann"):
    return desk.does(who, lambda uow, actor: [each.name for each in saved_lists.mine(uow, actor=actor)])


def test_a_list_comes_back_as_it_was_said(desk):
    words = "stage quote, amount over 1250.50, untouched for 3 days, due this week, starred, tag vip, Lucky"
    kept = keep(desk, "Hot", words)
    found = desk.does("ann", lambda uow, actor: saved_lists.get(uow, actor=actor, name=" hot "))
    assert found.wanted == kept.wanted
    assert found.wanted.condition.all[1].value > 1250


def test_lists_are_replaced_and_removed_by_name_and_are_the_members_own(desk):
    keep(desk, "hot")
    keep(desk, "HOT", "overdue")
    assert [saved(desk), saved(desk, "bob")] == [["HOT"], []]
    desk.does("ann", lambda uow, actor: saved_lists.remove(uow, actor=actor, name="hot"))
    assert saved(desk) == []


@pytest.mark.parametrize("deed", [saved_lists.get, saved_lists.remove])
@pytest.mark.parametrize("name", ["warm", "", "  "])
def test_a_list_that_is_not_there_is_said_to_be_missing(desk, deed, name):
    desk.does("ann", lambda uow, actor: saved_lists.remember(uow, actor=actor, wanted=Wanted(starred=True)))
    with pytest.raises(ListNotFound):
        desk.does("ann", lambda uow, actor: deed(uow, actor=actor, name=name))


@pytest.mark.parametrize("name", ["", " ", "x" * 31])
def test_a_list_needs_a_short_name(desk, name):
    with pytest.raises(ListNameNeeded):
        keep(desk, name)


def test_there_is_room_for_a_few_lists(desk, monkeypatch):
    monkeypatch.setattr(saved_lists, "MOST", 2)
    keep(desk, "one")
    keep(desk, "two")
    keep(desk, "two", "overdue")
    with pytest.raises(ListsFull):
        keep(desk, "three")


def test_what_was_asked_for_last_can_be_saved_and_is_no_list_itself(desk):
    with pytest.raises(NothingToSave):
        desk.does("ann", lambda uow, actor: saved_lists.last(uow, actor=actor))
    desk.does("ann", lambda uow, actor: saved_lists.remember(uow, actor=actor, wanted=Wanted(due="today")))
    assert desk.does("ann", lambda uow, actor: saved_lists.last(uow, actor=actor)) == Wanted(due="today")
    assert saved(desk) == []


def test_the_next_lead_is_the_first_in_order_that_has_not_been_worked_on_today(desk):
    made = [desk.make(owner="ann", score=score) for score in (90, 80, 70)]
    sort(desk, "score")
    assert following(desk).id == made[0]
    at_hand = int(desk.ref(made[0])[2:])
    assert following(desk, but=at_hand).id == made[1]
    called = follow_ups.FollowUp(note="called")
    desk.does("ann", lambda uow, actor, lead: follow_ups.log(uow, actor=actor, lead=lead, said=called), made[1])
    assert following(desk, but=at_hand).id == made[2]
    remind(desk, made[2], days=2)
    assert following(desk, but=at_hand) is None
    remind(desk, made[1], hours=1)
    assert following(desk, but=at_hand).id == made[1]


def test_due_tasks_follow_the_order_of_their_leads(desk):
    low, high = desk.make(owner="ann", score=10), desk.make(owner="ann", score=90)
    tasks_of = [remind(desk, low, hours=1).id, remind(desk, high, hours=2).id]
    end = desk.time() + timedelta(days=1)

    def due(uow, actor):
        return agenda.due(uow, actor=actor, until=end, most=1)

    first = desk.does("ann", due)
    assert ([task.id for task in first.each], first.total) == (tasks_of[:1], 2)
    sort(desk, "score")
    assert [task.id for task in desk.does("ann", due).each] == tasks_of[1:]


def test_leads_at_risk_follow_the_order_and_are_counted(desk):
    soon = {"recycle_at": desk.time() + timedelta(days=1)}
    low, high = desk.make(owner="ann", score=10, **soon), desk.make(owner="ann", score=90, **soon)
    desk.make(owner="ann", recycle_at=desk.time() + timedelta(days=9))
    sort(desk, "score")
    found = desk.does("ann", lambda uow, actor: agenda.at_risk(uow, actor=actor, most=1))
    assert ([lead.id for lead in found.each], found.total) == ([high], 2)
    assert low != high


def test_a_note_moves_no_clock(database, time):
    desk = Desk(database, time, "recycle: [{name: quiet, no_follow_up: 1d}]\n")
    lead = desk.make(owner="ann", recycle_at=time() + timedelta(days=1), warn_at=time() + timedelta(hours=22))
    before = desk.state(lead)
    time.advance(hours=1)
    desk.does("ann", lambda uow, actor, lead: follow_ups.note(uow, actor=actor, lead=lead, words="speaks French"), lead)
    assert desk.state(lead) == before
