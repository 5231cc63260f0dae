"""Managed lists: many spellings are one value, two values become one with all leads, and everything comes back."""

import pytest
from sqlalchemy import text

from crm.errors import NotAllowed
from crm.errors_of_catalogue import EntryExists, EntryStays, EntryUnknown, StepNeeded
from crm.models import Source
from crm.rules.arrival import Arrival, check
from crm.services import catalogue, intake, list_edits, list_journal, members
from crm.services.list_edits import New
from tests import build

PRICE = New("Price", "价格", ("price too high", "太贵"))


@pytest.fixture
def acme(database):
    return build.company(database)


def value(uow, lead, column):
    found = text(f"select {column} from lead where org_id = :o and id = :l")
    return uow.session.scalar(found, {"o": uow.org_id, "l": lead})


def test_a_company_without_lists_takes_everything_as_it_is_written(database, acme):
    with database.begin(acme.org_id) as uow:
        assert catalogue.of(uow).is_plain
        checked = check(Arrival(name="Li", phone="13800000001", product="Gizmo 3", custom={"Size": "12"}))
        assert catalogue.fit(uow, checked) is checked


def test_leads_that_carry_a_value_in_other_words_carry_the_value_once_it_is_known(database, acme):
    with database.begin(acme.org_id) as uow:
        zh = build.lead(uow, acme, lost_reason="价格")
        en = build.lead(uow, acme, lost_reason="PRICE  too high")
        other = build.lead(uow, acme, lost_reason="no budget")
        done = list_edits.add(uow, actor=None, name="lost_reason", new=PRICE)
        assert [value(uow, lead, "lost_reason") for lead in (zh, en, other)] == ["Price", "Price", "no budget"]
        assert (done.leads, done.key) == (2, "Price")
        list_journal.take_back(uow, done.change)
        assert [value(uow, lead, "lost_reason") for lead in (zh, en)] == ["价格", "PRICE  too high"]
        assert catalogue.of(uow).is_plain


def test_two_values_become_one_with_all_leads_and_come_apart_again(database, acme):
    with database.begin(acme.org_id) as uow:
        for name in ("Gizmo", "Gadget"):
            list_edits.add(uow, actor=None, name="product", new=New(name))
        leads = [build.lead(uow, acme, product=name) for name in ("Gizmo", "Gadget", "Gadget")]
        done = list_edits.merge(uow, actor=None, name="product", words="gadget", into="gizmo")
        assert [value(uow, lead, "product") for lead in leads] == ["Gizmo"] * 3
        lists = catalogue.of(uow)
        assert lists.find("product", "GADGET").key == "Gizmo"
        assert [entry.key for entry in lists.offered("product")] == ["Gizmo"]
        list_journal.take_back(uow, done.change)
        assert [value(uow, lead, "product") for lead in leads] == ["Gizmo", "Gadget", "Gadget"]
        assert catalogue.of(uow).find("product", "gadget").key == "Gadget"


def test_a_lead_that_was_given_another_value_since_keeps_it_when_a_merge_is_taken_back(database, acme):
    with database.begin(acme.org_id) as uow:
        for name in ("Gizmo", "Gadget"):
            list_edits.add(uow, actor=None, name="product", new=New(name))
        lead = build.lead(uow, acme, product="Gadget")
        done = list_edits.merge(uow, actor=None, name="product", words="Gadget", into="Gizmo")
        uow.session.execute(text("update lead set product = 'Widget' where org_id = :o"), {"o": uow.org_id})
        list_journal.take_back(uow, done.change)
        assert value(uow, lead, "product") == "Widget"


def test_tags_are_merged_inside_a_leads_other_tags(database, acme):
    with database.begin(acme.org_id) as uow:
        list_edits.add(uow, actor=None, name="tags", new=New("VIP", "贵宾"))
        lead = build.lead(uow, acme, tags=["fair", "贵宾", "VIP"])
        list_edits.merge(uow, actor=None, name="tags", words="贵宾", into="VIP")
        assert value(uow, lead, "tags") == ["fair", "VIP"]


def test_a_retired_value_stays_on_its_leads_and_is_offered_no_more(database, acme):
    with database.begin(acme.org_id) as uow:
        list_edits.add(uow, actor=None, name="product", new=New("Gizmo"))
        lead = build.lead(uow, acme, product="Gizmo")
        list_edits.retire(uow, actor=None, name="product", words="gizmo")
        assert (value(uow, lead, "product"), catalogue.of(uow).offered("product")) == ("Gizmo", [])
        again = list_edits.add(uow, actor=None, name="product", new=New("Gizmo"))
        assert (again.key, len(catalogue.of(uow).offered("product"))) == ("Gizmo", 1)


def test_a_renamed_value_keeps_its_key_and_answers_to_its_former_name(database, acme):
    with database.begin(acme.org_id) as uow:
        list_edits.add(uow, actor=None, name="region", new=New("North"))
        list_edits.rename(uow, actor=None, name="region", words="north", new=New("Northern area", "北区"))
        found = catalogue.of(uow).find("region", "NORTH")
        assert (found.key, found.called("en"), found.called("zh")) == ("North", "Northern area", "北区")


def test_values_stand_in_the_order_that_was_given(database, acme):
    with database.begin(acme.org_id) as uow:
        for name in ("A", "B", "C"):
            list_edits.add(uow, actor=None, name="level", new=New(name))
        list_edits.order(uow, actor=None, name="level", words=["c", "a"])
        assert [entry.key for entry in catalogue.of(uow).offered("level")] == ["C", "A", "B"]


def test_an_arrival_gets_the_values_of_the_lists_and_what_they_do_not_know_is_named(database, acme):
    with database.begin(acme.org_id) as uow:
        list_edits.add(uow, actor=None, name="product", new=New("Gizmo", "小玩意", ("gizmo 3000",)))
        list_edits.add(uow, actor=None, name="region", new=New("North", "华北"))
        list_edits.standard(uow, actor=None, name="region", words="North")
        checked = check(Arrival(name="Li", phone="13800000001", product="Gizmo-3000"))
        fit = catalogue.fit(uow, checked)
        assert (fit.product, fit.region) == ("Gizmo", "North")
        other = check(Arrival(name="Li", phone="13800000001", product="Gadget"))
        assert [(one.field, one.given) for one in catalogue.unknown(uow, other)] == [("product", "Gadget")]
        assert catalogue.fit(uow, other).product == "Gadget"


def test_a_lead_that_comes_in_carries_the_values_of_the_lists(database, acme):
    with database.begin(acme.org_id) as uow:
        list_edits.add(uow, actor=None, name="product", new=New("Gizmo", "小玩意"))
        taken = intake.take_in(uow, source=None, arrival=Arrival(name="Li", phone="13800000001", product="小玩意"))
        assert value(uow, taken.lead_id, "product") == "Gizmo"


def test_stages_are_added_where_they_belong_renamed_and_never_lose_the_ends(database, acme):
    with database.begin(acme.org_id) as uow:
        with pytest.raises(StepNeeded):
            list_edits.add(uow, actor=None, name="stage", new=New("Demo"))
        list_edits.add(uow, actor=None, name="stage", new=New("Demo", "演示", step="qualified"))
        keys = [entry.key for entry in catalogue.of(uow).offered("stage")]
        assert keys == ["new", "contacted", "qualified", "demo", "quote", "won", "lost"]
        with pytest.raises(EntryStays):
            list_edits.retire(uow, actor=None, name="stage", words="lost")


def test_leads_of_a_merged_source_are_the_others(database, acme):
    with database.begin(acme.org_id) as uow:
        shop = build._add(
            uow, Source, key="shop", name="Shop", kind="keyed", secret=b"", enabled=True, accepted=0, rejected=0
        )
        lead = build.lead(uow, acme, source_id=shop)
        done = list_edits.merge(uow, actor=None, name="source", words="Shop", into="Website")
        assert value(uow, lead, "source_id") == acme.source_id
        assert [entry.key for entry in catalogue.of(uow).offered("source")] == ["web"]
        list_journal.take_back(uow, done.change)
        assert value(uow, lead, "source_id") == shop


def test_what_is_there_is_not_added_twice_and_what_is_not_there_is_said(database, acme):
    with database.begin(acme.org_id) as uow:
        list_edits.add(uow, actor=None, name="lost_reason", new=PRICE)
        with pytest.raises(EntryExists):
            list_edits.add(uow, actor=None, name="lost_reason", new=New("太贵"))
        with pytest.raises(EntryUnknown):
            list_edits.retire(uow, actor=None, name="lost_reason", words="weather")


@pytest.mark.parametrize("name", ["ann", "mia"])
def test_reps_and_managers_change_no_list(database, acme, name):
    with database.begin(acme.org_id) as uow, pytest.raises(NotAllowed):
        list_edits.add(uow, actor=members.get(uow, acme.member[name]), name="product", new=New("Gizmo"))
