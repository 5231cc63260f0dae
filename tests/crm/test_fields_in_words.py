"""What a member says about a lead's fields in one line, with or without commas, the customer's name among them."""

import pytest
from sqlalchemy import text

from crm.rules.catalogue import Catalogue, Entry, Field
from crm.rules.catalogue_words import pairs
from crm.services import lead_values, leads, members, undo
from tests import build

LISTS = Catalogue(
    {"product": [Entry(1, "product", "Gizmo", "Gizmo", "小玩意"), Entry(2, "product", "Top Level", "Top Level", "")]},
    [Field(1, "remark", "Remark", "备注", "text"), Field(2, "budget", "Budget", "预算", "amount")],
)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("company Acme level A", {"company": "Acme", "level": "A"}),
        ("公司 好茶 等级 A", {"company": "好茶", "level": "A"}),
        ("product Gizmo region East amount 50k", {"product": "Gizmo", "region": "East", "amount": "50k"}),
        ("budget 5k, level B", {"custom.budget": "5k", "level": "B"}),
        # Whole values stay whole, and texts as they are written.
        ("product Top Level", {"product": "Top Level"}),
        ("remark check the level before Friday", {"custom.remark": "check the level before Friday"}),
        ("tags vip, dealer", {"tags": "vip, dealer"}),
        ("company Level", {"company": "Level"}),
    ],
)
def test_fields_are_parted_where_it_is_not_ambiguous(said, found):
    assert pairs(LISTS, said) == found


def test_a_customers_name_and_company_are_corrected_told_and_taken_back(database):
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        ann = members.get(uow, acme.member["ann"])
        lead = leads.access_id(uow, actor=ann, lead_id=build.lead(uow, acme, owner="ann", name="Jonh", firm="Acme"))
        lead_values.edit(uow, actor=ann, lead=lead, given={"name": "John Smith", "title": "CEO", "level": "A"})
        seen = leads.access_id(uow, actor=ann, lead_id=lead.id)
        assert (seen.name, seen.company, seen.title, seen.level) == ("John Smith", "Acme", "CEO", "A")
        told = "select count(*) from happening where org_id = :o and topic = 'person.changed'"
        assert uow.session.scalar(text(told), {"o": acme.org_id}) == 1
        undo.undo(uow, actor=ann)
        seen = leads.access_id(uow, actor=ann, lead_id=lead.id)
        assert (seen.name, seen.title, seen.level) == ("Jonh", "", None)
