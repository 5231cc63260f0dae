"""Customers in the company's chat: each becomes a lead or belongs to one, and follows it to another member."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm.rules.directory import Contact
from crm.services import assignments, contact_moves, external_contacts, members
from tests.desk import Desk

WANG = Contact("woWANG", name="王芳", remark="王芳", mobiles=("13800138001", "none"), unionid="ozy-1", tags=("vip",))
LEADS = (
    "select l.owner_id, p.name, l.tags, l.campaign, s.key, l.touches from lead l join person p"
    " on p.org_id = l.org_id and p.id = l.person_id left join source s on s.org_id = l.org_id and s.id = l.source_id"
    " where l.org_id = :org order by l.number"
)
MOVES = "select state, cause from contact_move where org_id = :org order by id"


@pytest.fixture
def desk(database, time):
    return Desk(database, time)


def rows(desk, statement):
    with desk.database.begin(desk.acme.org_id) as uow:
        return [tuple(row) for row in uow.session.execute(text(statement), {"org": uow.org_id})]


def adds(desk, who, contact=WANG, *, state="", quiet=False):
    """The two become contacts, and the chat tells who the customer is; the lead's id."""
    here = {"workspace_id": desk.acme.workspace["wecom"]}

    def meet(uow, actor):
        external_contacts.met(uow, **here, member=actor, external_id=contact.id, state=state)
        return external_contacts.told(uow, **here, member=actor, contact=contact, quiet=quiet)

    return desk.does(who, meet)


def told_again(desk, who, contact):
    here = {"workspace_id": desk.acme.workspace["wecom"]}
    return desk.does(who, lambda uow, actor: external_contacts.told(uow, **here, member=actor, contact=contact))


def ends(desk, who, by):
    here = {"workspace_id": desk.acme.workspace["wecom"], "external_id": WANG.id}
    desk.does(who, lambda uow, actor: external_contacts.ended(uow, **here, member=actor, by=by))


def test_a_stranger_becomes_the_lead_of_who_adds_them(desk):
    adds(desk, "ann")
    assert rows(desk, LEADS) == [(desk.acme.member["ann"], "王芳", ["vip"], None, None, 1)]
    keys = rows(desk, "select kind, value from person_key where org_id = :org order by kind, value")
    assert keys == [("external", "unionid:ozy-1"), ("external", "wecom:woWANG"), ("phone", "+8613800138001")]
    assert desk.load("ann").held == 1


def test_the_same_news_again_are_no_second_lead_and_no_touch(desk):
    for _ in range(3):
        adds(desk, "ann")
    assert [row[-1] for row in rows(desk, LEADS)] == [1]
    assert desk.owed("contact.added") == [desk.acme.member["ann"]]


@pytest.mark.parametrize(
    ("state", "campaign", "source"),
    [("web:spring fair", "spring fair", "web"), ("web", None, "web"), ("poster 7", "poster 7", None)],
)
def test_the_way_they_met_names_source_and_campaign(desk, state, campaign, source):
    adds(desk, "ann", state=state)
    assert [row[3:5] for row in rows(desk, LEADS)] == [(campaign, source)]


def test_a_free_customer_is_claimed_by_who_adds_them_under_the_same_checks(database, time):
    desk = Desk(database, time, "claim: {per_day: 1}")
    desk.make(phone="+8613800138001")
    adds(desk, "ann")
    other = Contact("woOTHER", name="赵云", mobiles=("13800138002",))
    desk.make(phone="+8613800138002")
    adds(desk, "ann", other)
    assert [row[0] for row in rows(desk, LEADS)] == [desk.acme.member["ann"], None]
    assert desk.count("select count(*) from claim_entry where org_id = :org") == 1
    hows = rows(desk, "select card->>'how' from message where org_id = :org and topic = 'contact.added' order by id")
    assert hows == [("claimed",), ("pool",)]


def test_who_has_no_room_leaves_the_customer_to_the_rules(database, time):
    desk = Desk(database, time, "claim: {capacity: {default: 1}}")
    desk.make(owner="ann")
    adds(desk, "ann")
    assert (None, "王芳") in [row[:2] for row in rows(desk, LEADS)]


def test_a_colleagues_customer_stays_theirs_and_both_managers_decide(desk):
    desk.make(owner="cyd", phone="+8613800138001")
    adds(desk, "ann")
    assert [row[0] for row in rows(desk, LEADS)] == [desk.acme.member["cyd"]]
    told = {desk.acme.member[name] for name in ("cyd", "max", "mia")}
    assert set(desk.owed("contact.contested")) == told
    assert desk.owed("lead.touched") == []


def test_whatever_somebody_is_called_is_one_line_and_a_tag_is_one_tag(desk):
    adds(
        desk, "ann", Contact("woX", name="\u202e<@all>\n]]>\x00" + "客" * 400, tags=("a/b;c", "  ", "x" * 99, "a/b;c"))
    )
    ((_, name, tags, *_),) = rows(desk, LEADS)
    assert ("\n" in name, "\u202e" in name, len(name) <= 200) == (False, False, True)
    assert tags == ["a/b;c", "x" * 40]


def test_a_contact_of_long_ago_is_known_by_the_customers_keys_and_nothing_else_happens(desk):
    lead = desk.make(owner="bob", phone="+8613800138001")
    assert adds(desk, "ann", quiet=True) == lead
    assert adds(desk, "ann", Contact("woOLD", name="Old"), quiet=True) is None
    assert [row[-1] for row in rows(desk, LEADS)] == [1]
    assert desk.owed("contact.contested") == []
    key = "select count(*) from person_key where org_id = :org and value = 'wecom:woWANG'"
    assert desk.count(key) == 1


def test_an_edit_brings_name_tags_and_numbers_and_keeps_what_was_set_here(desk):
    first = Contact("woWANG", name="wf", remark="wf", tags=("old",))
    lead = adds(desk, "ann", first)
    desk.does("ann", lambda uow, actor: uow.session.execute(text("update lead set tags = tags || array['ours']")))
    told_again(desk, "ann", Contact("woWANG", "wf", "王芳", mobiles=("13800138001",), tags=("vip",)))
    assert [row[1:3] for row in rows(desk, LEADS)] == [("王芳", ["ours", "vip"])]
    verbs = [verb for (verb,) in rows(desk, "select verb from activity where org_id = :org order by id")]
    assert verbs[-1] == "contact_edited"
    told_again(desk, "ann", Contact("woWANG", "wf", "王芳", mobiles=("13800138001",), tags=("vip",)))
    assert len(rows(desk, "select id from activity where org_id = :org")) == len(verbs)
    assert desk.state(lead)["followed_up_at"] is None


@pytest.mark.parametrize(("by", "verb"), [("customer", "contact_lost"), ("member", "contact_removed")])
def test_the_end_of_a_contact_is_on_the_timeline_and_the_owner_is_told_once(desk, by, verb):
    adds(desk, "ann")
    ends(desk, "ann", by)
    ends(desk, "ann", by)
    assert rows(desk, "select verb from activity where org_id = :org order by id")[-1] == (verb,)
    assert desk.owed("contact.lost") == [desk.acme.member["ann"]]
    assert told_again(desk, "ann", WANG) is None


def test_who_is_added_again_after_the_end_is_a_touch(desk):
    adds(desk, "ann")
    ends(desk, "ann", "customer")
    adds(desk, "ann")
    assert [row[-1] for row in rows(desk, LEADS)] == [2]


def handed(desk):
    """Ann's customer is given to Bob, and it can be undone no longer; what is to be asked of the chat."""
    lead_id = adds(desk, "ann")
    bob = desk.person("bob")
    desk.does("mia", lambda uow, actor, lead: assignments.assign(uow, actor=actor, lead=lead, to=bob), lead_id)
    assert due(desk) == []
    desk.time.advance(minutes=11)
    return lead_id


def due(desk):
    here = {"workspace_id": desk.acme.workspace["wecom"]}
    return desk.does("ada", lambda uow, actor: contact_moves.due(uow, **here))


def answer(desk, *answer_):
    (batch,) = due(desk)
    answers = {WANG.id: answer_} if answer_ else {}
    desk.does("ada", lambda uow, actor: contact_moves.answered(uow, batch, answers))


def test_a_contact_follows_its_lead_once_the_chat_has_moved_it(desk):
    handed(desk)
    (batch,) = due(desk)
    assert (batch.asked, batch.left, list(batch.moves)) == (False, False, [WANG.id])
    answer(desk, "waiting", "")
    desk.time.advance(hours=1)
    (batch,) = due(desk)
    assert batch.asked
    answer(desk, "done", "")
    follows = rows(desk, "select member_id, ended_by from contact_follow where org_id = :org order by id")
    assert follows == [(desk.acme.member["ann"], "transfer"), (desk.acme.member["bob"], None)]
    assert (rows(desk, MOVES), desk.owed("contact.moved")) == ([("done", "")], [desk.acme.member["bob"]])


def test_a_transfer_that_is_undone_in_time_moves_nobody(desk):
    lead_id = adds(desk, "ann")
    bob = desk.person("bob")
    desk.does("mia", lambda uow, actor, lead: assignments.assign(uow, actor=actor, lead=lead, to=bob), lead_id)
    desk.undoes("mia")
    desk.time.advance(minutes=11)
    assert due(desk) == []
    assert [state for state, _cause in rows(desk, MOVES)] == ["dropped"]


def test_a_lead_that_goes_on_at_once_takes_its_contact_to_the_last_one(desk):
    lead_id = adds(desk, "ann")
    for name in ("bob", "cyd"):
        to = desk.person(name)
        desk.does(
            "ada", lambda uow, actor, lead, to=to: assignments.assign(uow, actor=actor, lead=lead, to=to), lead_id
        )
    desk.time.advance(minutes=11)
    (batch,) = due(desk)
    assert batch.taker.startswith("cyd")


def test_a_lead_that_comes_back_at_once_leaves_its_contact_where_it_is(desk):
    lead_id = adds(desk, "ann")
    for name in ("bob", "ann"):
        to = desk.person(name)
        desk.does(
            "ada", lambda uow, actor, lead, to=to: assignments.assign(uow, actor=actor, lead=lead, to=to), lead_id
        )
    desk.time.advance(minutes=11)
    assert due(desk) == []
    assert [state for state, _cause in rows(desk, MOVES)] == ["dropped"]


def test_who_has_the_customer_as_a_contact_already_needs_no_move(desk):
    lead_id = adds(desk, "ann")
    adds(desk, "bob")
    bob = desk.person("bob")
    desk.does("mia", lambda uow, actor, lead: assignments.assign(uow, actor=actor, lead=lead, to=bob), lead_id)
    assert rows(desk, MOVES) == []


def test_a_customer_who_refuses_stays_and_the_taker_knows_why(desk):
    handed(desk)
    answer(desk, "waiting", "")
    here = {"workspace_id": desk.acme.workspace["wecom"], "external_id": WANG.id, "taker_id": desk.acme.member["bob"]}
    for _ in range(2):
        desk.does("ada", lambda uow, actor: contact_moves.refused(uow, **here, cause="refused"))
    assert (rows(desk, MOVES), desk.owed("contact.moved")) == ([("refused", "refused")], [desk.acme.member["bob"]])


def test_a_chat_that_never_answers_is_asked_for_days_and_then_given_up(desk):
    handed(desk)
    answer(desk)
    for _ in range(contact_moves.TRIES):
        desk.time.advance(hours=7)
        [answer(desk) for _ in due(desk)]
    assert rows(desk, MOVES) == [("refused", "silent")]
    assert timedelta(hours=7) > contact_moves.ASK_AGAIN


def test_the_contacts_of_somebody_who_left_are_asked_for_as_such(desk):
    handed(desk)
    desk.does("ada", lambda uow, actor: members.sign_off(uow, desk.acme.workspace["wecom"], f"ann{uow.org_id}"))
    (batch,) = due(desk)
    assert batch.left
