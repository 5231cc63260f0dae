"""Who is talking: linked, else known by e-mail, else a code; a stranger stays one."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from bot import identity
from tests import build
from tests.bot.asking import ask, says, shown, told


def unlink(world, name):
    with world.database.begin(world.acme.org_id) as uow:
        gone = text("delete from chat_identity where org_id = :o and member_id = :m")
        uow.session.execute(gone, {"o": uow.org_id, "m": world.acme.member[name]})


def linked(world, name) -> int:
    counted = "select count(*) from chat_identity where org_id = :o and member_id = :m"
    return world.count(counted, o=world.acme.org_id, m=world.acme.member[name])


@pytest.mark.parametrize("email", ["ann@acme.example", "ANN@ACME.example"])
def test_an_e_mail_that_the_company_knows_links_at_once_and_for_good(world, email):
    unlink(world, "ann")
    assert "Yours" not in shown(ask(world, replace(says(world, "my"), profile={"email": email})))
    assert linked(world, "ann") == 1
    assert "do not know you" not in told(world, "my")


@pytest.mark.parametrize("profile", [{}, {"email": ""}, {"email": "ann@elsewhere.example"}, {"name": "Ann Li"}])
def test_nobody_is_linked_by_anything_less(world, profile):
    unlink(world, "ann")
    assert "do not know you" in shown(ask(world, replace(says(world, "my"), profile=profile)))
    assert linked(world, "ann") == 0


def test_slack_is_asked_for_the_e_mail_once(world):
    unlink(world, "ann")
    user = build.external("slack", "ann", world.acme.org_id)
    world.slack.user(user, email="ann@acme.example")
    asked = world.slack.count("users.info")
    for _ in range(2):
        ask(world, says(world, "my", platform="slack"))
    assert world.slack.count("users.info") == asked + 1
    assert linked(world, "ann") == 1


@pytest.mark.parametrize(("platform", "other"), [("wecom", "slack"), ("slack", "playground"), ("playground", "slack")])
def test_the_same_id_on_another_platform_is_somebody_else(world, platform, other):
    asked = says(world, "my", platform=platform)
    mixed = replace(asked, platform=other, workspace=says(world, "my", platform=other).workspace)
    known = [who(world, each) for each in (asked, mixed)]
    assert known == [world.acme.member["ann"], None]


def who(world, asked) -> int | None:
    """The member who said that."""
    with world.database.begin(world.acme.org_id) as uow:
        found = identity.member_of(uow, world.bot.workspaces.find(asked.platform, asked.workspace), asked, asked=True)
        return found and found.id


def test_a_code_links_a_stranger(world):
    unlink(world, "ann")
    code = told(world, "admin code @Ann", "ada").split("link ")[-1].split()[0].strip(".")
    answer = told(world, f"link {code}")
    assert "do not know you" not in answer
    assert linked(world, "ann") == 1


def a_code(world) -> str:
    answer = told(world, "admin code @Ann", "ada")
    return next(word for word in answer.replace(":", " ").split() if len(word) == 8 and word.isupper())


def test_a_code_works_once_and_for_two_days(world):
    unlink(world, "ann")
    code = a_code(world)
    told(world, f"link {code}")
    assert "wrong or too old" in told(world, f"link {code}", "somebody")
    late = a_code(world)
    world.time.advance(days=2)
    assert "wrong or too old" in told(world, f"link {late}", "somebody")


@pytest.mark.parametrize("words", ["link", "link ABCDEFGH", "link ' or true", "绑定 ABCDEFGH"])
def test_a_wrong_code_links_nobody(world, words):
    assert "Yours" not in told(world, words, "somebody")
    counted = "select count(*) from chat_identity where org_id = :o and external_id like 'somebody%'"
    assert world.count(counted, o=world.acme.org_id) == 0


def test_who_has_left_is_known_and_may_do_nothing(world):
    ref = world.lead()
    with world.database.begin(world.acme.org_id) as uow:
        left = text("update member set active = false where org_id = :o and id = :m")
        uow.session.execute(left, {"o": uow.org_id, "m": world.acme.member["ann"]})
    assert "do not know you" in told(world, f"claim {ref}")
    assert "do not know you" in told(world, "my")


def test_who_has_left_is_not_linked_anew_by_e_mail(world):
    unlink(world, "ann")
    with world.database.begin(world.acme.org_id) as uow:
        left = text("update member set active = false where org_id = :o and id = :m")
        uow.session.execute(left, {"o": uow.org_id, "m": world.acme.member["ann"]})
    ask(world, replace(says(world, "my"), profile={"email": "ann@acme.example"}))
    assert linked(world, "ann") == 0


def test_a_role_is_looked_up_at_every_word(world):
    with world.database.begin(world.acme.org_id) as uow:
        demoted = text("update member set role = 'rep' where org_id = :o and id = :m")
        uow.session.execute(demoted, {"o": uow.org_id, "m": world.acme.member["mia"]})
    assert "Only managers" in told(world, "transfer @Ann @Bob", "mia")


def test_a_stranger_is_answered_in_the_language_of_the_chat(world):
    answer = shown(ask(world, replace(says(world, "my", "somebody"), profile={"locale": "zh-CN"})))
    assert "绑定" in answer


@pytest.mark.parametrize("kind", ["home", "joined", "left"])
def test_what_happens_without_words_to_a_stranger_is_harmless(world, kind):
    answer = ask(world, says(world, "", "somebody", kind=kind))
    assert answer.card is None or "do not know you" in shown(answer)


def test_leaving_signs_off_and_joining_again_does_not_sign_on(world):
    ask(world, says(world, "", kind="left"))
    ask(world, says(world, "", kind="joined"))
    assert "do not know you" in told(world, "my")
