"""Tasks of a department: seen by all of it, taken by one, and known to a manager when nobody does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from crm.errors import LeadNotFound, LeadNotYours, LeadUnclaimed, TaskNotFound, TimeInPast
from crm.errors_of_lists import TaskTaken, TaskUntaken
from crm.services import agenda, departments, leads, tasks, team_tasks
from tests.desk import Desk

NORTH = {"mia", "ann", "bob"}


@pytest.fixture
def desk(database, time):
    return Desk(database, time)


def ask(desk, lead=None, who="ann", team="north", words="call back", **after):
    at = desk.time() + timedelta(**after or {"hours": 1})

    def work(uow, actor, lead=None):
        found = departments.find(uow, actor=actor, words=team)
        return team_tasks.ask(uow, actor=actor, team=found, lead=lead, at=at, words=words)

    return desk.does(who, work, lead)


def take(desk, task, who):
    return desk.does(who, lambda uow, actor: team_tasks.take(uow, actor=actor, task_id=task.id))


def done(desk, task, who):
    return desk.does(who, lambda uow, actor: tasks.done(uow, actor=actor, task_id=task.id))


def move(desk, task, who):
    at = desk.time() + timedelta(hours=3)
    return desk.does(who, lambda uow, actor: tasks.move(uow, actor=actor, task_id=task.id, at=at))


def of_team(desk, who):
    until = desk.time() + timedelta(days=1)
    return [
        task.id
        for task in desk.does(who, lambda uow, actor: tasks.open_ones(uow, actor=actor, until=until, whose="team"))
    ]


def passes(desk, **span):
    """Time goes by, and what is due happens."""
    desk.time.advance(**span)
    with desk.database.begin(desk.acme.org_id) as uow:
        tasks.remind_due(uow)
        return team_tasks.escalate_due(uow)


def names(desk, topic):
    called = {member: name for name, member in desk.acme.member.items()}
    return [called[member] for member in desk.owed(topic)]


def test_all_of_the_team_see_it_and_nobody_else(desk):
    task = ask(desk)
    assert {who for who in desk.acme.member if of_team(desk, who) == [task.id]} == NORTH
    assert (task.team, task.member_id, task.title_line) == ("North", None, "call back")


def test_each_of_the_team_is_reminded_once_at_its_minute(desk):
    ask(desk)
    passes(desk, minutes=59)
    assert desk.owed("task.team") == []
    passes(desk, minutes=1)
    passes(desk, minutes=1)
    assert sorted(names(desk, "task.team")) == sorted(NORTH)
    assert desk.owed("task.due") == []


def test_of_those_who_tap_at_once_one_has_it(desk):
    task = ask(desk)

    def tap(who):
        try:
            return take(desk, task, who).member_id
        except TaskTaken as taken:
            return taken.data["by_id"]

    with ThreadPoolExecutor(3) as threads:
        winners = set(threads.map(tap, sorted(NORTH)))
    assert len(winners) == 1
    assert desk.count("select member_id from task where org_id = :org") == winners.pop()


def test_whoever_has_taken_it_is_reminded_alone(desk):
    task = ask(desk)
    assert take(desk, task, "bob").member_id == desk.acme.member["bob"]
    assert take(desk, task, "bob").member_id == desk.acme.member["bob"]
    passes(desk, hours=3)
    assert (names(desk, "task.due"), desk.owed("task.team"), desk.owed("task.untaken")) == (["bob"], [], [])


def test_another_team_can_neither_take_nor_finish_nor_move_it(desk):
    task = ask(desk)
    for deed in (take, done, move):
        with pytest.raises(TaskNotFound):
            deed(desk, task, "cyd")


def test_what_a_colleague_has_taken_is_the_colleagues(desk):
    task = ask(desk)
    take(desk, task, "bob")
    for deed in (take, done, move):
        with pytest.raises(TaskTaken):
            deed(desk, task, "ann")
    assert done(desk, task, "bob").state == "done"


def test_it_can_be_done_without_being_taken_first(desk):
    task = ask(desk)
    assert done(desk, task, "bob").member_id == desk.acme.member["bob"]
    with pytest.raises((TaskNotFound, TaskTaken)):
        take(desk, task, "ann")


def test_only_who_asked_or_manages_moves_what_nobody_has_taken(desk):
    task = ask(desk)
    with pytest.raises(TaskUntaken):
        move(desk, task, "bob")
    assert move(desk, task, "ann").due_at == desk.time() + timedelta(hours=3)
    assert move(desk, task, "mia").due_at == desk.time() + timedelta(hours=3)


def test_a_manager_is_told_once_of_what_nobody_took(desk):
    ask(desk)
    assert passes(desk, hours=1) == 0
    assert passes(desk, hours=1) == 1
    assert passes(desk, hours=9) == 0
    assert names(desk, "task.untaken") == ["mia"]


def test_what_is_asked_again_is_told_again(desk):
    task = ask(desk)
    passes(desk, hours=2)
    move(desk, task, "mia")
    passes(desk, hours=3)
    passes(desk, hours=1)
    assert names(desk, "task.untaken") == ["mia", "mia"]
    assert len(desk.owed("task.team")) == 2 * len(NORTH)


def test_what_was_done_in_time_is_told_to_nobody(desk):
    done(desk, ask(desk), "bob")
    assert passes(desk, hours=9) == 0


def test_whoever_takes_it_may_see_the_lead_until_it_is_done(desk):
    lead = desk.make(owner="ann")

    def sees(uow, actor):
        return leads.access_id(uow, actor=actor, lead_id=lead)

    task = ask(desk, lead)
    with pytest.raises(LeadNotFound):
        desk.does("bob", sees)
    take(desk, task, "bob")
    seen = desk.does("bob", sees)
    assert (seen.masked, seen.mine) == (False, False)
    done(desk, task, "bob")
    with pytest.raises(LeadNotFound):
        desk.does("bob", sees)


def test_a_self_sourced_contact_stays_hidden_from_who_helps(desk):
    lead = desk.make(owner="ann", pool=None, origin="self")
    take(desk, ask(desk, lead), "bob")
    assert desk.does("bob", lambda uow, actor, lead: lead.masked, lead)


@pytest.mark.parametrize(("owner", "refusal"), [("bob", LeadNotFound), (None, LeadUnclaimed)])
def test_a_team_is_asked_about_ones_own_leads(desk, owner, refusal):
    with pytest.raises((refusal, LeadNotYours)):
        ask(desk, desk.make(owner=owner))


def test_nobody_is_asked_for_a_time_that_is_past(desk):
    with pytest.raises(TimeInPast):
        ask(desk, hours=0)


def test_asking_and_taking_are_on_the_timeline_and_can_be_undone(desk):
    lead = desk.make(owner="ann")
    task = ask(desk, lead)
    take(desk, task, "bob")
    assert desk.undoes("bob") == (lead, "task_taken")
    assert of_team(desk, "mia") == [task.id]
    passes(desk, hours=2)
    assert names(desk, "task.untaken") == ["mia"]
    second = desk.make(owner="ann")
    ask(desk, second)
    assert desk.undoes("ann") == (second, "task_asked")
    assert of_team(desk, "bob") == [task.id]


def test_a_task_that_was_taken_counts_as_the_members_own(desk):
    task = ask(desk)
    take(desk, task, "bob")
    end = desk.time() + timedelta(days=1)
    assert [each.id for each in desk.does("bob", lambda uow, actor: agenda.due(uow, actor=actor, until=end)).each] == [
        task.id
    ]
    assert of_team(desk, "ann") == []
