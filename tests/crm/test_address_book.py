"""The chat's address book: colleagues and departments that come, change, go and return."""

import pytest
from sqlalchemy import text

from crm.rules.directory import Colleague, Unit
from crm.services import address_book, address_book_units, leaving
from tests import build
from tests.desk import Desk

MEMBER = "select active, on_duty, role, department_id from member where org_id = :org and name = :name"


@pytest.fixture
def desk(database, time):
    return Desk(database, time)


def sees(desk, user, name="", **more):
    """The address book shows somebody now; what happened."""
    person = Colleague(user=user, name=name, **more)
    here = {"workspace_id": desk.acme.workspace["wecom"]}
    found = desk.does("ada", lambda uow, actor: address_book.see(uow, **here, person=person, told_at=uow.now))
    return found[0] if found else None


def unit(desk, *given):
    here = {"workspace_id": desk.acme.workspace["wecom"]}
    desk.does("ada", lambda uow, actor: address_book_units.see(uow, **here, unit=Unit(*given)))


def member(desk, name):
    with desk.database.begin(desk.acme.org_id) as uow:
        return tuple(uow.session.execute(text(MEMBER), {"org": uow.org_id, "name": name}).one())


def user(desk, name):
    return build.external("wecom", name, desk.acme.org_id)


def leaves(desk, name):
    here = {"workspace_id": desk.acme.workspace["wecom"], "external_id": user(desk, name).upper()}
    desk.does("ada", lambda uow, actor: leaving.sign_off(uow, **here))


def test_a_newcomer_is_a_rep_off_duty_in_the_department_of_that_name(desk):
    unit(desk, "7", "North", "1")
    assert sees(desk, "Zoe", "Zoe Zhao", unit="7", email="zoe@acme.example") == "new"
    assert member(desk, "Zoe Zhao") == (True, False, "rep", desk.acme.department["north"])
    assert sees(desk, "zoe", "Zoe Zhao", unit="7") == "same"


def test_who_leads_a_department_comes_as_its_manager(desk):
    unit(desk, "7", "North", "1")
    sees(desk, "zoe", "Zoe Zhao", unit="7", leads=True)
    assert member(desk, "Zoe Zhao")[2] == "manager"


def test_somebody_without_a_name_is_asked_for_first(desk):
    assert sees(desk, "zoe") is None
    assert desk.count("select count(*) from member where org_id = :org") == len(build.PEOPLE)


@pytest.mark.parametrize(
    ("name", "email", "made"),
    [("Cyd 王", "", 0), ("Other Name", "CYD@acme.example", 0), ("Cyd", "", 1), ("Ann Li", "ann@acme.example", 1)],
)
def test_who_is_known_but_not_linked_is_linked_not_doubled(desk, name, email, made):
    gone = "delete from chat_identity where org_id = :org and workspace_id = :w and member_id = :m"
    args = {"org": desk.acme.org_id, "w": desk.acme.workspace["wecom"], "m": desk.acme.member["cyd"]}
    desk.does("ada", lambda uow, actor: uow.session.execute(text(gone), args))
    assert sees(desk, "someone-new", name, email=email) == "new"
    assert desk.count("select count(*) from member where org_id = :org") == len(build.PEOPLE) + made


def test_somebody_moves_when_the_address_book_changes_not_when_it_differs(desk):
    unit(desk, "7", "South", "1")
    assert sees(desk, user(desk, "ann"), "Ann Li", unit="1") == "same"
    assert sees(desk, user(desk, "ann"), "Ann Lin", unit="7") == "moved"
    assert member(desk, "Ann Lin") == (True, True, "rep", desk.acme.department["south"])


def test_a_renamed_account_is_the_same_person(desk):
    here = {"workspace_id": desk.acme.workspace["wecom"]}
    desk.does("ada", lambda uow, actor: address_book.rename(uow, **here, user=user(desk, "ann"), to="ann.li"))
    assert sees(desk, "ann.li", "Ann Li") == "same"
    assert desk.count("select count(*) from member where org_id = :org") == len(build.PEOPLE)


def test_who_leaves_is_signed_off_and_the_manager_told_once(desk):
    desk.make(owner="ann")
    for _ in range(2):
        leaves(desk, "ann")
    assert member(desk, "Ann Li")[:2] == (False, False)
    assert desk.owed("member.left") == [desk.acme.member["mia"]]
    left = desk.does("ada", lambda uow, actor: leaving.left_behind(uow, desk.acme.member["ann"]))
    assert (left.leads, left.own, left.tasks) == (1, 0, 0)


def test_who_comes_back_acts_again_and_old_news_bring_nobody_back(desk):
    leaves(desk, "ann")
    assert sees(desk, user(desk, "ann"), "Ann Li") == "same"
    assert not member(desk, "Ann Li")[0]
    desk.time.advance(minutes=1)
    assert sees(desk, user(desk, "ann"), "Ann Li") == "back"
    assert member(desk, "Ann Li")[:2] == (True, False)


def test_who_was_let_go_by_another_chat_is_not_brought_back_by_the_address_book(desk):
    sees(desk, user(desk, "ann"), "Ann Li", unit="1")
    here = {
        "workspace_id": desk.acme.workspace["slack"],
        "external_id": build.external("slack", "ann", desk.acme.org_id),
    }
    desk.does("ada", lambda uow, actor: leaving.sign_off(uow, **here))
    desk.time.advance(minutes=1)
    assert sees(desk, user(desk, "ann"), "Ann Li", unit="1") == "same"
    assert not member(desk, "Ann Li")[0]


def test_who_is_missing_was_there_before(desk):
    here = {"workspace_id": desk.acme.workspace["wecom"]}
    sees(desk, user(desk, "ann"), "Ann Li")
    gone = desk.does("ada", lambda uow, actor: address_book.missing(uow, **here, present=["bob"]))
    assert gone == [user(desk, "ann")]
    here["present"] = [user(desk, "ann").upper()]
    assert desk.does("ada", lambda uow, actor: address_book.missing(uow, **here)) == []


def test_departments_are_linked_made_renamed_moved_and_forgotten(desk):
    unit(desk, "1", "Acme Ltd", "0")
    unit(desk, "7", "north", "1")
    unit(desk, "8", "Web", "1")
    unit(desk, "9", "Chat", "8")
    unit(desk, "9", "Live chat", "1")
    unit(desk, "9", "", "")
    here = {"workspace_id": desk.acme.workspace["wecom"]}
    desk.does("ada", lambda uow, actor: address_book_units.drop(uow, **here, unit_id="8"))
    with desk.database.begin(desk.acme.org_id) as uow:
        found = text("select name, parent_id, cardinality(path) from department where org_id = :org order by id")
        tree = [tuple(row) for row in uow.session.execute(found, {"org": uow.org_id})]
        links = text("select external_id, department_id from chat_unit where org_id = :org order by external_id")
        linked = dict(uow.session.execute(links, {"org": uow.org_id}).all())
    company = desk.acme.department["company"]
    assert {row[0]: row[1:] for row in tree}["Live chat"] == (company, 2)
    assert {name for name, *_ in tree} == {"Company", "North", "South", "Web", "Live chat"}
    assert (linked["1"], linked["7"]) == (company, desk.acme.department["north"])
    assert "8" not in linked


def test_a_tree_may_come_in_any_order_even_with_a_circle_in_it():
    units = [Unit("3", "c", "2"), Unit("2", "b", "1"), Unit("1", "a", "0"), Unit("8", "x", "9"), Unit("9", "y", "8")]
    assert [each.id for each in address_book_units.in_order(units)] == ["1", "2", "3", "8", "9"]
