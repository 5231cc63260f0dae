"""Rows of a file in the words of the lists: columns called like a field, values by any name, and what nobody knows."""

import pytest
from sqlalchemy import text

from crm.rules.sheet_row import Reading, Reject, read
from crm.services import catalogue, field_edits, file_import, list_edits
from crm.services.field_edits import NewField
from crm.services.list_edits import New
from tests import build

HEADER = ("name", "phone", "product", "Budget ceiling", "预算备注")


@pytest.fixture
def desk(database):
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        list_edits.add(uow, actor=None, name="product", new=New("Gizmo", "小玩意"))
        field_edits.add(uow, actor=None, new=NewField("Budget ceiling", "amount", "预算上限"))
        yield uow, acme


def row(uow, *cells, strict=False):
    mapping = dict(enumerate(HEADER[:3]))
    return read(Reading(HEADER, mapping, "CN", "file", lists=catalogue.of(uow), strict=strict), 2, list(cells))


def test_a_column_called_like_a_field_is_that_field_and_a_value_has_one_spelling(desk):
    found = row(desk[0], "Li", "13800000001", "小玩意", "5万", "x")
    assert (found.checked.product, found.checked.custom, found.unknown) == (
        "Gizmo", {"budget_ceiling": 50000, "预算备注": "x"}, (),
    )  # fmt: skip


def test_what_no_list_knows_is_kept_and_named(desk):
    found = row(desk[0], "Li", "13800000001", "Gadget", "much", "")
    assert (found.checked.product, found.checked.custom) == ("Gadget", {"budget_ceiling": "much"})
    assert found.unknown == ("product: Gadget", "budget_ceiling: much")


def test_where_it_is_asked_for_such_a_row_is_rejected_by_its_fields(desk):
    found = row(desk[0], "Li", "13800000001", "Gadget", "much", "", strict=True)
    assert isinstance(found, Reject)
    assert sorted(found.wrong) == ["budget_ceiling", "product"]


def test_a_row_is_the_same_row_whatever_the_lists_say_by_then(desk):
    uow, _acme = desk
    before = row(uow, "Li", "13800000001", "Gadget", "", "")
    list_edits.add(uow, actor=None, name="product", new=New("Gadget 2", "", ("gadget",)))
    assert row(uow, "Li", "13800000001", "Gadget", "", "").key == before.key


def test_imported_leads_carry_the_values(desk):
    uow, acme = desk
    job = file_import.begin(uow, name="leads.csv", digest="d")
    file_import.take(uow, [row(uow, "Li", "13800000001", "小玩意", "5万", "")], job_id=job.id, source=None)
    lead = build.read(uow, uow.session.scalar(text("select max(id) from lead where org_id = :o"), {"o": acme.org_id}))
    assert (lead.product, lead.custom) == ("Gizmo", {"budget_ceiling": 50000})
