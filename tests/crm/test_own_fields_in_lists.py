"""A company's own fields and values in the words by which reps narrow their leads down, and in exports."""

import pytest

from bot.understanding.filters import read_filters
from crm.errors_of_catalogue import FieldWrong, ValueMeant
from crm.services import agenda, catalogue, exporting, field_edits, list_edits, members, saved_lists
from crm.services.field_edits import NewField
from crm.services.list_edits import New
from tests import build


@pytest.fixture
def desk(database):
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        field_edits.add(uow, actor=None, new=NewField("Seats", "number", "席位"))
        field_edits.add(uow, actor=None, new=NewField("Rival", "choices", "竞品", choices=(New("Zeta", "泽塔"),)))
        list_edits.add(uow, actor=None, name="product", new=New("Gizmo", "小玩意", ("gizmo 3000",)))
        for number, columns in enumerate(({"custom": {"seats": 40, "rival": ["Zeta"]}}, {"custom": {"seats": 3}},
                                          {"product": "Gizmo"})):  # fmt: skip
            build.lead(uow, acme, owner="ann", name=f"Customer {number}", **columns)
        yield uow, members.get(uow, acme.member["ann"])


def found(desk, words):
    uow, ann = desk
    own = {name: one.key for one in catalogue.of(uow).open_fields for name in one.words}
    wanted = saved_lists.understood(uow, actor=ann, said=read_filters(words, own))
    return sorted(lead.name[-1] for lead in agenda.mine(uow, actor=ann, wanted=wanted, most=9).each)


@pytest.mark.parametrize(
    ("words", "who"),
    [
        ("field seats over 5", ["0"]),
        ("seats at least 3", ["0", "1"]),
        ("席位 不超过 3", ["1"]),
        ("seats 3, product gizmo-3000", []),
        ("product 小玩意", ["2"]),
        ("rival zeta", ["0"]),
        ("字段 竞品 泽塔", ["0"]),
        ("seats not 40", ["1", "2"]),
        ("seats", ["0", "1"]),
    ],
)
def test_leads_are_narrowed_down_by_own_fields_and_values(desk, words, who):
    assert found(desk, words) == who


@pytest.mark.parametrize(("words", "refusal"), [("seats over many", FieldWrong), ("rival zetta", ValueMeant)])
def test_what_the_field_does_not_take_is_refused(desk, words, refusal):
    with pytest.raises(refusal):
        found(desk, words)


def test_an_export_has_a_column_for_each_field(desk):
    uow, _ann = desk
    table = [dict(zip(exporting.header(uow), row, strict=True)) for row in exporting.rows(uow)]
    assert [(row["Seats"], row["Rival"], row["product"]) for row in table] == [
        ("40", "Zeta", ""), ("3", "", ""), ("", "", "Gizmo"),
    ]  # fmt: skip
