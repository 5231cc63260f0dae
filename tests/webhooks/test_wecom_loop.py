"""The lead loop through WeCom's real door, real dispatcher and real database, seen on a double of WeCom's servers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from crm import jobs
from ops.wecom_menu import menu
from tests.doubles.wecom_faults import status
from tests.drivers.wecom import WeComDriver, join
from tests.webhooks.wecom_house import bot, house, wecom

__all__ = ["bot", "house", "wecom"]


@pytest.mark.parametrize("words", ["claim {ref}", "领取 {ref}"])
def test_a_lead_is_claimed_by_a_command_in_either_language(house, words):
    ref = house.lead()
    seen = house.person("ann").says(words.format(ref=ref))
    assert ref in seen.text
    assert "Lu Wei" in seen.text


def test_the_slower_of_two_learns_who_was_faster(house):
    ref = house.lead()
    house.person("ann").says(f"claim {ref}")
    assert "Ann Li" in house.person("bob").says(f"claim {ref}").text


def test_a_lead_in_the_pool_hides_its_contact_until_it_is_claimed(house):
    house.arrives(phone="+8613900139007")
    (card,) = house.person("bob").inbox()
    assert "13900139007" not in card.text.replace(" ", "")
    assert "13900139007" in house.person("bob").taps(card, "Claim").text.replace(" ", "")


def test_an_arrival_is_a_card_to_every_candidate_and_changes_for_all(house):
    ref = house.arrives()
    (anns,), (bobs,) = house.person("ann").inbox(), house.person("bob").inbox()
    assert ref in anns.text
    assert "Claim" in bobs.buttons
    house.person("ann").taps(anns, "Claim")
    house.run_jobs()
    (after,) = house.person("bob").inbox()
    assert "Claim" not in after.buttons
    assert "Ann Li" in after.text
    assert "Lu Wei" not in after.text


def test_the_slower_tap_of_two_learns_who_was_faster(house):
    house.arrives()
    (anns,), (bobs,) = house.person("ann").inbox(), house.person("bob").inbox()
    ann = WeComDriver(house.caller, house.wecom, house.user("ann"))
    ann.taps(anns, "Claim")
    assert "Ann Li" in house.person("bob").taps(bobs, "Claim").text


def test_the_list_of_ones_own_leads_opens_one_by_choice(house):
    refs = [house.lead(owner="ann") for _ in range(3)]
    ann = house.person("ann")
    listed = ann.says("my")
    assert [ref for ref in refs if ref not in listed.text] == []
    opened = ann.taps(listed, next(label for label in listed.buttons if refs[1] in label or "Lu Wei" in label))
    assert "Lu Wei" in opened.text


def test_a_follow_up_is_logged_in_one_line_and_undone_by_a_tap(house):
    ref = house.lead(owner="ann")
    ann = house.person("ann")
    seen = ann.says(f"跟进 {ref} 打了电话，要报价，明天下午3点再联系")
    assert "要报价" in ann.says(f"lead {ref}").text
    ann.taps(seen, "Undo")
    assert "undone" in ann.says(f"lead {ref}").text


def test_a_question_that_wants_words_is_answered_by_the_next_line(house):
    ref = house.lead(owner="ann")
    ann = house.person("ann")
    form = ann.says(f"log {ref}")
    assert f"⌨ log {ref} " in form.text
    assert "quote" in ann.submits(form, note="called, wants a quote").text
    assert "quote" in ann.says(f"lead {ref}").text


def test_a_form_of_choices_is_a_card_that_is_sent_by_a_tap(house):
    ref = house.lead(owner="ann")
    ann = house.person("ann")
    form = ann.says(f"hand over {ref}")
    assert form.inputs == ("to",)
    ann.submits(form, to="Bob Chen")
    assert ref not in ann.says("my").text
    assert ref in house.person("bob").says("my").text


def test_a_reason_to_release_is_one_tap(house):
    ref = house.lead(owner="ann")
    ann = house.person("ann")
    asked = ann.taps(ann.says(f"lead {ref}"), "Release")
    ann.taps(asked, asked.buttons[0])
    assert ref not in ann.says("my").text


def test_a_card_is_changed_in_place_by_a_tap(house):
    ref = house.lead()
    ann = house.person("ann")
    claimed = ann.says(f"claim {ref}")
    before = len(house.wecom.messages(house.user("ann")))
    ann.taps(claimed, "No answer")
    assert len(house.wecom.messages(house.user("ann"))) <= before + 1
    assert claimed.place.card != claimed.raw


def test_a_card_of_an_old_version_refreshes_itself(house):
    ref = house.lead()
    ann = house.person("ann")
    old = ann.says(f"claim {ref}")
    ann.says(f"log {ref} called, no answer")
    assert ann.taps(old, "No answer").text


def test_the_menu_speaks_the_same_words(house):
    ref = house.lead(owner="ann")
    mark = len(house.wecom.sent)
    house.caller.event(house.user("ann"), "click", EventKey="my")
    house.run_jobs()
    assert ref in str(house.wecom.sent[mark].body)


def test_opening_the_app_shows_the_day_once(house):
    house.lead(owner="ann")
    stood = []
    for _ in range(3):
        house.caller.event(house.user("ann"), "enter_agent", EventKey="")
        house.run_jobs()
        stood.append(len(house.person("ann").inbox()))
    assert stood[0] > 0
    assert stood == [stood[0]] * 3


def test_a_typo_is_guessed(house):
    assert "claim" in house.person("ann").says("clam L-1").text


def test_capital_letters_in_an_account_make_nobody_else_of_it(house):
    ref = house.lead(owner="ann")
    shouting = WeComDriver(house.caller, house.wecom, house.user("ann").upper(), run_jobs=house.run_jobs)
    mark = len(house.wecom.sent)
    house.caller.text(shouting.user, "my")
    house.run_jobs()
    assert ref in str([sent.body for sent in house.wecom.sent[mark:]])


def test_somebody_not_linked_sees_but_cannot_act(house):
    join(house.wecom, {"stranger": "Stranger"})
    ref = house.lead()
    stranger = WeComDriver(house.caller, house.wecom, "stranger", run_jobs=house.run_jobs)
    assert stranger.says(f"claim {ref}").text
    assert "Ann Li" not in house.person("bob").says(f"claim {ref}").text


def test_a_command_that_is_delivered_three_times_acts_and_answers_once(house):
    ref = house.lead()
    for _ in range(3):
        assert house.caller.text(house.user("ann"), f"claim {ref}", msg_id=77).status == 200
        house.run_jobs()
    assert len(house.wecom.messages(house.user("ann"))) == 1


def test_a_command_that_is_delivered_eight_times_at_once_acts_and_answers_once(house):
    ref = house.lead()
    xml = house.caller.message(house.user("ann"), MsgType="text", Content=f"claim {ref}", MsgId=78)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: house.caller.post(*house.caller.sealed(xml))[0], range(8)))
    house.run_jobs()
    assert statuses == [200] * 8
    assert [ref in card.text for card in house.person("ann").inbox()] == [True]


def test_a_tap_in_the_corner_of_a_card_changes_it(house):
    ref = house.lead(owner="ann")
    ann = house.person("ann")
    card = ann.says(f"lead {ref}")
    before = len(house.wecom.messages(house.user("ann")))
    label = next(
        entry["text"] for entry in card.raw["action_menu"]["action_list"] if entry["key"].startswith("lead.won")
    )
    ann.taps(card, label)
    assert card.place.card != card.raw
    assert len(house.wecom.messages(house.user("ann"))) == before


def test_every_entry_of_the_menu_is_answered(house, time):
    house.lead(owner="ann")
    house.arrives()
    for entry in (entry for top in menu("zh")["button"] for entry in top["sub_button"]):
        time.advance(minutes=1)
        mark = len(house.wecom.sent)
        reply = house.caller.event(house.user("ann"), "click", EventKey=entry["key"])
        house.run_jobs()
        assert reply.xml is not None or len(house.wecom.sent) > mark, entry


@pytest.mark.parametrize("redis_url", ["unix:///nonexistent/valkey.sock"])
def test_without_redis_everything_still_works(house):
    ref = house.lead()
    ann = house.person("ann")
    claimed = ann.says(f"claim {ref}")
    assert "Lu Wei" in claimed.text
    assert ann.taps(claimed, "No answer").text


def test_somebody_who_left_meanwhile_cannot_claim_by_an_old_card(house):
    house.arrives()
    (card,) = house.person("ann").inbox()
    with house.database.begin(house.acme.org_id) as uow:
        uow.session.execute(text("update member set active = false where id = :m"), {"m": house.acme.member["ann"]})
    house.person("ann").taps(card, "Claim")
    with house.database.begin(house.acme.org_id) as uow:
        owners = uow.session.scalars(text("select owner_id from lead where org_id = :o"), {"o": uow.org_id}).all()
    assert owners == [None]


def test_a_tap_that_is_delivered_three_times_gets_the_same_answer(house):
    ref = house.lead(owner="ann")
    card = house.person("ann").says(f"lead {ref}").place
    told = {"EventKey": f"lead.no_answer|{ref}", "TaskId": card.card["task_id"], "CardType": "button_interaction"}
    replies = [
        house.caller.event(house.user("ann"), "template_card_event", ResponseCode="c", CreateTime=1, **told)
        for _ in range(3)
    ]
    titles = {reply.xml["TemplateCard"]["MainTitle"]["Title"] for reply in replies}
    counted = text("select count(*) from activity where org_id = :o and verb = 'logged'")
    with house.database.begin(house.acme.org_id) as uow:
        logged = uow.session.scalar(counted, {"o": uow.org_id})
    assert (len(titles), logged) == (1, 1)


def test_while_wecom_is_down_nothing_is_lost(house):
    ref = house.lead()
    house.wecom.script("message/send", status(503))
    assert house.caller.text(house.user("ann"), f"claim {ref}").status == 200
    house.run_jobs()
    assert house.wecom.calls["message/send"] == 2
    assert [ref in card.text for card in house.person("ann").inbox()] == [True]


def test_a_member_who_left_in_wecom_leaves_the_rota(house):
    house.caller.event("sys", "change_contact", ChangeType="delete_user", UserID=house.user("ann"))
    with house.database.begin(house.acme.org_id) as uow:
        args = {"m": house.acme.member["ann"]}
        gone = uow.session.execute(text("select active, on_duty from member where id = :m"), args).one()
    assert tuple(gone) == (False, False)


def test_a_picture_or_recording_becomes_a_follow_up_with_the_file(house):
    ref = house.lead(owner="ann")
    house.person("ann").says(f"lead {ref}")
    picture, voice = b"\x89PNG\r\n\x1a\n" + b"pixels" * 20, b"#!AMR\n" + b"\x3c" * 64
    for number, (kind, content) in enumerate((("image", picture), ("voice", voice))):
        sent = {"MediaId": house.wecom.uploaded(content), "MsgId": 901 + number, "Format": "amr"}
        assert house.caller.call(house.user("ann"), MsgType=kind, **sent).status == 200
        house.run_jobs()
    kept = house.rows("select state, content from attachment where org_id = :o order by created_at, id")
    assert kept == [("kept", picture), ("kept", voice)]
    assert house.scalar("select count(*) from activity where org_id = :o and verb = 'logged'") == 2


def last_card(person):
    """The newest card that can be tapped."""
    return next(seen for seen in reversed(person.inbox()) if seen.buttons)


def test_a_sheet_is_previewed_corrected_taken_in_and_what_was_left_out_comes_back(house):
    sheet = "谁,怎么联系\nMary Poppins,13800138001\n周敏,13800138002\nNobody,123\n".encode()
    sent = {"MediaId": house.wecom.uploaded(sheet), "FileName": "客户.csv", "FileSize": str(len(sheet)), "MsgId": 77}
    mia = house.person("mia")
    assert house.caller.call(mia.user, MsgType="file", **sent).status == 200
    house.run_jobs()
    assert "Import 客户.csv?" in mia.inbox()[-1].text
    for heading, field in (("怎么联系", "Phone"), ("谁", "Name")):
        asked = mia.taps(last_card(mia), heading)
        mia.taps(asked, field)
        house.run_jobs()
    mia.taps(last_card(mia), "Import for")
    house.run_jobs()
    assert house.scalar("select count(*) from lead where org_id = :o") == 2
    (back,) = [sent for sent in house.wecom.messages(mia.user) if sent.body["msgtype"] == "file"]
    assert '"Nobody","123"' in house.wecom.media[back.body["file"]["media_id"]].decode("utf-8-sig")
    assert "is in" in mia.inbox()[-1].text + mia.inbox()[-2].text


def test_words_under_a_quoted_card_are_a_follow_up_on_its_lead(house):
    ref = house.lead(owner="ann")
    house.lead(owner="ann", name="Somebody Else")
    ann = house.person("ann")
    title = ann.says(f"lead {ref}").title
    seen = ann.says(f"「Sluice：{title}」\n- - - - - - - - - - - - - - -\ncalled, wants a quote")
    assert ref in seen.text
    assert house.scalar("select count(*) from activity where org_id = :o and verb = 'logged'") == 1


def test_a_digest_comes_by_the_robot_with_its_chart_and_to_the_manager_when_the_robot_is_gone(house, time):
    (key,) = house.wecom.robots
    mia = house.person("mia")
    with house.database.begin(house.acme.org_id) as uow:
        uow.session.execute(text("update organization set locale = 'zh' where id = :o"), {"o": uow.org_id})
        uow.session.execute(text("update member set name = :n where org_id = :o"), {"n": "客" * 150, "o": uow.org_id})
    mia.says(f"绑定群 North 机器人 {key}")
    for hours in (8, 24):
        house.lead(owner="ann")
        time.advance(hours=hours)
        jobs.digest(house.database, house.acme.org_id)
        house.run_jobs()
        stood = [sent.body for sent in house.wecom.messages(key)]
        house.wecom.robots.clear()
    assert [body["msgtype"] for body in stood] == ["markdown", "image"]
    assert 300 < len(stood[0]["markdown"]["content"].encode()) <= 4096
    assert [seen.title for seen in mia.inbox() if "North" in seen.text and "日报" in seen.text]
