"""Chinese customers are found as their names sound, by whoever types Latin letters, within what one may see."""

import pytest
from sqlalchemy import text

from crm.rules.arrival import Arrival
from crm.services import intake, leads, members, sounding
from tests import build


@pytest.fixture
def acme(database):
    return build.company(database)


@pytest.fixture
def desk(database, acme):
    with database.begin(acme.org_id) as uow:
        for name, owner in (("王芳", "ann"), ("曾小明", "ann"), ("王方", "cyd"), ("Grace Wu", "ann")):
            build.lead(uow, acme, owner=owner, name=name, firm="")
        sounding.catch_up(uow)
        yield uow, acme


def found(desk, who, words):
    uow, acme = desk
    return sorted(lead.name for lead in leads.find(uow, actor=members.get(uow, acme.member[who]), words=words))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("wf", ["王芳"]),
        ("WangFang", ["王芳"]),
        ("wang fang", ["王芳"]),
        ("zengxiaoming", ["曾小明"]),
        ("zxm", ["曾小明"]),
        ("王芳", ["王芳"]),
        ("grace", ["Grace Wu"]),
        ("fangwang", []),
    ],
)
def test_a_name_is_found_as_it_sounds_within_what_one_may_see(desk, words, names):
    assert found(desk, "ann", words) == names


def test_an_admin_finds_all_who_sound_like_that(desk):
    assert found(desk, "ada", "wf") == ["王方", "王芳"]


def test_a_name_that_was_changed_is_listened_to_again(desk):
    uow, acme = desk
    uow.session.execute(text("update person set name = '李静' where org_id = :o and name = '王芳'"), {"o": acme.org_id})
    assert (found(desk, "ann", "wf"), sounding.catch_up(uow), found(desk, "ann", "lj")) == ([], 1, ["李静"])


def test_who_comes_in_can_be_found_at_once(desk):
    uow, _acme = desk
    intake.take_in(uow, source=None, arrival=Arrival(name="周婷", phone="13800000001"))
    assert (found(desk, "ada", "zhouting"), sounding.catch_up(uow)) == (["周婷"], 0)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("腾云", ["王芳"]),
        ("上海", ["王芳"]),
        ("王芳", ["王芳"]),
        ("恒通", ["李静"]),
        ("云科", ["王芳"]),
        ("小明", ["曾小明"]),
        ("明", ["曾小明"]),
        ("曾", ["曾小明"]),
        ("芳华", []),
        ("lg", ["Jo Ray"]),
        ("jo", ["Jo Ray"]),
        ("ay", []),
    ],
)
def test_one_or_two_characters_find_names_and_companies(database, acme, words, names):
    with database.begin(acme.org_id) as uow:
        for name, firm in (
            ("王芳", "上海腾云科技有限公司"),
            ("李静", "恒通集团"),
            ("Jo Ray", "LG Electronics"),
            ("曾小明", ""),
        ):
            build.lead(uow, acme, name=name, firm=firm)
        sounding.catch_up(uow)
        assert found((uow, acme), "ann", words) == names
