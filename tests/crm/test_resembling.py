"""Who was meant by a name that nobody has just so is offered: by sound, or with a letter wrong, within one's scope."""

import pytest

from crm.services import leads, members, resembling, sounding
from tests import build


@pytest.fixture
def desk(database):
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        for name, owner in (("李美琳", "ann"), ("王伟", "ann"), ("John Smith", "ann"), ("Michael Brown", "cyd")):
            build.lead(uow, acme, owner=owner, name=name, firm="")
        sounding.catch_up(uow)
        yield uow, acme


def found(desk, who, words):
    uow, acme = desk
    actor = members.get(uow, acme.member[who])
    assert leads.find(uow, actor=actor, words=words) == []
    return [lead.name for lead in resembling.find(uow, actor=actor, words=words)]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("meilin", ["李美琳"]),
        ("meilni", ["李美琳"]),
        ("美林", ["李美琳"]),
        ("黎美林", ["李美琳"]),
        ("汪维", ["王伟"]),
        ("Jonh", ["John Smith"]),
        ("jon smith", ["John Smith"]),
        ("Micheal", []),
        ("Quentin", []),
    ],
)
def test_who_was_meant_is_offered_within_what_one_may_see(desk, words, names):
    assert found(desk, "ann", words) == names


def test_an_admin_is_offered_everybody(desk):
    assert found(desk, "ada", "Micheal") == ["Michael Brown"]
