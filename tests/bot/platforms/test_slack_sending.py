"""Cards on their way to Slack: posted, edited, answered, shown as a home page; against a strict double."""

import pytest

from bot.cards.model import Actions, Button, Card, Form, Image, Input, Text
from bot.platforms import slack, slack_address
from bot.platforms.base import (
    Address,
    CardGone,
    InstallationDead,
    RecipientGone,
    Rejected,
    Throttled,
    TriggerExpired,
    Workspace,
)
from bot.platforms.slack import SlackPlatform
from crm.settings import Settings
from tests.doubles.slack import TOKEN, SlackDouble
from tests.doubles.slack_http import refused, throttled

CARD = Card("ACME", (Text("Ann & Bob <3"), Actions((Button("lead.claim", "Claim", "L-1"),))), version=7)
NEWER = Card("ACME taken")
FORM = Form("lead.log", "Log", "Save", (Input("note", "What happened?"),), "L-1")
WORKSPACE = Workspace(1, 1, "slack", "T1", secrets={"bot_token": TOKEN})
CHART = Card("Digest", (Image(b"\x89PNG", "12 new"),))


@pytest.fixture
def server():
    double = SlackDouble()
    double.user("U1", name="Ann", email="ann@example.com", locale="zh-CN")
    yield double
    double.stop()


@pytest.fixture
def platform(server):
    return SlackPlatform(Settings(slack_api_url=server.api_url), timeout=20)


@pytest.fixture
def post(platform):
    return lambda where, card=CARD: platform.send(WORKSPACE, Address("answer", where), card, key="m1")


def test_a_card_to_a_person_lands_in_the_private_chat_and_can_be_edited(server, platform):
    handle = platform.send(WORKSPACE, Address("person", "U1"), CARD, key="m1")
    again = platform.update(WORKSPACE, handle, NEWER)
    (message,) = server.standing("D1")
    assert (message.text, message.edits) == ("ACME taken", 1)
    assert again == handle == {"channel": "D1", "ts": message.ts}


def test_a_message_names_its_key_and_unfurls_nothing(server, platform):
    platform.send(WORKSPACE, Address("channel", "C1"), CARD, key="m1")
    sent = server.calls[-1].arguments
    assert sent["metadata"] == {"event_type": "sluice_card", "event_payload": {"key": "m1"}}
    assert (sent["unfurl_links"], sent["unfurl_media"]) == (False, False)
    assert sent["text"] == "ACME\nAnn &amp; Bob &lt;3\n[Claim]"


def test_an_answer_in_a_channel_is_for_one_persons_eyes_in_the_same_thread(server, post):
    assert post(slack_address.place("C1", "1700000001.000100", "U1")) == {}
    (message,) = server.standing("C1")
    assert (message.seen_by, message.thread) == ("U1", "1700000001.000100")


def test_a_public_channel_is_joined_when_that_is_what_is_missing(server, platform):
    server.channels["C2"] = {"is_member": False}
    platform.send(WORKSPACE, Address("channel", "C2"), CARD, key="m1")
    assert len(server.standing("C2")) == 1


def test_a_private_channel_without_us_is_gone_for_us(server, platform):
    server.channels["C2"] = {"is_member": False, "is_private": True}
    with pytest.raises(RecipientGone, match="channel_not_found"):
        platform.send(WORKSPACE, Address("channel", "C2"), CARD, key="m1")


def test_an_answer_goes_to_the_response_url_for_its_reader_only(server, post):
    post(server.response_url("U1", "C1") + "#U1")
    (message,) = server.standing("C1")
    assert (message.seen_by, message.text) == ("U1", "ACME\nAnn &amp; Bob &lt;3\n[Claim]")


def test_a_private_card_is_replaced_through_its_response_url(server, platform):
    message = server.answered(platform.render(CARD), "U1", "C1")
    platform.update(WORKSPACE, {"response_url": server.response_url("U1", "C1", message)}, NEWER)
    assert [standing.text for standing in server.standing("C1")] == ["ACME taken"]


def test_the_sixth_answer_by_one_url_goes_to_the_private_chat(server, post):
    url = server.response_url("U1", "C1") + "#U1"
    handles = [post(url) for _ in range(6)]
    assert handles == [{}] * 5 + [{"channel": "D1", "ts": server.standing("D1")[0].ts}]


def test_an_answer_after_half_an_hour_goes_to_the_private_chat(server, post):
    url = server.response_url("U1", "C1") + "#U1"
    server.skew = 1801
    assert post(url)["channel"] == "D1"


def test_an_expired_url_without_a_reader_is_a_card_that_is_gone(server, post, platform):
    with pytest.raises(CardGone):
        post(server.url + "hooks/999/U1")
    with pytest.raises(CardGone):
        platform.update(WORKSPACE, {"response_url": server.url + "hooks/999/U1"}, NEWER)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/hooks",
        "http://hooks.slack.com/actions/1",
        "https://hooks.slack.com.evil.example/1",
        "https://hooks.slack.com@evil.example/1",
        "https://user:pass@hooks.slack.com/1",
        "https://hooks.slack.com:8443/1",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]:80/",
        "http://[::1/",
        "http://localhost/",
    ],
)
def test_nobody_but_slack_is_ever_called(server, post, url):
    with pytest.raises(Rejected, match="response_url_not_allowed"):
        post(url)
    assert server.calls == []


def test_a_redirect_is_not_followed(server, post):
    server.faults.add("hook", redirect(server.url + "api/auth.test"))
    with pytest.raises(Rejected, match="response_url_redirects"):
        post(server.response_url("U1", "C1") + "#U1")
    assert server.count("auth.test") == 0


def test_a_card_that_is_deleted_cannot_be_edited(platform):
    with pytest.raises(CardGone, match="message_not_found"):
        platform.update(WORKSPACE, {"channel": "D1", "ts": "1.1"}, NEWER)
    with pytest.raises(CardGone, match="no_handle"):
        platform.update(WORKSPACE, {}, NEWER)


def test_a_form_opens_once_for_each_tap_and_not_later_than_three_seconds(server, platform):
    first, second = server.trigger(), server.trigger()
    platform.open_form(WORKSPACE, first, FORM, back={"reply_to": "D1"})
    server.skew = 3.5
    for trigger, cause in (
        (first, "exchanged_trigger_id"),
        (second, "expired_trigger_id"),
        ("x", "invalid_trigger_id"),
    ):
        with pytest.raises(TriggerExpired, match=cause):
            platform.open_form(WORKSPACE, trigger, FORM)
    assert server.opened[first]["callback_id"] == "lead.log"


def test_a_picture_is_uploaded_before_the_message_that_shows_it(server, platform):
    platform.send(WORKSPACE, Address("channel", "C1"), CHART, key="m1")
    order = [call.method for call in server.calls]
    assert order == ["files.getUploadURLExternal", "upload", "files.completeUploadExternal", "chat.postMessage"]
    assert server.standing("C1")[0].blocks[1]["type"] == "image"


def test_a_picture_that_slack_is_still_looking_at_is_shown_a_moment_later(server, platform, monkeypatch):
    monkeypatch.setattr(slack, "FILE_SETTLES", 0)
    server.file_delay = 1
    platform.send(WORKSPACE, Address("channel", "C1"), CHART, key="m1")
    assert server.standing("C1")[0].blocks[1]["type"] == "image"


@pytest.mark.parametrize("step", ["files.getUploadURLExternal", "upload", "files.completeUploadExternal"])
def test_a_picture_that_cannot_be_uploaded_is_told_in_words(server, platform, step):
    server.faults.add(step, refused("missing_scope"))
    platform.send(WORKSPACE, Address("channel", "C1"), CHART, key="m1")
    assert server.standing("C1")[0].blocks[1]["elements"][0]["text"] == "12 new"


def test_a_throttled_upload_makes_the_message_wait(server, platform):
    server.faults.add("files.getUploadURLExternal", throttled(3))
    with pytest.raises(Throttled) as caught:
        platform.send(WORKSPACE, Address("channel", "C1"), CHART, key="m1")
    assert caught.value.retry_after == 3
    assert server.standing("C1") == []


def test_blocks_that_slack_refuses_leave_the_words(server, platform):
    server.faults.add("chat.postMessage", *[refused("invalid_blocks")] * 2)
    platform.send(WORKSPACE, Address("person", "U1"), CARD, key="m1")
    (message,) = server.standing("D1")
    assert (message.blocks, message.text) == ([], "ACME\nAnn &amp; Bob &lt;3\n[Claim]")


def test_blocks_that_slack_counts_otherwise_are_sent_again_much_shorter(server, platform):
    long = Card("Essay", tuple(Text("长" * 100) for _ in range(40)))
    server.faults.add("chat.postMessage", refused("msg_blocks_too_long"))
    platform.send(WORKSPACE, Address("person", "U1"), long, key="m1")
    assert 1 <= len(server.standing("D1")[0].blocks) <= 20


def test_the_home_page_holds_twice_as_many_rows(server, platform):
    platform.publish_home(WORKSPACE, "U1", Card("Today", tuple(Text(f"line {n}") for n in range(80))))
    assert len(server.homes["U1"]["blocks"]) == 81


def test_a_profile_says_who_a_person_is(platform):
    known = platform.profile(WORKSPACE, "U1")
    assert known == {"name": "Ann", "email": "ann@example.com", "locale": "zh-CN", "tz": "Asia/Shanghai"}


def test_a_profile_that_slack_will_not_tell_is_empty(server, platform):
    server.faults.add("users.info", throttled(), refused("missing_scope", needed="users:read"))
    assert [platform.profile(WORKSPACE, "U1"), platform.profile(WORKSPACE, "U1")] == [{}, {}]


def test_an_installation_without_a_token_is_dead(platform):
    with pytest.raises(InstallationDead):
        platform.send(Workspace(1, 1, "slack", "T1"), Address("person", "U1"), CARD, key="m1")


def redirect(to: str):
    from tests.doubles.slack_http import Fault, Reply

    return Fault(Reply("moved", 302, {"Location": to}))
