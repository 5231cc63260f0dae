"""Slack's door: every kind of request becomes the right interaction."""

import time

import pytest

from bot.interaction import Answer
from bot.platforms import slack_blocks
from tests.webhooks.slack_kit import CLAIM, IN_DM, LOG, MENTION, element


def test_a_slash_command_says_who_where_and_what(stage):
    response = stage.wire.command("U1", "claim L-12", "C1")
    asked = stage.asked
    assert response.status_code == 200
    assert (asked.workspace, asked.user, asked.text, asked.conversation) == ("T1", "U1", "claim L-12", "C1")
    assert asked.key == f"command:{asked.trigger}"
    assert asked.reply_to.endswith("#U1")


def test_a_command_in_a_private_chat_has_no_conversation(stage):
    stage.wire.command("U1", "my", "D1")
    assert stage.asked.conversation is None


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("log L-12 “called” — wants ‘quote’", "log L-12 \"called\" - wants 'quote'"),
        (
            "new Ann <mailto:ann@acme.com|ann@acme.com> <tel:+8613800138000|13800138000>",
            "new Ann ann@acme.com 13800138000",
        ),
        ("assign L-12 <@U2|bob>", "assign L-12 @U2"),
        ("note L-12 see <https://acme.com/a|acme.com> &amp; &lt;b&gt;", "note L-12 see acme.com & <b>"),
        ("note L-12 <https://evil.example|your bank>", "note L-12 https://evil.example"),
        ("here <#C9|east>", "here east"),
        ("note L-12 <!here> now", "note L-12 @here now"),
        ("sluice my", "my"),
        ("/sluice my", "my"),
        ("跟进 L-12 打了电话，要报价", "跟进 L-12 打了电话，要报价"),
        ("a\u202eb\x00c", "abc"),
    ],
)
def test_words_are_read_as_they_were_meant(stage, typed, read):
    stage.wire.push(stage.wire.event(IN_DM | {"text": typed}))
    assert stage.asked.text == read


def test_a_private_message_is_a_command_answered_in_that_chat(stage):
    stage.wire.push(stage.wire.event(IN_DM | {"text": "my"}, event_id="Ev1"))
    asked = stage.asked
    assert (asked.key, asked.conversation, asked.reply_to, asked.trigger) == ("event:Ev1", None, "D1", None)


@pytest.mark.parametrize("text", ["<@UBOT> claim L-12", "claim <@UBOT|sluice> L-12", "<@UBOT> sluice claim L-12"])
def test_a_mention_is_a_command_answered_to_that_person_only(stage, text):
    stage.wire.push(stage.wire.event(MENTION | {"text": text}))
    assert " ".join(stage.asked.text.split()) == "claim L-12"
    assert (stage.asked.conversation, stage.asked.reply_to) == ("C1", "C1@U1")


def test_a_mention_drops_a_leading_name_where_our_own_is_not_told(stage):
    stage.wire.push(stage.wire.event(MENTION | {"text": "<@U777> my"}) | {"authorizations": []})
    assert stage.asked.text == "my"


def test_a_reply_in_the_thread_of_a_card_says_where_the_card_stands(stage):
    stage.wire.push(stage.wire.event(IN_DM | {"text": "called, wants a quote", "thread_ts": "1700000000.000100"}))
    assert stage.asked.handle == {"channel": "D1", "ts": "1700000000.000100"}
    assert stage.asked.reply_to == "D1/1700000000.000100"


@pytest.mark.parametrize(
    "event",
    [
        IN_DM | {"text": "hi", "bot_id": "B1"},
        IN_DM | {"text": "hi", "subtype": "message_changed"},
        IN_DM | {"text": "hi", "subtype": "bot_message"},
        IN_DM | {"text": "hi", "user": "UBOT"},
        IN_DM | {"text": "hi", "user": "USLACKBOT"},
        IN_DM | {"text": "hi", "channel_type": "channel"},
        {"type": "app_home_opened", "user": "U1", "channel": "D1", "tab": "messages"},
        {"type": "user_change", "user": {"id": "U2", "is_restricted": True}},
        {"type": "team_join", "user": {"id": "U2", "is_bot": True}},
        {"type": "channel_rename", "channel": {"id": "C1", "name": "new", "created": 1}},
        {"type": "something_new"},
        {"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}},
    ],
)
def test_what_needs_no_answer_is_acknowledged(stage, event):
    response = stage.wire.push(stage.wire.event(event))
    assert (response.status_code, response.text, stage.script.asked) == (200, "", [])


@pytest.mark.parametrize(("event", "kind"), [("user_change", "left"), ("team_join", "joined")])
def test_somebody_who_joins_or_leaves_the_workspace_does_so_here(stage, event, kind):
    person = {
        "id": "U2",
        "name": "bob",
        "deleted": kind == "left",
        "is_bot": False,
        "profile": {"email": "b@x.example"},
    }
    stage.wire.push(stage.wire.event({"type": event, "user": person}))
    assert (stage.asked.kind, stage.asked.user) == (kind, "U2")


@pytest.mark.parametrize(
    "event", [{"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"bot": ["UBOT"]}}]
)
def test_an_app_that_is_removed_is_uninstalled(stage, event):
    stage.wire.push(stage.wire.event(event))
    again = stage.wire.push(stage.wire.event(event))
    assert (stage.installed.known, again.status_code) == ([], 200)


def test_the_address_is_verified_by_its_challenge(stage):
    response = stage.wire.push({"token": "x", "challenge": "3eZbrw1a", "type": "url_verification"})
    assert (response.status_code, response.json()) == (200, {"challenge": "3eZbrw1a"})


def test_a_limit_on_events_is_noted(stage):
    assert stage.wire.push({"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1}).status_code == 200


def test_a_tap_says_what_which_version_and_where(stage, posted):
    stage.wire.interact(stage.wire.tap("U1", posted["C1"], element(posted["C1"], "Claim")))
    asked = stage.asked
    assert (asked.kind, asked.action, asked.value, asked.version) == ("action", "lead.claim", "L-12", 7)
    assert (asked.handle, asked.conversation) == ({"channel": "C1", "ts": "1700000009.000100"}, "C1")
    assert asked.reply_to.startswith(stage.server.url)
    assert asked.profile == {"name": "u1"}


def test_a_tap_in_the_private_chat_is_answered_there_for_good(stage, posted):
    stage.wire.interact(stage.wire.tap("U1", posted["D1"], element(posted["D1"], "Claim")))
    assert (stage.asked.reply_to, stage.asked.conversation) == ("D1", None)


def test_a_choice_is_its_option(stage, posted):
    select = element(posted["D1"], "static_select")
    stage.wire.interact(stage.wire.tap("U1", posted["D1"], select, select["options"][1]))
    assert (stage.asked.action, stage.asked.value, stage.asked.version) == ("lead.stage", "won", 7)


def test_an_entry_of_a_menu_is_the_button_that_it_stands_for(stage, posted):
    menu = element(posted["D1"], "overflow")
    stage.wire.interact(stage.wire.tap("U1", posted["D1"], menu, menu["options"][0]))
    assert (stage.asked.action, stage.asked.value, stage.asked.version) == ("lead.why", "L-12", 7)


def test_a_repeated_button_is_the_same_action(stage, posted):
    stage.wire.interact(
        stage.wire.tap("U1", posted["D1"], {"type": "button", "action_id": "lead.claim:3", "value": "L-9~1"})
    )
    assert (stage.asked.action, stage.asked.value) == ("lead.claim", "L-9")


def test_two_taps_are_two_and_a_repeated_delivery_is_one(stage, posted):
    payload = stage.wire.tap("U1", posted["D1"], element(posted["D1"], "Claim"))
    stage.wire.interact(payload)
    stage.wire.interact(payload)
    time.sleep(0.001)
    stage.wire.interact(stage.wire.tap("U1", posted["D1"], element(posted["D1"], "Claim")))
    first, repeat, second = (asked.key for asked in stage.script.asked)
    assert first == repeat != second


def test_a_link_that_was_opened_needs_no_answer(stage, posted):
    response = stage.wire.interact(stage.wire.tap("U1", posted["D1"], element(posted["D1"], "crm.example.com")))
    assert (response.status_code, stage.script.asked) == (200, [])


def test_a_tap_on_a_private_card_is_answered_by_its_response_url(stage):
    shown = stage.server.answered(slack_blocks.message(CLAIM), "U1", "C1")
    stage.wire.interact(stage.wire.tap("U1", shown, element(shown, "Claim")))
    assert stage.asked.handle["response_url"].startswith(stage.server.url)


def test_a_submitted_form_brings_its_fields_and_where_it_was_opened(stage, posted):
    stage.script.answers["lead.log"] = Answer(form=LOG)
    stage.wire.interact(
        stage.wire.tap("U1", posted["C1"], {"type": "button", "action_id": "lead.log", "value": "L-12~7"})
    )
    view = stage.server.wait(lambda: list(stage.server.opened.values()))[0]
    stage.script.answers["lead.log"] = Answer()
    values = {"note": {"type": "plain_text_input", "value": "called <b>"}}
    response = stage.wire.interact(stage.wire.submit("U1", view, values))
    tapped, sent = stage.script.asked
    assert (response.status_code, response.text) == (200, "")
    assert (sent.kind, sent.action, sent.value, sent.fields) == (
        "form", "lead.log", "L-12", {"lead": "L-12", "note": "called <b>"},
    )  # fmt: skip
    assert (sent.handle, sent.conversation, sent.reply_to) == (tapped.handle, "C1", tapped.reply_to)


def test_a_corrected_form_is_another_one(stage):
    view = {"id": "V1", "type": "modal", "callback_id": "lead.log", "hash": "1.a", "private_metadata": ""}
    for words in ("", "called", "called"):
        stage.wire.interact(stage.wire.submit("U1", view, {"note": {"type": "plain_text_input", "value": words}}))
    first, corrected, repeat = (asked.key for asked in stage.script.asked)
    assert first != corrected == repeat


def test_a_closed_form_needs_no_answer(stage):
    view = {"id": "V1", "type": "modal", "callback_id": "lead.log", "private_metadata": ""}
    closed = stage.wire.interaction("view_closed", "U1", view=view, is_cleared=False)
    assert stage.wire.interact(closed).status_code == 200
    assert stage.script.asked == []


def test_a_shortcut_is_its_action(stage):
    facts = {"callback_id": "lead.new", "trigger_id": "1.2.3", "action_ts": "1.1"}
    stage.wire.interact(stage.wire.interaction("shortcut", "U1", **facts))
    assert (stage.asked.kind, stage.asked.action, stage.asked.reply_to) == ("action", "lead.new", "U1")


def test_a_message_shortcut_brings_the_message(stage):
    stage.wire.interact(
        stage.wire.interaction(
            "message_action",
            "U1",
            callback_id="lead.new:2",
            trigger_id="1.2.3",
            message_ts="1.1",
            channel={"id": "C1", "name": "sales"},
            message={"type": "message", "text": "Wang <tel:13800138000|13800138000>", "user": "U2", "ts": "1.1"},
            response_url=stage.server.response_url("U1", "C1"),
        )
    )
    said = "Wang 13800138000"
    assert (stage.asked.action, stage.asked.value, stage.asked.quoted) == ("lead.new", said, said)


def test_a_search_for_nothing_that_we_know_finds_nothing_but_answers(stage):
    response = stage.wire.interact(stage.wire.interaction("block_suggestion", "U1", action_id="x", value="acm"))
    assert response.json() == {"options": []}


def test_an_installation_for_a_whole_enterprise_is_found_by_its_id(stage):
    facts = {"team": None, "enterprise": {"id": "E1", "name": "Acme"}, "user": {"id": "U1"}}
    payload = stage.wire.interaction("shortcut", "U1", callback_id="x", trigger_id="1.2") | facts
    stage.installed.known = [stage.installed.known[0].__class__(3, 1, "slack", "E1", secrets={"bot_token": "x"})]
    stage.wire.interact(payload)
    assert stage.asked.workspace == "E1"
