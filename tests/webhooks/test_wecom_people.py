"""Colleagues and customers as WeCom tells of them: encrypted events in, members, departments and leads out."""

from sqlalchemy import text

from bot.contacts import Contacts
from crm.clock import DrivenClock
from tests import build
from tests.doubles.wecom_faults import errcode
from tests.webhooks.wecom_house import House, bot, house, wecom

__all__ = ["bot", "house", "wecom"]

WANG = "woAJ2GCAAAXtWyujaWJHDDGi0mAC"
STANDING = "select active, on_duty, role, department_id from member where org_id = :o and name = :n"
LEADS = (
    "select l.owner_id, p.name, l.tags, l.campaign, s.key from lead l join person p on p.org_id = l.org_id"
    " and p.id = l.person_id left join source s on s.org_id = l.org_id and s.id = l.source_id"
    " where l.org_id = :o order by l.id"
)
VERBS = "select verb from activity where org_id = :o order by id"
TOLD = "select topic, member_id from message where org_id = :o order by id"


def contact_event(house: House, change: str, who: str, customer: str = WANG, **more: str) -> None:
    told = {"ChangeType": change, "UserID": house.user(who), "ExternalUserID": customer, **more}
    assert house.caller.event("sys", "change_external_contact", **told).status == 200
    house.run_jobs()


def book_event(house: House, change: str, **more: object) -> None:
    assert house.caller.event("sys", "change_contact", ChangeType=change, **more).status == 200
    house.run_jobs()


def adds(house: House, who: str, customer: str = WANG, state: str = "", **noted: object) -> None:
    """A member and a customer become contacts, and WeCom tells."""
    house.wecom.follow(house.user(who), customer, **noted)
    contact_event(house, "add_external_contact", who, customer, State=state, WelcomeCode="w")


def told_to(house: House, who: str) -> list[str]:
    return [topic for topic, member in house.rows(TOLD) if member == house.acme.member[who]]


def reconcile(house: House) -> None:
    (here,) = [each for each in house.work.bot.workspaces.all("wecom") if each.org_id == house.acme.org_id]
    Contacts(house.work.bot).compare(here)
    house.run_jobs()


def screen(house: House, who: str) -> str:
    """All that stands in a member's chat with the app."""
    return "\n".join(seen.text for seen in house.person(who).inbox())


def test_a_customer_whom_a_rep_adds_becomes_the_reps_lead(house):
    adds(house, "ann", name="王芳", remark_mobiles=["13800138001", "none"], unionid="ozy-1", corp_name="幸运茶")
    assert house.rows(LEADS) == [(house.acme.member["ann"], "王芳", [], None, None)]
    keys = house.rows("select kind, value from person_key where org_id = :o order by kind, value")
    assert keys == [("external", "unionid:ozy-1"), ("external", f"wecom:{WANG}"), ("phone", "+8613800138001")]
    (card,) = house.person("ann").inbox()
    assert "Yours: 王芳" in card.text
    assert "Log" in card.buttons


def test_a_customer_of_a_colleague_stays_theirs_and_the_managers_are_told(house):
    house.lead(owner="bob", phone="+8613800138001")
    adds(house, "ann", name="Lu Wei", remark_mobiles=["13800138001"])
    assert [row[0] for row in house.rows(LEADS)] == [house.acme.member["bob"]]
    assert (told_to(house, "mia"), told_to(house, "bob")) == (["contact.contested"], ["contact.contested"])
    assert "Lu Wei" not in screen(house, "ann")
    house.person("mia").taps(house.person("mia").inbox()[-1], "Move it")
    assert [row[0] for row in house.rows(LEADS)] == [house.acme.member["ann"]]


def test_an_edit_brings_tags_name_and_number(house):
    adds(house, "ann", name="wf", tags=[{"tag_name": "old"}])
    with house.database.begin(house.acme.org_id) as uow:
        uow.session.execute(text("update lead set tags = tags || array['ours'] where org_id = :o"), {"o": uow.org_id})
    house.wecom.follow(
        house.user("ann"),
        WANG,
        name="wf",
        remark="王芳 幸运茶",
        tags=[{"tag_name": "vip"}],
        remark_mobiles=["13800138001"],
    )
    contact_event(house, "edit_external_contact", "ann")
    assert [row[1:3] for row in house.rows(LEADS)] == [("王芳 幸运茶", ["ours", "vip"])]
    assert house.scalar("select count(*) from person_key where org_id = :o and kind = 'phone'") == 1
    assert house.rows(VERBS)[-1] == ("contact_edited",)
    assert told_to(house, "ann") == ["contact.added"]


def test_a_deleted_contact_is_on_the_timeline_and_told_once(house):
    adds(house, "ann", name="王芳")
    contact_event(house, "del_follow_user", "ann")
    contact_event(house, "del_follow_user", "ann", CreateTime="1")
    assert house.rows(VERBS)[-1] == ("contact_lost",)
    assert told_to(house, "ann") == ["contact.added", "contact.lost"]
    assert "left the WeChat" in house.person("ann").inbox()[-1].text
    assert [row[0] for row in house.rows(LEADS)] == [house.acme.member["ann"]]


def test_what_wecom_does_not_tell_becomes_nothing(house):
    house.wecom.script("externalcontact/get", errcode(48002))
    adds(house, "ann", name="王芳")
    assert house.rows(LEADS) == []


def test_what_wecom_cannot_tell_now_is_asked_again(house):
    house.wecom.script("externalcontact/get", errcode(-1), errcode(45009))
    adds(house, "ann", name="王芳")
    assert len(house.rows(LEADS)) == 1


def handed(house: House, time: DrivenClock, *, who: str = "mia") -> None:
    """Ann's customer is handed to Bob, and the time to undo it is over."""
    adds(house, "ann", name="王芳")
    ref = f"L-{house.scalar('select number from lead where org_id = :o')}"
    house.person(who).says(f"assign {ref} @Bob Chen")
    time.advance(minutes=11)
    house.run_jobs()


def test_a_contact_follows_its_lead_when_the_transfer_stands(house, time):
    handed(house, time)
    assert [(each.giver, each.taker) for each in house.wecom.transfers] == [(house.user("ann"), house.user("bob"))]
    house.wecom.settle(WANG)
    time.advance(hours=1)
    house.run_jobs()
    follows = house.rows("select member_id, ended_by from contact_follow where org_id = :o order by id")
    assert follows == [(house.acme.member["ann"], "transfer"), (house.acme.member["bob"], None)]
    assert house.rows(VERBS)[-1] == ("contact_moved",)
    assert "is your WeChat contact now" in house.person("bob").inbox()[-1].text
    contact_event(house, "del_external_contact", "ann", Source="DELETE_BY_TRANSFER")
    assert "contact.lost" not in told_to(house, "ann")


def test_a_customer_who_refuses_stays_and_the_taker_knows_why(house, time):
    handed(house, time)
    contact_event(house, "transfer_fail", "bob", FailReason="customer_refused")
    assert house.rows("select state, cause from contact_move where org_id = :o") == [("refused", "refused")]
    assert "did not agree" in screen(house, "bob")


def test_while_wecom_is_down_a_transfer_waits(house, time):
    house.wecom.script("externalcontact/transfer_customer", errcode(-1))
    handed(house, time)
    assert house.rows("select state, tries from contact_move where org_id = :o") == [("wanted", 0)]
    time.advance(hours=1)
    house.run_jobs()
    assert len(house.wecom.transfers) == 1


def test_a_taker_who_is_full_is_told_at_once(house, time):
    house.wecom.full.add(house.user("bob"))
    handed(house, time)
    assert house.rows("select state, cause from contact_move where org_id = :o") == [("refused", "full")]


def test_the_customers_of_somebody_who_left_go_the_way_for_leavers(house, time):
    adds(house, "ann", name="王芳")
    del house.wecom.people[house.user("ann")]
    book_event(house, "delete_user", UserID=house.user("ann"))
    assert "Ann Li has left" in screen(house, "mia")
    mia = house.person("mia")
    form = mia.taps(mia.inbox()[-1], "Hand over")
    mia.submits(form, to="Bob Chen")
    time.advance(minutes=11)
    house.run_jobs()
    assert [row[0] for row in house.rows(LEADS)] == [house.acme.member["bob"]]
    assert house.wecom.calls["externalcontact/resigned/transfer_customer"] == 1
    assert len(house.wecom.transfers) == 1


def test_a_new_colleague_is_a_member_off_duty_whom_the_admins_see(house):
    book_event(house, "create_party", Id="7", Name="North", ParentId="1")
    told = {"UserID": "Zoe", "Name": "Zoe Zhao", "Department": "7", "MainDepartment": "7", "IsLeaderInDept": "0"}
    book_event(house, "create_user", **told, Status="1")
    assert house.rows(STANDING, n="Zoe Zhao") == [(True, False, "rep", house.acme.department["north"])]
    assert "Zoe Zhao" in house.person("ada").inbox()[-1].text
    zoe = "select member_id from chat_identity where org_id = :o and external_id = 'Zoe'"
    book_event(house, "create_user", **told, Status="1")
    assert len(house.rows(zoe)) == 1


def test_the_night_finds_what_was_not_told(house):
    for name, (shown, _role, _team) in build.PEOPLE.items():
        house.wecom.hire(house.user(name), shown)
    house.wecom.departments[7] = {"id": 7, "name": "North", "parentid": 1, "order": 1}
    house.wecom.hire("zoe", "Zoe Zhao", unit=7, is_leader_in_dept=[1])
    house.wecom.follow(house.user("ann"), WANG, name="王芳")
    house.wecom.follow(house.user("ann"), "wmOLD", name="Old", createtime=1)
    house.wecom.follow(house.user("ann"), "wmOLDER", name="Older", createtime=1)
    reconcile(house)
    assert house.rows(STANDING, n="Zoe Zhao") == [(True, False, "manager", house.acme.department["north"])]
    assert [row[1] for row in house.rows(LEADS)] == ["王芳"]
    assert house.scalar("select count(*) from contact_follow where org_id = :o") == 3
    house.wecom.people.pop("zoe")
    house.wecom.customers.pop(WANG)
    reconcile(house)
    assert house.rows(STANDING, n="Zoe Zhao")[0][:2] == (False, False)
    assert house.rows("select ended_by from contact_follow where org_id = :o and external_id = :e", e=WANG) == [
        ("unknown",)
    ]
    assert told_to(house, "mia") == ["member.left"]


def test_an_address_book_that_is_suddenly_empty_signs_nobody_off(house):
    for name, (shown, _role, _team) in build.PEOPLE.items():
        house.wecom.hire(house.user(name), shown)
    reconcile(house)
    before = house.scalar("select count(*) from member where org_id = :o and active")
    house.wecom.people.clear()
    reconcile(house)
    assert house.scalar("select count(*) from member where org_id = :o and active") == before


def test_a_night_without_permission_changes_nothing(house):
    house.wecom.script("department/list", errcode(48009))
    house.wecom.no_contacts_for_apps = True
    reconcile(house)
    assert house.scalar("select count(*) from chat_unit where org_id = :o") == 0
