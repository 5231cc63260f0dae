"""Teams as a tree, roles, managers and the rota: what admins change, and what holds from then on."""

from datetime import UTC, datetime, time, timedelta

import pytest

from crm.errors import LastAdmin, NotAllowed, NotYourTeam
from crm.errors_of_people import ManagesSelf, NoSuchRole, TeamExists, TeamInUse, TeamLoop, TeamNotFound
from crm.rules import duty
from crm.rules.duty import Shift
from crm.services import candidates, duties, members, people, teams
from tests import build
from tests.desk import Desk


@pytest.fixture
def desk(database, time):
    return Desk(database, time)


def changes(desk, work, by="ada"):
    return desk.does(by, work)


def named(desk, words):
    return changes(desk, lambda uow, actor: teams.named(uow, words))


def made(desk, name, under=None, by="ada"):
    return tree(desk, teams.make, by, name=name, **({"under": under} if under else {}))


def tree(desk, verb, by="ada", name=None, **places):
    """A change of the tree, whose places are named."""

    def work(uow, actor):
        found = {key: teams.named(uow, words) for key, words in places.items()}
        return verb(uow, actor=actor, **found, **({"name": name} if name else {}))

    return changes(desk, work, by)


def puts(desk, verb, who, **more):
    """A change of a member by the admin; `team` and `manager` are named."""

    def work(uow, actor):
        if "team" in more:
            more["team"] = teams.named(uow, more["team"])
        if "manager" in more:
            more["manager"] = members.get(uow, desk.acme.member[more["manager"]])
        return verb(uow, actor=actor, member=members.get(uow, desk.acme.member[who]), **more)

    return changes(desk, work)


def path(desk, words):
    return changes(desk, lambda uow, actor: [
        next(team.name for team in teams.every(uow) if team.id == step) for step in teams.named(uow, words).path
    ])  # fmt: skip


def test_a_team_is_made_below_the_company_or_where_one_says(desk):
    made(desk, "East")
    made(desk, "苏州", "East")
    assert path(desk, "苏州") == ["Company", "East", "苏州"]
    assert named(desk, "East / 苏州").key == "su-zhou"


def test_of_a_team_name_there_is_one_in_one_place(desk):
    made(desk, "East")
    with pytest.raises(TeamExists):
        made(desk, "east")


def test_a_team_moves_with_all_below_it_and_never_below_itself(desk):
    made(desk, "Inner", "North")
    changes(
        desk,
        lambda uow, actor: teams.move(
            uow, actor=actor, team=teams.named(uow, "North"), under=teams.named(uow, "South")
        ),
    )
    assert path(desk, "Inner") == ["Company", "South", "North", "Inner"]
    with pytest.raises(TeamLoop):
        changes(
            desk,
            lambda uow, actor: teams.move(
                uow, actor=actor, team=teams.named(uow, "South"), under=teams.named(uow, "Inner")
            ),
        )


def test_a_team_with_people_is_not_closed_and_an_empty_one_is(desk):
    made(desk, "East")
    with pytest.raises(TeamInUse):
        tree(desk, teams.close, team="North")
    tree(desk, teams.close, team="East")
    with pytest.raises(TeamNotFound):
        named(desk, "East")


def test_a_team_is_renamed(desk):
    tree(desk, teams.rename, team="North", name="华北")
    assert named(desk, "华北").key == "north"


@pytest.mark.parametrize("by", ["mia", "ann"])
def test_only_admins_change_the_tree(desk, by):
    with pytest.raises(NotAllowed):
        made(desk, "East", by=by)


def who(uow, desk, name):
    return members.get(uow, desk.acme.member[name])


def test_a_role_holds_from_the_next_click_on(desk):
    puts(desk, people.set_role, "ann", role="manager")
    assert desk.person("ann").is_manager
    puts(desk, people.set_role, "ann", role="rep")
    assert not desk.person("ann").is_manager


def test_the_last_admin_stays_one(desk):
    with pytest.raises(LastAdmin):
        changes(desk, lambda uow, actor: people.set_role(uow, actor=actor, member=actor, role="rep"))


@pytest.mark.parametrize(("words", "role"), [("销售", "rep"), ("Manager", "manager"), ("学管", "success")])
def test_roles_are_called_what_people_call_them(words, role):
    assert people.role_named(words) == role


def test_an_unknown_role_is_told_with_those_there_are():
    with pytest.raises(NoSuchRole):
        people.role_named("emperor")


def test_with_another_team_comes_another_manager(desk):
    changes(
        desk,
        lambda uow, actor: people.set_team(
            uow, actor=actor, member=who(uow, desk, "ann"), team=teams.named(uow, "South")
        ),
    )
    above = changes(desk, lambda uow, actor: members.managers_of(uow, desk.acme.member["ann"]))
    assert above == [desk.acme.member["max"]]


def test_nobody_is_the_manager_of_somebody_above(desk):
    with pytest.raises(ManagesSelf):
        changes(
            desk,
            lambda uow, actor: people.set_manager(
                uow, actor=actor, member=who(uow, desk, "mia"), manager=who(uow, desk, "ann")
            ),
        )


def test_the_own_manager_is_asked_before_others_of_the_department(desk):
    puts(desk, people.set_role, "bob", role="manager")
    changes(
        desk,
        lambda uow, actor: people.set_manager(
            uow, actor=actor, member=who(uow, desk, "ann"), manager=who(uow, desk, "bob")
        ),
    )
    assert changes(desk, lambda uow, actor: members.managers_of(uow, desk.acme.member["ann"])) == [
        desk.acme.member["bob"]
    ]


def test_a_manager_sees_the_own_people_and_an_admin_all(desk):
    seen = {
        by: [each.name for each in changes(desk, lambda uow, actor: people.listing(uow, actor=actor), by)]
        for by in ("mia", "ada")
    }
    assert seen["mia"] == ["Mia Manager", "Ann Li", "Bob Chen"]
    assert len(seen["ada"]) == 7


WEEK = (
    ("Mon-Fri 9-18", (0, 1, 2, 3, 4), time(9), time(18)),
    ("Sat, Sun 10:00-14:30", (5, 6), time(10), time(14, 30)),
    ("周一到周五 9点到18点", (0, 1, 2, 3, 4), time(9), time(18)),
    ("周六周日 9点半到18:00", (5, 6), time(9, 30), time(18)),
    ("22-6", (0, 1, 2, 3, 4, 5, 6), time(22), time(6)),
    ("工作日 18-24", (0, 1, 2, 3, 4), time(18), time(0)),
    ("Fri to Mon 8 to 12", (0, 4, 5, 6), time(8), time(12)),
)  # fmt: skip


@pytest.mark.parametrize(("words", "days", "opens", "closes"), WEEK)
def test_hours_are_read_as_people_write_them(words, days, opens, closes):
    assert duty.parse(words) == Shift(days, opens, closes)


@pytest.mark.parametrize("words", ["", "tomorrow", "Mon-Fri", "Mon 9-9", "Mon 25-26", "Foo 9-18"])
def test_what_are_no_hours_is_not_read_as_some(words):
    assert duty.parse(words) is None


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin():
    night = [Shift((4,), time(22), time(6))]
    friday = datetime(2026, 3, 6, tzinfo=UTC)
    at = [friday + timedelta(hours=hours) for hours in (21, 23, 29, 31)]
    assert [duty.runs(night, moment) for moment in at] == [False, True, True, False]


def on_duty(desk):
    with desk.database.begin(desk.acme.org_id) as uow:
        return candidates.of_members(uow, [desk.acme.member["ann"]])[desk.acme.member["ann"]].on_duty


def put(desk, days, opens, closes, by="mia"):
    changes(
        desk,
        lambda uow, actor: duties.put(
            uow, actor=actor, member=who(uow, desk, "ann"), days=days, opens=opens, closes=closes
        ),
        by,
    )


def test_dispatch_passes_over_who_is_not_on_the_rota_now(desk):
    put(desk, (2,), time(9), time(12))
    assert on_duty(desk)
    desk.time.set(build.NOW + timedelta(hours=3))
    assert not on_duty(desk)
    changes(desk, lambda uow, actor: duties.clear(uow, actor=actor, member=who(uow, desk, "ann")), "mia")
    assert on_duty(desk)


def test_the_rota_is_the_managers(desk):
    with pytest.raises(NotAllowed):
        put(desk, (0,), time(9), time(12), "ann")
    with pytest.raises(NotYourTeam):
        put(desk, (0,), time(9), time(12), "max")


def test_people_are_shown_on_duty_as_dispatch_sees_them(desk):
    put(desk, (6,), time(9), time(12))
    found = changes(desk, lambda uow, actor: people.on_duty(uow, people.listing(uow, actor=actor)), "mia")
    assert found == {desk.acme.member["mia"], desk.acme.member["bob"]}
