"""Rules speak of values and fields that there are; a slip of the pen is answered with what was probably meant."""

import pytest
from sqlalchemy import text

from crm.errors import RuleSetInvalid
from crm.rules.conditions_sql import sql_of
from crm.services import field_edits, lead_facts, list_edits, rules_admin
from crm.services.field_edits import NewField
from crm.services.list_edits import New
from tests import build

RULE = """
dispatch:
- name: big
  when: {{all: [{when}]}}
  to: {{departments: [north]}}
"""


@pytest.fixture
def acme(database):
    made = build.company(database)
    with database.begin(made.org_id) as uow:
        list_edits.add(uow, actor=None, name="product", new=New("Gizmo", "小玩意"))
        for name, kind in (("Budget", "amount"), ("Decision", "date"), ("Trial", "yes/no"), ("Rival", "choice")):
            field_edits.add(uow, actor=None, new=NewField(f"{name} x", kind, key=name.lower()))
        list_edits.add(uow, actor=None, name="custom.rival", new=New("Zeta"))
    return made


@pytest.mark.parametrize(
    "when",
    [
        "{field: product, value: Gizmo}",
        "{field: product, op: contains, value: iz}",
        "{field: custom.budget, op: gte, value: 5000}",
        "{field: custom.decision, op: lt, value: '2027-03-01'}",
        "{field: custom.trial, value: true}",
        "{field: custom.rival, op: in, value: [Zeta]}",
        "{field: custom.what_a_sender_sends, value: x}",
        "{field: region, value: anywhere}",
    ],
)
def test_what_the_lists_know_may_be_asked_for(database, acme, when):
    with database.begin(acme.org_id) as uow:
        assert rules_admin.check(uow, RULE.format(when=when)).dispatch


@pytest.mark.parametrize(
    ("when", "meant"),
    [
        ("{field: product, value: Gizmmo}", "'Gizmo'"),
        ("{field: product, op: in, value: [小玩意]}", "'Gizmo'"),
        ("{field: product, value: Zzzz}", "there are: 'Gizmo'"),
        ("{field: stage, value: quotes}", "'quote'"),
        ("{field: source, value: webb}", "'web'"),
        ("{field: custom.budgt, op: gt, value: 1}", "'custom.budget'"),
        ("{field: custom.budget, op: gt, value: much}", "a number"),
        ("{field: custom.decision, op: gt, value: soon}", "a date"),
        ("{field: custom.trial, value: maybe}", "true or false"),
        ("{field: custom.rival, value: Zita}", "'Zeta'"),
        ("{field: custom.rival, op: gt, value: A}", "does not suit"),
    ],
)
def test_what_they_do_not_know_is_answered_with_what_was_meant(database, acme, when, meant):
    with database.begin(acme.org_id) as uow, pytest.raises(RuleSetInvalid) as refused:
        rules_admin.check(uow, RULE.format(when=when))
    assert meant in refused.value.data["problem"]


def test_a_lists_first_value_locks_no_rule(database):
    beans, pods = RULE.format(when="{field: product, value: Beans}"), RULE.format(when="{field: product, value: Pods}")
    acme = build.company(database, rules=beans)
    with database.begin(acme.org_id) as uow:
        list_edits.add(uow, actor=None, name="product", new=New("Gizmo"))
        assert rules_admin.check(uow, beans.replace("[north]", "[south]")).dispatch
        assert rules_admin.asking_in_vain(uow, "product") == [("big", "Beans")]
        with pytest.raises(RuleSetInvalid) as refused:
            rules_admin.check(uow, pods)
    assert refused.value.data["problem"] == "big: product is never 'Pods'; there are: 'Gizmo'"


def test_a_rule_that_asks_for_a_value_merged_away_is_named_with_the_value_it_became(database):
    acme = build.company(database, rules=RULE.format(when="{field: product, value: Beans}"))
    with database.begin(acme.org_id) as uow:
        for name in ("Beans", "Coffee"):
            list_edits.add(uow, actor=None, name="product", new=New(name))
        assert rules_admin.asking_for_merged(uow, "product") == []
        list_edits.merge(uow, actor=None, name="product", words="Beans", into="Coffee")
        [(rule, value, became)] = rules_admin.asking_for_merged(uow, "product")
        assert (rule, value, became.key, rules_admin.asking_in_vain(uow, "product")) == ("big", "Beans", "Coffee", [])


@pytest.mark.parametrize(
    ("when", "who"),
    [
        ("{field: custom.budget, op: gte, value: 5000}", ["rich"]),
        ("{field: custom.decision, op: lt, value: '2027-03-01'}", ["soon"]),
        ("{field: custom.trial, value: true}", ["rich", "soon"]),
        ("{field: custom.rival, op: contains, value: Zeta}", ["soon"]),
    ],
)
def test_a_condition_about_an_own_field_holds_alike_for_one_lead_and_in_sql(database, acme, when, who):
    known = {
        "rich": {"budget": 9000, "trial": True, "decision": "2027-05-01"},
        "soon": {"budget": 100.5, "trial": True, "decision": "2027-02-01", "rival": ["Zeta"]},
        "bare": {},
    }
    with database.begin(acme.org_id) as uow:
        leads = {build.lead(uow, acme, custom=custom): name for name, custom in known.items()}
        condition = rules_admin.check(uow, RULE.format(when=when)).dispatch[0].when
        alike = {leads[facts.id] for facts in lead_facts.read(uow, list(leads)) if condition.holds(facts)}
        where, args = sql_of(condition)
        found = text(f"select l.id from lead l where l.org_id = :org and {where}")
        in_sql = {leads[lead] for lead in uow.session.scalars(found, {"org": uow.org_id} | args)}
        assert (sorted(alike), sorted(in_sql)) == (who, who)
