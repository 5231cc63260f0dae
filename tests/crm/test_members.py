"""Members: found by what people write, linked by codes, signed off at once, and their managers."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm.errors import CodeInvalid, MemberAmbiguous, MemberNotFound, NotAllowed
from crm.models import Member
from crm.services import members
from tests import build
from tests.desk import Desk


@pytest.fixture
def desk(database, time):
    return Desk(database, time)


@pytest.fixture
def uow(desk):
    with desk.database.begin(desk.acme.org_id) as opened:
        yield opened


def person(desk, uow, name):
    return members.get(uow, desk.acme.member[name])


def newcomer(uow, name, **more):
    """Somebody new; returns the id."""
    made = Member(
        org_id=uow.org_id, name=name, role="rep", active=True, on_duty=True, tags=[], preferences={},
        joined_at=uow.now, **more,
    )  # fmt: skip
    uow.session.add(made)
    uow.session.flush()
    return made.id


@pytest.mark.parametrize("words", ["Ann Li", "@Ann Li", "ann", "@ann", " ANN ", "ann@acme.example"])
def test_a_colleague_is_found_by_what_people_write(desk, uow, words):
    assert members.find(uow, words).id == desk.acme.member["ann"]


@pytest.mark.parametrize("platform", build.PLATFORMS)
def test_a_mention_is_found_by_the_chats_own_id(desk, uow, platform):
    mention = "@" + build.external(platform, "bob", uow.org_id)
    assert members.find(uow, mention).id == desk.acme.member["bob"]


@pytest.mark.parametrize("words", ["Zoe", "", "@", "%", "_", "\\", "@" * 500, "An%"])
def test_nobody_is_found_by_anything_else(uow, words):
    with pytest.raises(MemberNotFound):
        members.find(uow, words)


def test_two_who_are_called_alike_are_asked_about(desk, uow):
    newcomer(uow, "Ann Lin")
    with pytest.raises(MemberAmbiguous) as refusal:
        members.find(uow, "Ann")
    assert refusal.value.data["names"] == "Ann Li, Ann Lin"
    assert members.find(uow, "Ann Li").id == desk.acme.member["ann"]


def test_a_full_name_is_found_among_any_number_of_longer_ones(desk, uow):
    for number in range(12):
        newcomer(uow, f"Ann Li {number:02}")
    assert members.find(uow, "Ann Li").id == desk.acme.member["ann"]


def test_who_has_left_is_found_only_where_nobody_else_is_meant(desk, uow):
    gone = newcomer(uow, "Bob Brown")
    uow.session.execute(text("update member set active = false where id = :id"), {"id": gone})
    assert members.find(uow, "Bob").id == desk.acme.member["bob"]
    assert members.find(uow, "Bob Brown").id == gone


def test_a_code_links_once_whatever_case_it_is_typed_in(desk, uow):
    code = members.make_code(uow, person(desk, uow, "ada"), person(desk, uow, "ann"))
    uow.flush()
    linked = members.redeem(uow, f" {code.lower()} ", desk.acme.workspace["slack"], "U777")
    assert linked.id == desk.acme.member["ann"]
    assert members.by_identity(uow, desk.acme.workspace["slack"], "U777") == linked
    with pytest.raises(CodeInvalid):
        members.redeem(uow, code, desk.acme.workspace["slack"], "U778")


def test_a_code_is_not_stored_and_lasts_two_days(desk):
    code = desk.does("ada", lambda uow, actor: members.make_code(uow, actor, person(desk, uow, "ann")))
    assert desk.count("select count(*) from link_code where code_hash = :code", code=code) == 0
    desk.time.advance(days=2)
    with pytest.raises(CodeInvalid):
        desk.does("ada", lambda uow, actor: members.redeem(uow, code, desk.acme.workspace["slack"], "U1"))


@pytest.mark.parametrize("who", ["mia", "ann"])
def test_only_an_admin_makes_codes_and_admins(desk, uow, who):
    actor, ada = person(desk, uow, who), person(desk, uow, "ada")
    with pytest.raises(NotAllowed):
        members.make_code(uow, actor, ada)
    with pytest.raises(NotAllowed):
        members.make_admin(uow, actor, actor)


def test_an_admin_makes_an_admin(desk, uow):
    members.make_admin(uow, person(desk, uow, "ada"), person(desk, uow, "bob"))
    assert person(desk, uow, "bob").is_admin


def test_where_there_is_an_admin_nobody_becomes_the_first(desk, uow):
    here = {"workspace_id": desk.acme.workspace["slack"], "external_id": "U9"}
    assert members.first_admin(uow, **here, member=person(desk, uow, "bob"), name="Bob") is None
    assert members.first_admin(uow, **here, member=None, name="Stranger") is None


def test_who_has_left_does_not_become_the_first_admin(desk, uow):
    uow.session.execute(text("update member set active = false where role in ('admin', 'rep')"))
    here = {"workspace_id": desk.acme.workspace["slack"], "external_id": "U9"}
    assert members.first_admin(uow, **here, member=person(desk, uow, "bob"), name="Bob") is None
    assert person(desk, uow, "bob").role == "rep"


def test_who_leaves_the_chat_is_signed_off_at_once(desk, uow):
    members.sign_off(uow, desk.acme.workspace["wecom"], build.external("wecom", "ann", uow.org_id))
    ann = person(desk, uow, "ann")
    assert (ann.active, ann.on_duty) == (False, False)
    assert members.by_email(uow, "ann@acme.example") is None


def test_an_identity_belongs_to_one_member(desk, uow):
    slack = desk.acme.workspace["slack"]
    members.tie(uow, desk.acme.member["bob"], slack, build.external("slack", "ann", uow.org_id))
    assert members.by_identity(uow, slack, build.external("slack", "ann", uow.org_id)).name == "Bob Chen"


def test_seeing_somebody_is_noted_once_an_hour(desk):
    slack, user = desk.acme.workspace["slack"], build.external("slack", "ann", desk.acme.org_id)
    seen = "select seen_at from chat_identity where org_id = :org and workspace_id = :w and external_id = :u"
    desk.does("ann", lambda uow, actor: members.by_identity(uow, slack, user))
    first = desk.count(seen, w=slack, u=user)
    desk.time.advance(minutes=30)
    desk.does("ann", lambda uow, actor: members.by_identity(uow, slack, user))
    assert desk.count(seen, w=slack, u=user) == first == build.NOW
    desk.time.advance(minutes=31)
    desk.does("ann", lambda uow, actor: members.by_identity(uow, slack, user))
    assert desk.count(seen, w=slack, u=user) == build.NOW + timedelta(minutes=61)


@pytest.mark.parametrize(("who", "manager"), [("ann", "mia"), ("cyd", "max"), ("mia", "ada"), ("ada", None)])
def test_the_nearest_manager_is_copied_else_the_admins(desk, uow, who, manager):
    expected = [desk.acme.member[manager]] if manager else []
    assert members.managers_of(uow, desk.acme.member[who]) == expected


def test_language_and_duty_are_the_members_own(desk):
    desk.does("ann", lambda uow, actor: members.set_locale(uow, actor, "zh"))
    desk.does("ann", lambda uow, actor: members.set_duty(uow, actor, on=False))
    assert (desk.person("ann").locale, desk.person("ann").on_duty) == ("zh", False)
    assert (desk.person("bob").locale, desk.person("bob").on_duty) == ("en", True)


def test_who_sends_a_delivery_is_read_with_it_and_nobody_else_is_taken_for_them(desk):
    slack = desk.acme.workspace["slack"]
    told = text("select external_id from chat_identity where org_id = :org and workspace_id = :w and member_id = :m")
    with desk.database.begin(desk.acme.org_id) as uow:
        ann, bob = (
            uow.session.scalar(told, {"org": desk.acme.org_id, "w": slack, "m": desk.acme.member[name]})
            for name in ("ann", "bob")
        )
    with desk.database.begin(desk.acme.org_id, delivery="d1", along=members.who(slack, ann)) as uow:
        assert uow.came_along(members.who(slack, bob)) is None
    with desk.database.begin(desk.acme.org_id, delivery="d2", along=members.who(slack, ann)) as uow:
        assert uow.came_along(members.who(slack, ann)).id == desk.acme.member["ann"]
        assert uow.came_along(members.who(slack, ann)) is None
    with desk.database.begin(desk.acme.org_id, delivery="d3", along=members.who(slack, "nobody")) as uow:
        assert (members.by_identity(uow, slack, "nobody"), uow.is_first) == (None, True)
    with desk.database.begin(desk.acme.org_id + 1_000_000, delivery="d4", along=members.who(slack, ann)) as uow:
        assert members.by_identity(uow, slack, ann) is None
