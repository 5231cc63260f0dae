"""After a backup is restored, whoever was erased since is erased again; nobody else is."""

import pytest
from sqlalchemy import text

from crm.services import erasing, reerasing, suppressing
from tests import build

PHONE = "+8613800001111"


@pytest.fixture
def acme(database, time):
    return build.company(database)


def people(uow):
    return uow.session.scalars(text("select name from person order by name")).all()


def erased(database, acme, **facts):
    """Erase somebody, and give back what a backup from before brings back: the person, and none of the records."""
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme, name="Lu Wei", **facts)
        build.lead(uow, acme, name="Zoe", phone="+8613900002222")
        person = build.read(uow, lead).person_id
        before = uow.session.execute(text("select name, company from person where id = :p"), {"p": person}).one()
        erasing.erase(uow, person, by=None, basis="request")
        told = reerasing.listing(uow)
    with database.begin(acme.org_id) as uow:
        args = {"o": acme.org_id, "p": person, "name": before.name, "v": facts.get("phone")}
        uow.session.execute(text("update person set name = :name, erased_at = null where id = :p"), args)
        back = "insert into person_key (org_id, person_id, kind, value) select :o, :p, 'phone', cast(:v as text)"
        uow.session.execute(text(f"{back} where cast(:v as text) is not null"), args)
        for table in ("suppression", "sealed_key"):
            uow.session.execute(text(f"delete from {table}"))
    return told


@pytest.mark.parametrize("facts", [{"phone": PHONE}, {}], ids=["by key", "without a key"])
def test_whoever_is_there_again_is_erased_again(database, acme, facts):
    told = erased(database, acme, **facts)
    with database.begin(acme.org_id) as uow:
        assert people(uow) == ["Lu Wei", "Zoe"]
        assert reerasing.apply(uow, told) == 1
        assert people(uow) == ["", "Zoe"]
        assert reerasing.apply(uow, told) == 0
        assert bool(suppressing.among(uow, [("phone", PHONE)])) == bool(facts)


def test_somebody_with_the_same_number_is_found_by_the_key_and_not_by_it(database, acme, time):
    told = erased(database, acme, phone=PHONE)
    time.advance(seconds=1)
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text("update person set created_at = :now where name = 'Lu Wei'"), {"now": uow.now})
        uow.session.execute(text("delete from person_key where value = :v"), {"v": PHONE})
        assert reerasing.apply(uow, told) == 0
        assert people(uow) == ["Lu Wei", "Zoe"]


def test_the_list_names_nobody_and_is_not_taken_when_it_was_changed(database, acme):
    told = erased(database, acme, phone=PHONE)
    assert [mark for mark in ("Lu Wei", PHONE, PHONE[3:]) if mark in str(told)] == []
    with database.begin(acme.org_id) as uow:
        with pytest.raises(ValueError, match="was changed"):
            reerasing.apply(uow, told | {"erased": []})
        with pytest.raises(ValueError, match="not a list of this organization"):
            reerasing.apply(uow, told | {"organization": 0})
