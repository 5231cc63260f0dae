"""A company's own fields: typed, in many words, needed at a stage, taken over from what senders have put on leads."""

import pytest
from sqlalchemy import text

from crm.errors_of_catalogue import FieldsNeeded, FieldUnknown, FieldWrong, ValueMeant, ValueUnknown
from crm.rules.catalogue_words import mentioned, pairs
from crm.services import (
    catalogue,
    erasing,
    field_edits,
    follow_ups,
    lead_values,
    leads,
    list_edits,
    list_journal,
    members,
    pipeline,
    undo,
)
from crm.services.field_edits import NewField
from crm.services.follow_ups import FollowUp
from crm.services.list_edits import New
from tests import build


@pytest.fixture
def acme(database):
    return build.company(database)


@pytest.fixture
def desk(database, acme):
    with database.begin(acme.org_id) as uow:
        yield Desk(uow, acme)


class Desk:
    """Ann, her lead, and a company with a few fields."""

    def __init__(self, uow, acme):
        self.uow, self.acme = uow, acme
        self.ann = members.get(uow, acme.member["ann"])
        self.lead_id = build.lead(uow, acme, owner="ann")
        for name, kind, zh in (
            ("Seats", "number", "席位"),
            ("Decision date", "date", "决策日期"),
            ("Trial", "yes/no", "试用"),
        ):
            field_edits.add(uow, actor=None, new=NewField(name, kind, zh))
        field_edits.add(uow, actor=None, new=NewField("Competitor", "choices", "竞品"))
        for name, zh in (("Zeta", "泽塔"), ("Omega", "欧米")):
            list_edits.add(uow, actor=None, name="custom.competitor", new=New(name, zh))

    @property
    def lead(self):
        return leads.access_id(self.uow, actor=self.ann, lead_id=self.lead_id)

    def set(self, words):
        given = pairs(catalogue.of(self.uow), words)
        return lead_values.edit(self.uow, actor=self.ann, lead=self.lead, given=given)

    def known(self):
        return lead_values.of(self.uow, self.lead_id)


@pytest.mark.parametrize(
    ("words", "known"),
    [
        ("seats 40", {"seats": 40}),
        ("席位40", {"seats": 40}),
        ("Seats = 2.5k", {"seats": 2500}),
        ("decision date 2027-03-01, trial yes", {"decision_date": "2027-03-01", "trial": True}),
        ("决策日期 2027年3月1日，试用 否", {"decision_date": "2027-03-01", "trial": False}),
        ("competitor zeta, omega, seats 3", {"competitor": ["Zeta", "Omega"], "seats": 3}),
        ("竞品泽塔、欧米", {"competitor": ["Zeta", "Omega"]}),
    ],
)
def test_values_are_read_as_what_the_field_takes(desk, words, known):
    desk.set(words)
    assert desk.known() == known


def test_a_value_is_emptied_by_a_word(desk):
    desk.set("seats 40")
    desk.set("seats none")
    assert desk.known() == {}


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ("seats many", FieldWrong),
        ("decision date soon", FieldWrong),
        ("competitor zetta", ValueMeant),
        ("competitor 123456", ValueUnknown),
        ("colour red", FieldUnknown),
    ],
)
def test_what_a_field_does_not_take_is_refused_with_what_it_takes(desk, words, refusal):
    with pytest.raises(refusal):
        desk.set(words)


def test_an_edit_is_undone_with_all_its_values(desk):
    desk.set("seats 40, product Gizmo")
    desk.set("seats 41, product Gadget, amount 50k")
    undo.undo(desk.uow, actor=desk.ann)
    assert (desk.known(), desk.lead.product, desk.lead.amount) == ({"seats": 40}, "Gizmo", None)


def test_a_stage_waits_for_the_fields_it_needs(desk):
    field_edits.change(desk.uow, actor=None, words="Seats", required="Quote")
    quote = pipeline.find_stage(desk.uow, desk.lead_id, "quote")
    with pytest.raises(FieldsNeeded):
        pipeline.move(desk.uow, actor=desk.ann, lead=desk.lead, stage=quote)
    with pytest.raises(FieldsNeeded):
        pipeline.won(desk.uow, actor=desk.ann, lead=desk.lead)
    desk.set("seats 4")
    pipeline.move(desk.uow, actor=desk.ann, lead=desk.lead, stage=quote)
    assert desk.lead.stage == "quote"


def test_what_senders_have_put_on_leads_becomes_the_fields_value(desk):
    sent = build.lead(desk.uow, desk.acme, custom={"Budget Range": "5万", "other": "x"})
    done = field_edits.add(desk.uow, actor=None, new=NewField("Budget range", "amount", "预算范围"))
    assert lead_values.of(desk.uow, sent) == {"budget_range": 50000, "other": "x"}
    list_journal.take_back(desk.uow, done.change)
    assert lead_values.of(desk.uow, sent) == {"Budget Range": "5万", "other": "x"}


def test_choices_that_are_merged_are_merged_on_the_leads(desk):
    desk.set("competitor zeta, omega")
    list_edits.merge(desk.uow, actor=None, name="custom.competitor", words="Omega", into="Zeta")
    assert desk.known() == {"competitor": ["Zeta"]}


def test_a_reason_for_losing_is_one_of_the_list_whatever_else_the_sentence_says(desk):
    list_edits.add(desk.uow, actor=None, name="lost_reason", new=New("Price", "价格", ("太贵",)))
    with pytest.raises(ValueUnknown):
        pipeline.lost(desk.uow, actor=desk.ann, lead=desk.lead, reason="xyz")
    pipeline.lost(desk.uow, actor=desk.ann, lead=desk.lead, reason="太贵，选了别家")
    words = desk.uow.session.scalar(
        text("select words from activity where org_id = :o and lead_id = :l and verb = 'lost'"),
        {"o": desk.uow.org_id, "l": desk.lead_id},
    )
    assert (desk.lead.lost_reason, words) == ("Price", "太贵，选了别家")


@pytest.mark.parametrize(
    ("words", "product"),
    [
        ("called, wants the Gizmo 3000, call back tomorrow", "Gizmo"),
        ("打了电话，想要小玩意", "Gizmo"),
        ("gizmos are nice", None),
        ("compares the gizmo with the gadget", None),
    ],
)
def test_a_sentence_that_names_one_product_fills_it_where_none_is_known(desk, words, product):
    list_edits.add(desk.uow, actor=None, name="product", new=New("Gizmo", "小玩意", ("gizmo 3000",)))
    list_edits.add(desk.uow, actor=None, name="product", new=New("Gadget"))
    named = mentioned(catalogue.of(desk.uow), words)
    follow_ups.log(desk.uow, actor=desk.ann, lead=desk.lead, said=FollowUp(words, named=named))
    assert desk.lead.product == product
    undo.undo(desk.uow, actor=desk.ann)
    assert desk.lead.product is None


def test_a_product_that_is_known_is_not_replaced_by_a_sentence(desk):
    list_edits.add(desk.uow, actor=None, name="product", new=New("Gizmo"))
    desk.set("product gizmo")
    follow_ups.log(desk.uow, actor=desk.ann, lead=desk.lead, said=FollowUp("x", named={"product": "Gadget"}))
    assert desk.lead.product == "Gizmo"


def test_what_a_lead_carried_before_a_change_goes_when_its_customer_is_erased(desk):
    sent = build.lead(desk.uow, desk.acme, custom={"Passport": "E123"}, phone="+8613900009999")
    field_edits.add(desk.uow, actor=None, new=NewField("Passport", "text", sensitive=True))
    person = desk.uow.session.scalar(text("select person_id from lead where id = :l"), {"l": sent})
    erasing.erase(desk.uow, person, by=None, basis="request")
    told = text("select string_agg(cast(moved as text), '') from list_change where org_id = :o")
    assert "E123" not in desk.uow.session.scalar(told, {"o": desk.uow.org_id})
