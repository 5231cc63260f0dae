"""Cards on their way out: private chats, group chats, robots, updates, forms, and what the platform makes of them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.cards.model import Card, Image, Text
from bot.interaction import Interaction
from bot.platforms import base
from bot.platforms.base import Address, Workspace
from bot.platforms.wecom import WeCom
from tests.bot.platforms.wecom_kit import (
    EMOJI,
    PNG,
    MemoryTokens,
    adapter,
    buttons,
    choices,
    excess,
    installed,
    lead_card,
    note_form,
    pool_list,
)
from tests.doubles.wecom import WeComDouble
from tests.doubles.wecom_faults import cut, errcode, hang, status

ANN = Address("person", "ann")
CHART = Card("日报", (Text("合计 3"), Image(PNG, "漏斗图")))


@pytest.fixture
def wecom() -> Iterator[WeComDouble]:
    with WeComDouble() as double:
        yield double


@pytest.fixture
def here(wecom: WeComDouble) -> Workspace:
    return installed(wecom)


@pytest.fixture
def platform(wecom: WeComDouble) -> WeCom:
    return adapter(wecom)


def test_a_card_arrives_with_a_handle_to_update_it(wecom: WeComDouble, platform: WeCom, here: Workspace) -> None:
    handle = platform.send(here, ANN, lead_card(), key="m:1")
    (sent,) = wecom.messages("ann")
    assert handle["msgid"] == sent.msgid
    assert handle["userid"] == "ann"
    assert handle["task_id"] == sent.card["task_id"]
    platform.update(here, handle, Card("已领取", (buttons(2),)))
    assert (sent.card["main_title"]["title"], sent.card["task_id"]) == ("已领取", handle["task_id"])


def test_a_response_code_serves_once(platform: WeCom, here: Workspace) -> None:
    handle = platform.send(here, ANN, lead_card(), key="m:1")
    later = platform.update(here, handle, Card("一"))
    with pytest.raises(base.CardGone):
        platform.update(here, later, Card("二"))
    with pytest.raises(base.CardGone, match="42022"):
        platform.update(here, handle, Card("三"))


def test_a_card_older_than_72_hours_is_gone_without_asking(wecom: WeComDouble, here: Workspace) -> None:
    now = datetime(2026, 3, 4, tzinfo=UTC)
    times = iter([now, now + timedelta(hours=73)])
    platform = WeCom(MemoryTokens(), api_url=wecom.url, time=lambda: next(times))
    handle = platform.send(here, ANN, lead_card(), key="m:1")
    with pytest.raises(base.CardGone):
        platform.update(here, handle, Card("x"))
    assert wecom.calls["message/update_template_card"] == 0


@pytest.mark.parametrize("code", [42014, 42015, 42016, 42022])
def test_every_way_to_refuse_an_update_means_a_fresh_card(
    wecom: WeComDouble, platform: WeCom, here: Workspace, code: int
) -> None:
    handle = platform.send(here, ANN, lead_card(), key="m:1")
    wecom.script("message/update_template_card", errcode(code))
    with pytest.raises(base.CardGone):
        platform.update(here, handle, Card("x"))


def test_a_tapped_card_is_updated_by_the_code_of_the_tap(wecom: WeComDouble, platform: WeCom, here: Workspace) -> None:
    platform.send(here, ANN, lead_card(), key="m:1")
    (sent,) = wecom.messages("ann")
    tapped = {"response_code": wecom.new_code(sent), "task_id": "s-1", "userid": "ann"}
    platform.update(here, tapped, Card("完成", tone="good"))
    assert (sent.card["main_title"]["title"], sent.card["replace_text"]) == ("完成", "✓")


def test_a_card_without_buttons_has_no_code_and_cannot_be_updated(platform: WeCom, here: Workspace) -> None:
    handle = platform.send(here, ANN, Card("只有字"), key="m:1")
    with pytest.raises(base.CardGone):
        platform.update(here, handle, Card("x"))


@pytest.mark.parametrize("unit", ["x", "汉", EMOJI])
def test_a_card_beyond_all_limits_arrives_uncut(
    wecom: WeComDouble, platform: WeCom, here: Workspace, unit: str
) -> None:
    wecom.do_appchat_create({}, {"chatid": "team", "userlist": ["ann", "bob"]})
    for to in (ANN, Address("appchat", "team"), Address("robot", next(iter(wecom.robots)))):
        platform.send(here, to, excess(unit), key="m:1")
    assert wecom.cut == []
    assert {each.body["msgtype"] for each in wecom.sent} == {"markdown", "template_card", "image"}


def test_the_number_of_messages_is_known_beforehand(wecom: WeComDouble, platform: WeCom, here: Workspace) -> None:
    for number, card in enumerate([lead_card(), pool_list(9), CHART, excess("汉")]):
        before = len(wecom.sent)
        platform.send(here, ANN, card, key=f"m:{number}")
        assert len(wecom.sent) - before == len(platform.render(card)["messages"])


def test_a_chart_goes_to_a_person_and_a_chat_as_an_upload(wecom: WeComDouble, platform: WeCom, here: Workspace) -> None:
    wecom.do_appchat_create({}, {"chatid": "team", "userlist": ["ann", "bob"]})
    platform.send(here, ANN, CHART, key="m:1")
    platform.send(here, Address("appchat", "team"), CHART, key="m:2")
    assert list(wecom.media.values()) == [PNG, PNG]
    assert [each.body["msgtype"] for each in wecom.messages("team")] == ["markdown", "image"]


def test_a_chart_goes_through_a_robot_in_the_message(wecom: WeComDouble, platform: WeCom, here: Workspace) -> None:
    robot = next(iter(wecom.robots))
    assert platform.send(here, Address("robot", robot), CHART, key="m:1") == {}
    assert [each.body["msgtype"] for each in wecom.messages(robot)] == ["markdown", "image"]
    assert (wecom.media, wecom.calls["gettoken"]) == ({}, 0)


def test_a_robot_may_be_known_by_a_name_whose_key_is_a_secret(wecom: WeComDouble, platform: WeCom) -> None:
    robot = next(iter(wecom.robots))
    platform.send(installed(wecom, **{"robot:north": robot}), Address("robot", "north"), Card("早"), key="m:1")
    assert len(wecom.messages(robot)) == 1


def test_the_twenty_first_robot_message_must_wait(platform: WeCom, wecom: WeComDouble, here: Workspace) -> None:
    robot = Address("robot", next(iter(wecom.robots)))
    for number in range(20):
        platform.send(here, robot, Card("早"), key=f"m:{number}")
    with pytest.raises(base.Throttled):
        platform.send(here, robot, Card("早"), key="m:20")


@pytest.mark.parametrize(
    ("to", "error"),
    [
        (Address("person", "gone"), base.RecipientGone),
        (Address("appchat", "gone"), base.RecipientGone),
        (Address("robot", "00000000-0000-0000-0000-000000000000"), base.RecipientGone),
        (Address("channel", "C1"), base.Rejected),
    ],
)
def test_who_is_gone_is_told_so(platform: WeCom, here: Workspace, to: Address, error: type[Exception]) -> None:
    with pytest.raises(error):
        platform.send(here, to, Card("x"), key="m:1")


def test_success_that_left_the_person_out_is_no_success(wecom: WeComDouble, platform: WeCom, here: Workspace) -> None:
    wecom.all_invalid_is_an_error = False
    with pytest.raises(base.RecipientGone):
        platform.send(here, Address("person", "Gone"), Card("x"), key="m:1")


def test_names_of_people_match_whatever_their_case(wecom: WeComDouble, platform: WeCom, here: Workspace) -> None:
    platform.send(here, Address("person", "ANN"), Card("x"), key="m:1")
    assert len(wecom.messages("ann")) == 1


def test_a_card_that_is_refused_goes_out_as_words(wecom: WeComDouble, platform: WeCom, here: Workspace) -> None:
    wecom.script("message/send", errcode(42038))
    handle = platform.send(here, ANN, lead_card(), key="m:1")
    (sent,) = wecom.messages("ann")
    assert sent.text.endswith("⌨ 跟进 L-12 · 释放 L-12")
    assert "response_code" not in handle


def test_what_may_have_arrived_is_not_shown_twice(wecom: WeComDouble, platform: WeCom, here: Workspace) -> None:
    wecom.script("message/send", cut())
    with pytest.raises(base.OutcomeUnknown):
        platform.send(here, ANN, lead_card(), key="m:1")
    platform.send(here, ANN, lead_card(), key="m:1#again")
    assert len(wecom.messages("ann")) == 1


def test_what_was_lost_arrives_when_it_is_sent_again(wecom: WeComDouble, platform: WeCom, here: Workspace) -> None:
    wecom.script("message/send", cut(acts=False))
    with pytest.raises(base.OutcomeUnknown):
        platform.send(here, ANN, lead_card(), key="m:1")
    assert platform.send(here, ANN, lead_card(), key="m:1#again")["response_code"]
    assert len(wecom.messages("ann")) == 1


def test_two_equal_reminders_both_arrive(wecom: WeComDouble, platform: WeCom, here: Workspace) -> None:
    for number in range(2):
        platform.send(here, ANN, lead_card(), key=f"m:{number}")
        platform.send(here, ANN, Card("提醒"), key=f"r:{number}")
    assert len(wecom.messages("ann")) == 4


def test_a_chart_that_cannot_be_uploaded_leaves_nothing_half_said(
    wecom: WeComDouble, platform: WeCom, here: Workspace
) -> None:
    wecom.script("media/upload", errcode(-1))
    with pytest.raises(base.Unavailable) as caught:
        platform.send(here, ANN, CHART, key="m:1")
    assert not isinstance(caught.value, base.OutcomeUnknown)
    assert wecom.sent == []


def test_a_second_message_that_fails_leaves_the_outcome_unknown(
    wecom: WeComDouble, platform: WeCom, here: Workspace
) -> None:
    robot = Address("robot", next(iter(wecom.robots)))
    for number in range(19):
        platform.send(here, robot, Card("早"), key=f"m:{number}")
    with pytest.raises(base.OutcomeUnknown, match="after 1 of 2"):
        platform.send(here, robot, CHART, key="m:x")


def test_hanging_and_failing_servers_are_told_apart(wecom: WeComDouble, platform: WeCom, here: Workspace) -> None:
    client = platform.client(here)
    platform.send(here, ANN, Card("x"), key="m:0")  # so that a token is there
    patient, client.timeout = client.timeout, (30, 0.3)
    wecom.script("message/send", hang(), status(503))
    with pytest.raises(base.OutcomeUnknown):
        platform.send(here, ANN, Card("x"), key="m:1")
    client.timeout = patient
    with pytest.raises(base.Unavailable, match="503"):
        platform.send(here, ANN, Card("x"), key="m:1")


def test_a_form_of_choices_opens_as_a_card(wecom: WeComDouble, platform: WeCom, here: Workspace) -> None:
    platform.open_form(here, "ann", choices())
    platform.open_form(here, "ann", choices())
    assert [each.card["card_type"] for each in wecom.messages("ann")] == ["multiple_interaction"] * 2


def test_a_form_that_wants_words_opens_as_a_question(wecom: WeComDouble, platform: WeCom, here: Workspace) -> None:
    platform.open_form(here, "ann", note_form())
    (sent,) = wecom.messages("ann")
    assert sent.body["msgtype"] == "text"


def test_a_form_for_somebody_gone_is_told_so(platform: WeCom, here: Workspace) -> None:
    with pytest.raises(base.RecipientGone):
        platform.open_form(here, "gone", choices())


@pytest.mark.parametrize("broken", [{"config": {}}, {"config": {"corp_id": "ww", "agent_id": "x"}}, {"secrets": {}}])
def test_an_installation_without_its_keys_is_dead(platform: WeCom, here: Workspace, broken: dict) -> None:
    with pytest.raises(base.InstallationDead):
        platform.send(replace(here, **broken), ANN, Card("x"), key="m:1")


def test_only_the_change_of_a_tapped_card_is_answered_at_once(platform: WeCom) -> None:
    tap = Interaction("wecom", "w", "ann", "k", kind="action", handle={"response_code": "c"})
    menu = replace(tap, handle={"response_code": "c", "corner": "yes"})
    words = Interaction("wecom", "w", "ann", "k", text="my")
    answers = [platform.answers_inline(each, in_place=True) for each in (tap, menu, words)]
    assert (answers, platform.answers_inline(tap, in_place=False)) == ([True, False, False], False)


def test_the_double_drops_what_exceeds_the_silent_limit(wecom: WeComDouble, platform: WeCom, here: Workspace) -> None:
    for number in range(33):
        platform.send(here, ANN, Card("x"), key=f"m:{number}")
    assert (len(wecom.messages("ann")), wecom.dropped["ann"]) == (30, 3)
