"""The one door to a lead: who sees which, and how much of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from crm.errors import LeadNotFound
from crm.services import leads
from tests import build
from tests.desk import Desk

PHONE = "+8613812345678"


@pytest.fixture
def desk(database, time):
    return Desk(database, time)


def sees(desk, who, lead_id):
    """How somebody sees a lead: "clear", "masked" or not at all."""
    try:
        view = desk.does(who, lambda uow, actor: leads.access_id(uow, actor=actor, lead_id=lead_id))
    except LeadNotFound:
        return "nothing"
    return "masked" if view.masked else "clear"


@pytest.mark.parametrize(
    ("facts", "seen"),
    [
        ({"owner": "ann"}, {"ann": "clear", "bob": "nothing", "mia": "clear", "cyd": "nothing", "max": "nothing",
                            "ada": "clear"}),
        ({"pool": "north"}, {"ann": "masked", "bob": "masked", "mia": "masked", "cyd": "nothing", "max": "nothing",
                             "ada": "masked"}),
        ({"pool": "open"}, {"ann": "masked", "mia": "masked", "cyd": "masked", "max": "masked", "ada": "masked"}),
        ({"owner": "ann", "origin": "self", "pool": None}, {"ann": "clear", "bob": "nothing", "mia": "clear",
                                                            "max": "nothing", "ada": "masked"}),
        ({"owner": "ann", "status": "won"}, {"ann": "clear", "bob": "nothing", "mia": "clear"}),
    ],
    ids=["owned", "team pool", "open pool", "self-sourced", "won"],
)  # fmt: skip
def test_who_sees_what(desk, facts, seen):
    lead = desk.make(**facts)
    assert {who: sees(desk, who, lead) for who in seen} == seen


def test_another_organization_sees_nothing(database, time, desk):
    lead, other = desk.make(), Desk(database, time)
    assert {who: sees(other, who, lead) for who in build.PEOPLE} == dict.fromkeys(build.PEOPLE, "nothing")


def test_a_reference_of_another_scope_reads_like_one_that_does_not_exist(desk):
    ref = desk.ref(desk.make(owner="ann"))
    with pytest.raises(LeadNotFound) as hidden:
        desk.does("cyd", lambda uow, actor: leads.access(uow, actor=actor, ref=ref))
    with pytest.raises(LeadNotFound) as absent:
        desk.does("cyd", lambda uow, actor: leads.access(uow, actor=actor, ref="L-999999"))
    assert (hidden.value.data, absent.value.data) == ({"ref": ref}, {"ref": "L-999999"})


@pytest.mark.parametrize("ref", ["L-{n}", "l-{n}", "L{n}", "l {n}", "#{n}", "{n}", "L–{n}", " L-{n} ", "＃{n}"])
def test_a_reference_may_be_written_in_many_ways(desk, ref):
    lead = desk.make(owner="ann")
    number = desk.ref(lead).removeprefix("L-")
    found = desk.does("ann", lambda uow, actor: leads.access(uow, actor=actor, ref=ref.format(n=number)))
    assert found.id == lead


@given(st.text(max_size=20))
def test_a_reference_is_a_number_or_nothing(words):
    number = leads.parse_ref(words)
    assert number is None or 0 <= number < 10**12


@pytest.mark.parametrize(
    "words", ["Lu Wei", "lu w", "Lucky", "lucky tea", "5678", "345678", "138 1234 5678", "13812345678"]
)
def test_a_lead_is_found_by_name_company_and_the_end_of_its_phone(desk, words):
    lead = desk.make(owner="ann", phone=PHONE)
    desk.make(owner="ann", name="Somebody Else", firm="Other", phone="+8613899990000")
    assert [one.id for one in desk.does("ann", lambda uow, actor: leads.find(uow, actor=actor, words=words))] == [lead]


def test_a_chinese_name_is_found_by_a_part_of_it(desk):
    lead = desk.make(owner="ann", name="王小明", firm="上海某某茶业有限公司")
    for words in ("小明", "某某茶业"):
        found = desk.does("ann", lambda uow, actor, words=words: leads.find(uow, actor=actor, words=words))
        assert [one.id for one in found] == [lead]


@pytest.mark.parametrize("who", ["bob", "cyd", "max"])
def test_nobody_finds_what_is_not_theirs_to_see(desk, who):
    lead = desk.make(owner="ann", phone=PHONE)
    for words in ("Lu Wei", "Lucky", "5678", desk.ref(lead)):
        assert desk.does(who, lambda uow, actor, words=words: leads.find(uow, actor=actor, words=words)) == []


@pytest.mark.parametrize("words", ["%", "_", "\\", "' or 1=1 --", "%%%%", "12", "678"])
def test_signs_with_a_meaning_in_sql_find_nothing(desk, words):
    desk.make(owner="ann", phone=PHONE)
    assert desk.does("ann", lambda uow, actor: leads.find(uow, actor=actor, words=words)) == []


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("phone", "+8613812345678", "+86138****5678"),
        ("phone", "110110", "****10"),
        ("email", "lu.wei@tea.cn", "l***@tea.cn"),
        ("wechat", "luwei88", "l***"),
    ],
)
def test_a_mask_is_enough_to_recognise_and_not_enough_to_call(kind, value, shown):
    assert leads.mask(kind, value) == shown


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_a_masked_phone_hides_at_least_four_digits(phone):
    shown = leads.mask("phone", phone)
    assert "****" in shown
    assert phone not in shown


def test_ones_own_come_first_that_are_nearest_to_being_taken_back(desk):
    late = desk.make(owner="ann", recycle_at=build.NOW.replace(hour=9))
    soon = desk.make(owner="ann", recycle_at=build.NOW.replace(hour=3))
    kept = desk.make(owner="ann", origin="self", pool=None)
    desk.make(owner="bob")
    assert [one.id for one in desk.does("ann", lambda uow, actor: leads.mine(uow, actor=actor))] == [soon, late, kept]


def test_of_leads_offered_only_the_taken_ones_name_their_owner(desk):
    free, owned = desk.make(), desk.make(owner="bob")
    taken = desk.does("cyd", lambda uow, actor: leads.taken(uow, [free, owned]))
    assert taken == [(owned, desk.ref(owned), "Bob Chen")]


CROWD = """
with people as (
    insert into person (org_id, name, company, title, note, created_at)
    select :org, 'Namesake ' || n, 'Common Tea 春茶业', '', '', :now from generate_series(1, :many) n returning id
), keys as (
    insert into person_key (org_id, person_id, kind, value)
    select cast(:org as bigint), id, 'phone', '+86139' || lpad(cast(id as text), 9, '0') || '4321' from people
)
insert into lead (org_id, number, person_id, line_id, status, stage, owner_id, origin, score, tags, custom, version,
                  created_at, stage_entered_at, warn_step, extensions, touches, assigned_at)
select :org, 100000 + id, id, :line, 'open', 'new', :owner, 'company', 0, '{}', '{}', 1, :now, :now, 0, 0, 1, :now
from people
"""


def crowd(desk, many, owner="cyd"):
    """So many leads of a colleague in another team, all with the same company and the same end of the phone."""
    with desk.database.begin(desk.acme.org_id) as uow:
        who = {"line": desk.acme.line_id, "owner": desk.acme.member[owner], "now": uow.now}
        uow.session.execute(text(CROWD), who | {"org": desk.acme.org_id, "many": many})


@pytest.mark.parametrize("words", ["common tea", "茶业", "na", "4321"])
@pytest.mark.parametrize("who", ["ann", "mia"])
def test_ones_own_is_found_among_any_number_of_others(desk, who, words):
    crowd(desk, 300)
    lead = desk.make(owner="ann", name="Namesake", firm="Common Tea 春茶业", phone="+8613800004321")
    crowd(desk, 300)
    assert [one.id for one in desk.does(who, lambda uow, actor: leads.find(uow, actor=actor, words=words))] == [lead]


@pytest.mark.parametrize("who", ["ann", "mia"])
def test_ones_own_comes_before_any_number_that_lie_in_ones_pools(desk, who):
    crowd(desk, 400)
    with desk.database.begin(desk.acme.org_id) as uow:
        args = {"org": desk.acme.org_id, "pool": desk.acme.pool["north"]}
        pooled = "update lead set owner_id = null, pool_id = :pool where org_id = :org"
        uow.session.execute(text(pooled), args)
    lead = desk.make(owner=who, name="Namesake", firm="Common Tea 春茶业")
    crowd(desk, 400)
    found = desk.does(who, lambda uow, actor: leads.find(uow, actor=actor, words="茶业"))
    assert (found[0].id, len(found)) == (lead, 10)


def test_what_lies_in_ones_pool_is_found_among_any_number_of_others(desk):
    crowd(desk, 300)
    lead = desk.make(pool="north", name="Namesake", firm="Common Tea")
    crowd(desk, 300)
    find = lambda uow, actor: leads.find(uow, actor=actor, words="common tea")  # noqa: E731
    assert [one.id for one in desk.does("bob", find)] == [lead]
    assert len(desk.does("ada", find)) == 10
