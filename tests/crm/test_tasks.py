"""Reminders: set for a coming time, done, moved, and reminded of at their minute, once."""

from datetime import timedelta

import pytest

from crm.errors import TaskNotFound, TimeInPast
from crm.services import leads, tasks
from tests import build
from tests.desk import Desk


@pytest.fixture
def desk(database, time):
    return Desk(database, time)


@pytest.fixture
def lead(desk):
    return desk.make(owner="ann")


def remind(desk, lead, *, who="ann", words=None, **after):
    at = desk.time() + timedelta(**after)
    return desk.does(who, lambda uow, actor, lead: tasks.remind(uow, actor=actor, lead=lead, at=at, words=words), lead)


def fall_due(desk):
    with desk.database.begin(desk.acme.org_id) as uow:
        return tasks.remind_due(uow)


def move(desk, task, at, who="ann"):
    return desk.does(who, lambda uow, actor: tasks.move(uow, actor=actor, task_id=task.id, at=at))


def done(desk, task, who="ann"):
    return desk.does(who, lambda uow, actor: tasks.done(uow, actor=actor, task_id=task.id))


def test_a_reminder_names_its_lead_and_what_it_is_about(desk, lead):
    task = remind(desk, lead, words="send the offer", hours=2)
    assert (task.ref, task.title_line, task.words) == (desk.ref(lead), "Lu Wei · Lucky Tea", "send the offer")
    assert task.due_at == build.NOW + timedelta(hours=2)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(minutes=1), timedelta(days=400)])
def test_nobody_is_reminded_of_what_is_past(desk, lead, late):
    with pytest.raises(TimeInPast):
        remind(desk, lead, seconds=-late.total_seconds())
    task = remind(desk, lead, hours=1)
    with pytest.raises(TimeInPast):
        move(desk, task, desk.time() - late)


def test_the_minute_comes_once(desk, lead):
    remind(desk, lead, hours=1)
    assert fall_due(desk) == 0
    desk.time.advance(hours=1)
    assert (fall_due(desk), fall_due(desk)) == (1, 0)
    assert desk.owed("task.due") == [desk.acme.member["ann"]]


def test_a_moved_reminder_comes_again_at_its_new_time(desk, lead):
    task = remind(desk, lead, hours=1)
    desk.time.advance(hours=1)
    fall_due(desk)
    move(desk, task, desk.time() + timedelta(hours=1))
    assert fall_due(desk) == 0
    desk.time.advance(hours=1)
    assert fall_due(desk) == 1
    assert desk.owed("task.due") == [desk.acme.member["ann"]] * 2


def test_what_is_done_is_neither_reminded_of_nor_done_again(desk, lead):
    task = remind(desk, lead, hours=1)
    assert done(desk, task).state == "done"
    desk.time.advance(hours=2)
    assert fall_due(desk) == 0
    with pytest.raises(TaskNotFound):
        done(desk, task)
    with pytest.raises(TaskNotFound):
        move(desk, task, desk.time() + timedelta(hours=1))


@pytest.mark.parametrize("who", ["bob", "cyd"])
def test_a_colleagues_reminder_reads_like_none(desk, lead, who):
    task = remind(desk, lead, hours=1)
    with pytest.raises(TaskNotFound):
        done(desk, task, who)
    with pytest.raises(TaskNotFound):
        move(desk, task, desk.time() + timedelta(hours=2), who)


def test_due_ones_come_oldest_first_and_only_the_members_own(desk, lead):
    second, first = remind(desk, lead, hours=3), remind(desk, lead, hours=1)
    remind(desk, lead, days=3)
    remind(desk, desk.make(owner="bob"), who="bob", hours=1)
    until = desk.time() + timedelta(days=1)
    found = desk.does("ann", lambda uow, actor: tasks.open_ones(uow, actor=actor, until=until, whose="own"))
    assert [task.id for task in found] == [first.id, second.id]


def test_the_next_reminder_shows_on_the_lead(desk, lead):
    remind(desk, lead, hours=3)
    remind(desk, lead, hours=1)
    view = desk.does("ann", lambda uow, actor, lead: lead, lead)
    assert view.next_at == build.NOW + timedelta(hours=1)


def test_a_planned_reminder_holds_the_lead(database, time):
    desk = Desk(database, time, "recycle: [{name: quiet, no_follow_up: 1d}]\n")
    lead = desk.make(owner="ann")
    remind(desk, lead, hours=1)
    soon = desk.state(lead)["recycle_at"]
    remind(desk, lead, days=3)
    assert desk.state(lead)["recycle_at"] >= soon


def test_many_fall_due_in_chunks_and_none_is_forgotten(desk, monkeypatch):
    monkeypatch.setattr(tasks, "CHUNK", 3)
    with desk.database.begin(desk.acme.org_id) as uow:
        for number in range(8):
            build.task(uow, desk.acme, "ann", due_at=uow.now - timedelta(minutes=number))
    assert [fall_due(desk) for _ in range(4)] == [3, 3, 2, 0]


def test_a_reminder_of_no_lead_is_the_members_alone(desk):
    at = desk.time() + timedelta(hours=1)
    task = desk.does("ann", lambda uow, actor: tasks.remind(uow, actor=actor, lead=None, at=at, words="buy tea"))
    assert (task.ref, task.title_line) == ("", "buy tea")
    assert done(desk, task).state == "done"


def test_a_card_of_a_task_that_is_gone_shows_nothing(desk):
    assert desk.does("ann", lambda uow, actor: tasks.view(uow, 10**9)) is None
    assert desk.does("ann", lambda uow, actor: leads.mine(uow, actor=actor)) == []
