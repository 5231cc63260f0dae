"""Lists and fields in a file: a company's set-up, taken in twice without a change, and carried to another company."""

import pytest

from crm.errors_of_catalogue import ListsUnreadable
from crm.rules.catalogue_file import parse, written
from crm.services import catalogue, list_file
from ops import list_table
from tests import build

FILE = """
lists:
  products: [Gizmo, {name: Gadget, name_zh: 大玩意, aliases: [gadget 2], default: true}]
  lost_reasons: [{name: Price, name_zh: 价格, aliases: [太贵]}, {name: Timing, retired: true}]
  stages: [{name: Demo, name_zh: 演示, step: qualified}, {name: Quote, name_zh: 报价, aliases: [proposal]}]
fields:
- {name: Budget ceiling, type: amount, name_zh: 预算上限, required_at: Quote}
- {name: Rival, type: choices, sensitive: true, choices: [Zeta, {name: Omega, name_zh: 欧米}]}
"""


@pytest.fixture
def acme(database):
    return build.company(database)


def test_a_file_is_taken_in_once(database, acme):
    with database.begin(acme.org_id) as uow:
        first = list_file.load(uow, actor=None, file=parse(FILE))
        again = list_file.load(uow, actor=None, file=parse(FILE))
        lists = catalogue.of(uow)
        assert (first["added"], again["added"], again["changed"]) == (9, 0, 0)
        assert [entry.key for entry in lists.offered("product")] == ["Gizmo", "Gadget"]
        assert [entry.key for entry in lists.offered("lost_reason")] == ["Price"]
        assert (lists.standard("product").key, lists.find("stage", "proposal").key) == ("Gadget", "quote")
        field = lists.field("预算上限")
        assert (field.key, field.kind, field.required_stage) == ("budget_ceiling", "amount", "quote")


@pytest.mark.parametrize("how", ["yaml", "csv"])
def test_what_one_company_exports_another_takes_in(database, acme, tmp_path, how):
    other = build.company(database)
    with database.begin(acme.org_id) as uow:
        list_file.load(uow, actor=None, file=parse(FILE))
        exported = list_file.dump(uow)
    table = tmp_path / "lists.csv"
    table.write_text(list_table.written(exported), encoding="utf-8-sig")
    read = {"yaml": lambda: parse(written(exported)), "csv": lambda: list_table.read(table)}[how]()
    with database.begin(other.org_id) as uow:
        list_file.load(uow, actor=None, file=read)
        assert list_file.dump(uow) == exported
        assert list_file.load(uow, actor=None, file=read)["changed"] == 0


@pytest.mark.parametrize("wrong", ["lists: {colours: [red]}", "fields: [{type: text}]", "lists: [", "colours: red"])
def test_a_file_that_cannot_be_read_says_where(wrong):
    with pytest.raises(ListsUnreadable):
        parse(wrong)
