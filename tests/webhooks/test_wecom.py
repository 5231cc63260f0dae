"""WeCom's door: what comes in, as Tencent's own code encrypts it, and what goes back, as that code reads it."""

import base64
import hashlib
import secrets
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from bot.cards.model import Card, Text
from bot.dispatcher import DatabaseAway
from bot.interaction import Answer, Interaction
from tests.bot.platforms.wecom_kit import EMOJI, choices, lead_card, note_form, pool_list
from tests.doubles.wecom_faults import errcode
from tests.webhooks.wecom_kit import Doorstep, doorstep
from webhooks import wecom_replies


@pytest.fixture(scope="module")
def served() -> Iterator[Doorstep]:
    with doorstep() as made:
        yield made


@pytest.fixture
def at(served: Doorstep) -> Doorstep:
    return served.fresh()


def only(at: Doorstep) -> Interaction:
    """The one interaction so far."""
    (interaction,) = at.dispatcher.seen
    return interaction


def tap(at: Doorstep, key: str, **more: object) -> dict[str, object] | None:
    """Ann taps a button; returns the passive reply."""
    told = {"EventKey": key, "TaskId": "s-1", "CardType": "button_interaction", "ResponseCode": "code-1", **more}
    reply = at.caller.event("ann", "template_card_event", **told)
    assert (reply.status, reply.attempts) == (200, 1)
    return reply.xml


def chosen(**picks: str | list[str]) -> dict[str, object]:
    """SelectedItems as the server writes them."""
    items = [{"QuestionKey": name, "OptionIds": {"OptionId": option}} for name, option in picks.items()]
    return {"SelectedItem": items}


def test_saving_the_address_is_answered_with_the_plain_words(at: Doorstep) -> None:
    words, stamp, nonce = "1616140317555161061", str(int(time.time())), secrets.token_hex(4)
    code, sealed = at.caller.crypt.EncryptMsg(words, nonce, stamp)
    assert code == 0
    echo = sealed.split("<Encrypt><![CDATA[")[1].split("]]")[0]
    signature = hashlib.sha1("".join(sorted([at.wecom.token, stamp, nonce, echo])).encode()).hexdigest()
    query = f"msg_signature={signature}&timestamp={stamp}&nonce={nonce}&echostr={quote(echo, safe='')}"
    for path in ("/wecom/callback", f"/wecom/callback/{at.wecom.agent_id}"):
        assert at.get(f"{path}?{query}") == (200, words.encode())
    assert at.get(f"/wecom/callback/999?{query}")[0] == 403
    assert at.get(f"/wecom/callback?{query.replace(stamp, str(int(stamp) - 301), 1)}")[0] == 403


def test_typed_words_are_a_command(at: Doorstep) -> None:
    reply = at.caller.text("ann", f"  跟进 L-12 要报价 {EMOJI} <&]]> \n", msg_id=7)
    command = only(at)
    assert (command.kind, command.user, command.text) == ("command", "ann", f"跟进 L-12 要报价 {EMOJI} <&]]>")
    assert (command.workspace, command.key, command.reply_to) == (f"{at.wecom.corp_id}/1000002", "msg:7", "ann")
    assert (reply.status, reply.xml) == (200, None)


def test_a_quoted_message_comes_apart_from_the_words(at: Doorstep) -> None:
    at.caller.text("ann", "「Sluice：新线索 王芳 (L-12)」\n- - - - - - - - - - - - - - -\n打过电话了")
    assert (only(at).quoted, only(at).text) == ("Sluice：新线索 王芳 (L-12)", "打过电话了")


def test_a_menu_entry_is_the_command_that_it_names(at: Doorstep) -> None:
    at.caller.event("ann", "click", EventKey="claim next")
    assert (only(at).kind, only(at).text) == ("command", "claim next")


def test_a_tap_brings_action_value_version_and_where_it_stands(at: Doorstep) -> None:
    tap(at, "lead.claim|L-12~7")
    tapped = only(at)
    assert (tapped.kind, tapped.action, tapped.value, tapped.version) == ("action", "lead.claim", "L-12", 7)
    assert tapped.handle == {"response_code": "code-1", "task_id": "s-1", "userid": "ann"}


@pytest.mark.parametrize("picks", [{}, {"choice": "L-9~2"}, {"choice": ["L-9~2"]}])
def test_a_choice_beside_a_button_is_its_value(at: Doorstep, picks: dict[str, str | list[str]]) -> None:
    tap(at, "lead.claim|=", SelectedItems=chosen(**picks))
    assert only(at).value == ("L-9" if picks else "")


def test_a_form_of_choices_brings_its_answers(at: Doorstep) -> None:
    items = chosen(by="call", outcome=["-"], tags=["a", "b"])
    tap(at, "lead.log|L-12|how=a%3Db", CardType="multiple_interaction", SelectedItems=items)
    assert only(at).kind == "form"
    assert only(at).fields == {"how": "a=b", "by": "call", "outcome": "", "tags": "a"}


def test_the_corner_menu_of_a_card_is_a_tap_that_cannot_be_answered_in_place(at: Doorstep) -> None:
    at.dispatcher.answer = lambda _: Answer()
    reply = at.caller.event(
        "ann", "template_card_menu_event", EventKey="lead.release|L-1", ResponseCode="c", TaskId="t"
    )
    assert (only(at).kind, only(at).action, reply.xml) == ("action", "lead.release", None)
    assert only(at).handle == {"response_code": "c", "task_id": "t", "userid": "ann", "corner": "yes"}


def test_a_list_that_is_ticked_brings_its_answer(at: Doorstep) -> None:
    items = chosen(reason=["price"])
    tap(at, "lead.lost|L-12", CardType="vote_interaction", SelectedItems=items)
    assert (only(at).kind, only(at).fields) == ("form", {"reason": "price"})


def test_opening_the_app_is_told_once_a_day(at: Doorstep) -> None:
    for stamp in (1_800_000_000, 1_800_000_100, 1_800_100_000):
        at.caller.call("ann", MsgType="event", Event="enter_agent", EventKey="", CreateTime=stamp)
    assert [each.kind for each in at.dispatcher.seen] == ["home"] * 3
    assert len(at.dispatcher.effects) == 2


@pytest.mark.parametrize(
    ("event", "more", "kind"),
    [
        ("subscribe", {}, "joined"),
        ("unsubscribe", {}, "left"),
        ("change_contact", {"ChangeType": "create_user", "UserID": "ann", "Name": "安"}, "joined"),
        ("change_contact", {"ChangeType": "update_user", "UserID": "ann", "Status": 1}, "joined"),
        ("change_contact", {"ChangeType": "update_user", "UserID": "ann", "Status": 2}, "left"),
        ("change_contact", {"ChangeType": "delete_user", "UserID": "ann"}, "left"),
    ],
)
def test_comings_and_goings_are_told(at: Doorstep, event: str, more: dict[str, object], kind: str) -> None:
    at.caller.event("ann" if "UserID" not in more else "sys", event, **more)
    assert (only(at).kind, only(at).user) == (kind, "ann")


def test_a_renamed_member_comes_with_the_new_name(at: Doorstep) -> None:
    at.caller.event("sys", "change_contact", ChangeType="update_user", UserID="ann", NewUserID="ann2", Name="安")
    assert {**only(at).profile, "told_at": ""} == {"renamed_to": "ann2", "name": "安", "told_at": ""}


def test_where_somebody_works_and_whom_they_lead_is_told(at: Doorstep) -> None:
    told = {"Department": "3,7", "MainDepartment": "7", "IsLeaderInDept": "0,1", "BizMail": "ann@acme.example"}
    at.caller.event("sys", "change_contact", ChangeType="update_user", UserID="ann", CreateTime=1_800_000_000, **told)
    assert only(at).profile == {
        "unit": "7", "leads": "yes", "email": "ann@acme.example", "told_at": "2027-01-15T08:00:00+00:00",
    }  # fmt: skip


def test_departments_and_customers_are_told(at: Doorstep) -> None:
    at.caller.event("sys", "change_contact", ChangeType="update_party", Id="7", Name="北区")
    at.caller.event("sys", "change_external_contact", ChangeType="add_external_contact", UserID="ann",
                    ExternalUserID="wo1", State="web")  # fmt: skip
    at.caller.event("sys", "change_external_contact", ChangeType="transfer_fail", UserID="bob",
                    ExternalUserID="wo1", FailReason="customer_limit_exceed")  # fmt: skip
    party, customer, failed = at.dispatcher.seen
    assert (party.kind, party.action, party.value, party.fields) == (
        "unit", "changed", "7", {"name": "北区", "parent": ""},
    )  # fmt: skip
    assert (customer.kind, customer.user, customer.action, customer.value) == ("contact", "ann", "added", "wo1")
    assert (customer.fields["state"], failed.action, failed.fields["why"]) == ("web", "stays", "full")


@pytest.mark.parametrize("event", ["view", "LOCATION", "batch_job_result", "change_external_chat", "made_up"])
def test_an_event_that_means_nothing_here_is_taken_and_left(at: Doorstep, event: str) -> None:
    reply = at.caller.event("ann", event, EventKey="x", ChangeType="create")
    assert (reply.status, reply.xml, at.dispatcher.seen) == (200, None, [])


@pytest.mark.parametrize(
    "told",
    [
        {"UserID": "", "ExternalUserID": "wo1"},
        {"UserID": "ann", "ExternalUserID": "x" * 200},
        {"UserID": {"a": "b"}, "ExternalUserID": "wo1"},
    ],
)
def test_news_of_nobody_are_refused(at: Doorstep, told: dict[str, object]) -> None:
    reply = at.caller.event("sys", "change_external_contact", ChangeType="add_external_contact", **told)
    assert (reply.status, at.dispatcher.seen) == (400, [])


@pytest.mark.parametrize(
    ("kind", "more", "name", "mime"),
    [
        ("image", {}, "picture.jpg", "image/jpeg"),
        ("voice", {"Format": "amr"}, "voice.amr", "audio/amr"),
        ("file", {"FileName": "客户.xlsx", "FileSize": "2048"}, "客户.xlsx", ""),
        ("file", {}, "file", ""),
    ],
)
def test_a_picture_a_recording_or_a_file_comes_with_a_way_to_it(
    at: Doorstep, kind: str, more: dict[str, str], name: str, mime: str
) -> None:
    at.caller.call("ann", MsgType=kind, MediaId="m-1", MsgId=1, **more)
    (sent,) = only(at).files
    assert only(at).kind == "file"
    assert (sent.name, sent.mime, sent.size) == (name, mime, int(more.get("FileSize", 0)))
    assert sent.handle == {"media_id": "m-1"}


@pytest.mark.parametrize("kind", ["video", "location", "link"])
def test_what_cannot_be_read_gets_a_friendly_word(at: Doorstep, kind: str) -> None:
    reply = at.caller.call("ann", MsgType=kind, MediaId="m", MsgId=1)
    assert reply.xml is not None
    assert (reply.xml["MsgType"], reply.xml["ToUserName"]) == ("text", "ann")
    assert "I understand words" in reply.xml["Content"]


def test_two_contact_events_of_one_second_are_two(at: Doorstep) -> None:
    for user in ("ann", "bob"):
        at.caller.event("sys", "change_contact", ChangeType="delete_user", UserID=user, CreateTime=1_800_000_000)
    assert len(at.dispatcher.effects) == 2


def test_an_answer_with_words_is_a_text_of_at_most_2048_bytes(at: Doorstep) -> None:
    at.dispatcher.answer = lambda _: Answer(card=Card("长]]>文", (Text("汉" * 3000),)))
    reply = at.caller.text("ann", "my")
    assert reply.xml is not None
    assert len(reply.xml["Content"].encode()) <= 2048
    assert reply.xml["Content"].startswith("长］］＞文\n汉")


def test_user_text_cannot_leave_its_place_in_a_reply() -> None:
    xml = wecom_replies.text("ann", "ww1", "x]]></Content><MsgType>evil</MsgType>")
    assert "]]></Content><MsgType>evil" not in xml


def test_a_tapped_card_is_replaced_in_the_answer(at: Doorstep) -> None:
    at.dispatcher.answer = lambda _: Answer(card=lead_card(), replace=True)
    reply = tap(at, "lead.claim|L-12~6")
    assert reply is not None
    card = reply["TemplateCard"]
    assert reply["MsgType"] == "update_template_card"
    assert card["CardType"] == "button_interaction"
    assert card["MainTitle"] == {"Title": "新线索 王芳 (L-12)", "Desc": "轮到你了：本周最少"}
    assert [button["Key"] for button in card["ButtonList"]] == ["lead.log|L-12~7", "lead.later|L-12~7"]
    assert [pair["KeyName"] for pair in card["HorizontalContentList"]] == ["电话", "来源"]
    assert (card["TaskId"], card["ActionMenu"]["ActionList"]["Text"]) == ("s-1", "释放")


def test_an_answer_that_is_owed_as_a_message_leaves_the_tapped_card_alone(at: Doorstep) -> None:
    at.dispatcher.answer = lambda _: Answer(card=lead_card(), replace=False)
    assert tap(at, "lead.claim|L-12~6") is None


def test_a_form_of_choices_arrives_as_a_card(at: Doorstep) -> None:
    at.dispatcher.answer = lambda _: Answer(form=choices())
    assert tap(at, "lead.log|L-12") is None
    assert at.next_message("ann").card["card_type"] == "multiple_interaction"


def test_a_long_answer_changes_the_tapped_card_and_follows_as_a_message(at: Doorstep) -> None:
    at.dispatcher.answer = lambda _: Answer(card=pool_list(13), replace=True)
    reply = tap(at, "pool|")
    assert reply is not None
    assert len(reply["TemplateCard"]["ButtonSelection"]["OptionList"]) == 10
    assert "• L-12 客户12" in at.next_message("ann").text


def test_a_form_that_cannot_be_sent_costs_nothing_else(at: Doorstep) -> None:
    at.dispatcher.answer = lambda _: Answer(form=choices())
    at.wecom.script("message/send", errcode(-1))
    assert [at.caller.text("ann", "log L-12").status for _ in range(2)] == [200, 200]
    assert at.next_message("ann").card["card_type"] == "multiple_interaction"


def test_a_form_that_wants_words_says_what_to_type(at: Doorstep) -> None:
    at.dispatcher.answer = lambda _: Answer(form=note_form(), errors={"text": "不能为空"})
    reply = at.caller.text("ann", "跟进 L-12")
    assert reply.xml is not None
    lines = reply.xml["Content"].splitlines()
    assert lines[:3] == ["不能为空", "记录跟进 ＜b＞", "• 内容"]
    assert lines[-1] == "⌨ 跟进 L-12 内容; 电话"


def test_while_the_database_is_away_words_get_a_polite_answer_and_events_come_again(at: Doorstep) -> None:
    def away(_: Interaction) -> Answer:
        raise DatabaseAway

    at.dispatcher.answer = away
    assert "busy" in (at.caller.text("ann", "my").xml or {})["Content"]
    assert "busy" in (at.caller.event("ann", "click", EventKey="my").xml or {})["Content"]
    assert at.caller.event("ann", "subscribe").status == 503
    assert at.caller.event("ann", "template_card_event", EventKey="a|b").attempts == 3


def test_while_nobody_knows_the_keys_everything_comes_again(at: Doorstep) -> None:
    at.workspaces.away = True
    assert at.caller.text("ann", "my").status == 503


def test_a_callback_of_one_app_is_not_taken_for_another(at: Doorstep) -> None:
    at.caller.path = "/wecom/callback/1000003"
    assert at.caller.text("ann", "my").status == 403
    at.caller.path = f"/wecom/callback/{at.wecom.agent_id}"
    assert at.caller.text("ann", "my").status == 200


def test_three_deliveries_of_one_message_have_one_effect_and_one_answer(at: Doorstep) -> None:
    at.dispatcher.answer = lambda _: Answer(card=Card("ok"))
    texts = [(at.caller.text("ann", "claim L-1", msg_id=9).xml or {})["Content"] for _ in range(3)]
    assert (texts, len(at.dispatcher.effects)) == (["ok"] * 3, 1)


def test_random_bytes_before_the_reply_cannot_be_guessed(at: Doorstep) -> None:
    at.dispatcher.answer = lambda _: Answer(card=Card("ok"))
    bodies = {
        at.post(*at.caller.sealed(at.caller.message("ann", MsgType="text", Content="x", MsgId=n)))[1] for n in range(9)
    }
    assert len({base64.b64decode(body.split(b"CDATA[")[1].split(b"]")[0])[:16] for body in bodies}) == 9
