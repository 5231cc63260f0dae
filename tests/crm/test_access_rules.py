"""What the rules say about access: how far a role sees, which fields it does not see, who takes data out."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from bot.cards.facts import Facts
from crm.clock import DrivenClock
from crm.db import Database
from crm.errors import LeadNotFound, NotAllowed
from crm.rules.access import Actor, may_see, may_see_contact
from crm.rules.matrix import DEEDS, ROLES, Scope
from crm.services import follow_ups, funnel, leads
from crm.services.follow_ups import FollowUp
from crm.uow import UnitOfWork
from tests.desk import Desk

# The company, its two departments, their teams, and a team of a team.
COMPANY, SALES, SHOPS, EAST, WEST, CITY = range(1, 7)
PATHS = {
    "the company": [COMPANY], "sales": [COMPANY, SALES], "shops": [COMPANY, SHOPS], "east": [COMPANY, SALES, EAST],
    "west": [COMPANY, SALES, WEST], "city": [COMPANY, SALES, EAST, CITY],
}  # fmt: skip


def of_east(scope: Scope | None, role: str = "rep", **more: object) -> Actor:
    """Somebody of the eastern team."""
    return Actor(
        id=1, org_id=1, name="Ann", role=role, department_id=EAST, departments=(COMPANY, SALES, EAST),
        manages=frozenset({EAST} if role == "manager" else ()), active=True, on_duty=True, timezone=ZoneInfo("UTC"),
        locale="en", scope=scope, **more,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        (None, set()),
        ("own", set()),
        ("team", {"east"}),
        ("tree", {"east", "city"}),
        ("department", {"sales", "east", "west", "city"}),
        ("all", set(PATHS)),
    ],
)
def test_a_scope_reaches_as_far_as_it_says(scope: Scope | None, seen: set[str]) -> None:
    actor = of_east(scope)
    found = {
        name for name, path in PATHS.items()
        if may_see(actor, owner_id=9, owner_path=path, in_pool_scope=False, origin="company")
    }  # fmt: skip
    assert found == seen


def test_to_see_further_is_not_to_see_contacts() -> None:
    actor, boss = of_east("all"), of_east("all", "manager")
    clear = [may_see_contact(each, owner_id=9, owner_path=PATHS[name]) for each in (actor, boss) for name in PATHS]
    assert clear == [*[False] * len(PATHS), *(EAST in path for path in PATHS.values())]


def test_who_sees_less_far_than_the_own_teams_sees_no_contacts_beyond() -> None:
    boss = of_east("own", "manager")
    assert may_see_contact(boss, owner_id=9, owner_path=PATHS["east"]) is False
    assert may_see_contact(boss, owner_id=1, owner_path=PATHS["east"]) is True


def test_who_has_left_may_nothing_and_sees_nothing() -> None:
    gone = Actor(
        id=1, org_id=1, name="Ann", role="admin", department_id=EAST, departments=(COMPANY,), manages=frozenset({EAST}),
        active=False, on_duty=False, timezone=ZoneInfo("UTC"), locale="en",
    )  # fmt: skip
    assert [deed for deed in DEEDS if gone.may(deed)] == []
    assert not may_see(gone, owner_id=1, owner_path=[EAST], in_pool_scope=True, origin="company")
    assert not may_see_contact(gone, owner_id=1, owner_path=[EAST])


@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_is_refused_with_who_may(deed: str) -> None:
    may = {role: of_east(None, role).may(deed) for role in ROLES}
    assert may == {role: DEEDS[deed].of(role) != "none" for role in ROLES}
    assert may["admin"]


def test_a_deed_that_the_role_lacks_names_who_has_it() -> None:
    with pytest.raises(NotAllowed) as refused:
        of_east(None).need("rules")
    assert refused.value.data == {"roles": "managers"}


def test_the_rules_give_the_right_to_take_out_and_take_it() -> None:
    assert of_east(None, over=(("export", True),)).may("export")
    assert not of_east(None, "manager", over=(("export", False),)).may("export")


@pytest.fixture
def desk(database: Database, time: DrivenClock) -> Desk:
    return Desk(
        database, time,
        """
        access:
          scope: {rep: team, manager: own, marketing: own}
          hide: {rep: [amount, notes], manager: [contact]}
          export: {roles: [rep]}
        """,
    )  # fmt: skip


def test_a_colleague_sees_the_lead_of_the_team_masked_and_without_the_amount(desk: Desk) -> None:
    lead = desk.make(owner="ann", amount=500, phone="+8613812345678")
    seen = desk.does("bob", lambda uow, actor: leads.access_id(uow, actor=actor, lead_id=lead))
    own = desk.does("ann", lambda uow, actor: leads.access_id(uow, actor=actor, lead_id=lead))
    assert (seen.masked, seen.amount, seen.contacts) == (True, None, (("phone", "+86138****5678"),))
    assert (own.masked, own.amount, own.contacts) == (False, 500, (("phone", "+8613812345678"),))


@pytest.mark.parametrize("words", ["Lu Wei", "Lucky", "5678"])
def test_search_finds_as_far_as_the_role_sees(desk: Desk, words: str) -> None:
    lead = desk.make(owner="ann", phone="+8613812345678")
    found = {
        who: [one.id for one in desk.does(who, lambda uow, actor: leads.find(uow, actor=actor, words=words))]
        for who in ("bob", "cyd", "mia", "ada")
    }
    assert found == {"bob": [lead], "cyd": [], "mia": [], "ada": [lead]}


def test_a_manager_who_sees_the_own_alone_does_not_find_the_teams(desk: Desk) -> None:
    lead = desk.make(owner="ann")
    with pytest.raises(LeadNotFound):
        desk.does("mia", lambda uow, actor: leads.access_id(uow, actor=actor, lead_id=lead))
    scopes = desk.does("mia", lambda uow, actor: funnel.scope_of(actor))
    assert (scopes.member_id, scopes.department_id) == (desk.acme.member["mia"], None)


def test_the_words_of_follow_ups_are_kept_from_the_role_that_does_not_see_notes(desk: Desk) -> None:
    lead = desk.make(owner="ann")
    desk.does(
        "ann", lambda uow, actor, lead: follow_ups.log(uow, actor=actor, lead=lead, said=FollowUp("a secret")), lead
    )

    def read(uow: UnitOfWork, actor: Actor) -> list[str | None]:
        return [entry["words"] for entry in Facts(uow, actor).timeline(lead) if entry["verb"] == "logged"]

    assert {who: desk.does(who, read) for who in ("ann", "bob", "ada")} == {
        "ann": ["a secret"], "bob": [None], "ada": ["a secret"]
    }  # fmt: skip


def test_the_right_to_take_out_is_the_rules(desk: Desk) -> None:
    assert {who: desk.person(who).may("export") for who in ("ann", "mia", "ada")} == {
        "ann": True, "mia": False, "ada": False
    }  # fmt: skip
