"""Every card becomes messages that WeCom takes, within all limits, with everything reachable."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cards.model import Actions, Button, Card, Field, Fields, Option, Row, Select, Text
from bot.platforms import wecom_cards as cards
from bot.platforms import wecom_keys as keys
from bot.platforms.wecom_words import typed
from tests.bot.platforms.test_wecom_text import LIVE
from tests.bot.platforms.wecom_kit import EMOJI, HOSTILE, buttons, choices, excess, lead_card, note_form, pool_list
from tests.doubles.wecom_rules import advice, check_card, check_message
from tests.rounds import rounds

PERSON = {"text", "markdown", "template_card"}


def named(message: dict) -> dict:
    """As it goes out: template cards have a task id."""
    card = message.get("template_card")
    return {**message, "template_card": {**card, "task_id": cards.task_id("k", card)}} if card else message


def check(messages: list[dict], markdown: int = 2048) -> list[dict]:
    """Every message is one that the server takes, and none that its clients cut."""
    for message in messages:
        check_message(named(message), types=PERSON, markdown=markdown)
        assert advice(message.get("template_card", {})) == []
    return messages


def template(card: Card) -> dict:
    """The template card of a card."""
    return check(cards.for_person(card))[-1]["template_card"]


def test_a_short_card_is_one_template_card_with_everything_on_it() -> None:
    (message,) = check(cards.for_person(lead_card()))
    card = message["template_card"]
    assert card["main_title"] == {"title": "新线索 王芳 (L-12)", "desc": "轮到你了：本周最少"}
    assert card["horizontal_content_list"] == [
        {"keyname": "电话", "value": "138∗∗∗∗0000"},
        {"keyname": "来源", "value": "官网"},
    ]
    assert [(each["text"], each["key"], each["style"]) for each in card["button_list"]] == [
        ("跟进", "lead.log|L-12~7", 1),
        ("稍后回电", "lead.later|L-12~7", 2),
    ]
    assert card["action_menu"]["action_list"] == [{"text": "释放", "key": "lead.release|L-12~7"}]


def test_long_labels_and_values_are_written_out_below() -> None:
    card = template(Card("t", (Fields((Field("Countdown", "2 h"), Field("Note", "x" * 40))), buttons(1))))
    assert card["main_title"]["desc"] == "Countdown: 2 h"
    assert card["sub_title_text"] == f"Note: {'x' * 40}"


def test_much_to_read_and_something_to_tap_are_two_messages() -> None:
    first, second = check(cards.for_person(Card("长文", (Text("汉" * 300), buttons(2)))))
    assert "汉" * 300 in first["markdown"]["content"]
    assert [each["text"] for each in second["template_card"]["button_list"]] == ["领取0", "领取1"]


def test_a_card_without_buttons_is_markdown() -> None:
    card = Card(
        "日报", (Text("合计", "strong"), Text("安静", "quiet"), Row("L-1 王", "细节")), tone="good", footer="尾"
    )
    (message,) = check(cards.for_person(card))
    assert message["markdown"]["content"] == (
        '<font color="info">**日报**</font>\n**合计**\n<font color="comment">安静</font>\n• L-1 王\n'
        '<font color="comment">　细节</font>\n<font color="comment">尾</font>'
    )


@pytest.mark.parametrize(
    ("count", "listed", "menu", "words"), [(1, 1, 0, 0), (6, 6, 0, 0), (9, 6, 3, 0), (12, 6, 3, 3)]
)
def test_buttons_beyond_six_go_to_the_menu_and_beyond_nine_become_words(
    count: int, listed: int, menu: int, words: int
) -> None:
    card = template(Card("t", (buttons(count),)))
    typed = card["main_title"].get("desc", "").count("领取 L-")
    assert (len(card["button_list"]), len(card.get("action_menu", {}).get("action_list", [])), typed) == (
        listed,
        menu,
        words,
    )


def test_a_card_of_minor_buttons_only_still_has_buttons() -> None:
    assert len(template(Card("t", (buttons(2, more=True),)))["button_list"]) == 2


def test_minor_buttons_wait_in_the_menu_though_there_is_room() -> None:
    card = template(Card("t", (buttons(1), Actions((Button("lead.lost", "输单", "L-1", more=True),)))))
    assert (len(card["button_list"]), len(card["action_menu"]["action_list"])) == (1, 1)


def test_a_list_with_a_button_in_every_row_becomes_one_choice() -> None:
    card = template(pool_list(13))
    assert [each["key"] for each in card["button_list"]] == ["lead.claim|="]
    assert [each["id"] for each in card["button_selection"]["option_list"]] == [f"L-{n}" for n in range(10)]


def test_rows_that_do_more_than_one_thing_share_their_choice() -> None:
    due = (
        Row(f"{n} 点回电", "", (Button("task.done", "完成", f"{n}"), Button("task.snooze", "+1 h", f"{n} +1h")))
        for n in "789"
    )
    card = template(Card("今天", tuple(due)))
    assert [each["key"] for each in card["button_list"]] == ["task.done|=", "task.snooze|= +1h"]
    assert keys.read("task.snooze|= +1h", {keys.CHOICE: "8"}).value == "8 +1h"


def test_rows_unlike_the_first_have_buttons_of_their_own() -> None:
    due = tuple(Row("回电", "", (Button("task.done", "完成", n),)) for n in "78")
    risk = (
        Row("王芳 · L-1042", "", (Button("lead.open", "打开", "L-1042"),)),
        Row("李雷 · L-123456", "", (Button("lead.open", "打开", "L-123456"),)),
    )
    card = template(Card("今天", (*due, *risk)))
    assert [each["text"] for each in card["button_list"]] == ["完成", "打开 L-1042", "L-123456"]


def test_rows_with_different_buttons_keep_them_apart() -> None:
    rows = (Row("一", buttons=(Button("a.x", "做", "L-1"),)), Row("二", buttons=(Button("a.y", "看", "L-2"),)))
    assert [each["text"] for each in template(Card("t", rows))["button_list"]] == ["做 L-1", "看 L-2"]


def test_a_choice_of_the_card_has_a_button_that_sends_it() -> None:
    select = Select("lead.stage", "阶段", (Option("quote", "报价"), Option("won", "成交")), "won")
    card = template(Card("t", (Actions((select,)),), version=3))
    assert card["button_list"] == [{"type": 0, "key": "lead.stage|=", "text": "阶段", "style": 2}]
    assert card["button_selection"]["selected_id"] == "won~3"
    assert keys.read("lead.stage|=", {keys.CHOICE: "quote~3"}).value == "quote"


def test_the_same_button_twice_is_shown_once() -> None:
    assert len(template(Card("t", (buttons(2), buttons(2))))["button_list"]) == 2


def test_a_card_of_links_is_a_notice_that_opens_the_first() -> None:
    links = tuple(Button("web", f"开{n}", url=f"https://crm.example/{n}") for n in range(3))
    (message,) = cards.for_person(Card("导出好了", (Text("15分钟内有效"), Actions(links))))
    card = message["template_card"]
    check_card(card)
    assert (card["card_type"], card["card_action"]["url"]) == ("text_notice", "https://crm.example/0")
    assert [jump["title"] for jump in card["jump_list"]] == ["开0", "开1", "开2"]
    many = Card("t", (Actions((*links, Button("web", "开4", url="https://crm.example/4"))),))
    assert template(many)["card_type"] == "button_interaction"


def test_a_link_is_a_link_button_and_anything_else_is_none() -> None:
    links = tuple(
        Button("web", label, url=url) for label, url in [("开", "https://crm.example/1"), ("坏", "javascript:1")]
    )
    assert template(Card("t", (Actions((*links, Button("my", "我的"))),)))["button_list"] == [
        {"type": 1, "url": "https://crm.example/1", "text": "开", "style": 2},
        {"type": 0, "key": "my|", "text": "我的", "style": 2},
    ]


@pytest.mark.parametrize("unit", ["x", "汉", EMOJI, "é", "\u202e汉", "<b>"])
def test_a_card_beyond_every_limit_is_taken_everywhere(unit: str) -> None:
    card = excess(unit)
    assert check(cards.for_person(card))[-1]["msgtype"] == "template_card"
    check(cards.for_chat(card))
    check(cards.for_robot(card), markdown=4096)
    check([cards.as_text(card), {"msgtype": "template_card", "template_card": cards.for_update(card, "t-1")}])


def test_a_robot_may_say_twice_as_much_as_the_app() -> None:
    card = Card("t", tuple(Row("汉" * 30) for _ in range(100)))
    sizes = [len(made[0]["markdown"]["content"].encode()) for made in (cards.for_chat(card), cards.for_robot(card))]
    assert sizes[0] <= 2048
    assert 3900 < sizes[1] <= 4096


def test_a_group_learns_the_words_of_what_cannot_be_tapped_there() -> None:
    (message,) = check(cards.for_chat(lead_card()))
    assert message["markdown"]["content"].endswith("⌨ 跟进 L-12 · 释放 L-12")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_typed_comes_alive_on_any_card(text: str) -> None:
    card = Card(
        title=f"王 {text}",
        blocks=(
            Text(f"{text}\n{text}"),
            Fields((Field(text, text), Field("备注", f"x {text}"))),
            Row(text, text, (Button("lead.open", text, "L-1"),)),
            Actions((Select("lead.stage", text, (Option("a", text),)), Button("lead.b", text, "L-2"))),
        ),
        footer=text,
    )
    own = {'<font color="comment">': "", "</font>": "", "**": "", "\n> ": "\n"}
    for message in [*cards.for_person(card), *cards.for_robot(card), cards.as_text(card)]:
        shown = json.dumps(message, ensure_ascii=False).replace("\\n", "\n").replace('\\"', '"')
        for mark, nothing in own.items():
            shown = shown.replace(mark, nothing)
        words = [part for part in shown.split('"') if part]
        assert not [part for part in words if LIVE.search(part.replace("[{", "").replace("}]", "").strip(": [],{}"))]


@pytest.mark.parametrize(("label", "words"), [("Claim", "claim L-1"), ("领取", "领取 L-1")])
def test_words_to_type_are_commands_in_the_language_of_the_button(label: str, words: str) -> None:
    (message,) = cards.for_chat(Card("t", (Actions((Button("lead.claim", label, "L-1"),)),)))
    assert message["markdown"]["content"].endswith(f"⌨ {words}")


@pytest.mark.parametrize(
    ("action", "value", "words"),
    [
        ("claim.next", "", "claim next"),
        ("lead.log", "L-1", "log L-1"),
        ("command", "my late", "my late"),
        ("today", "", "today"),
    ],
)
def test_every_kind_of_button_has_its_words(action: str, value: str, words: str) -> None:
    assert typed(action, value, chinese=False) == words


@pytest.mark.parametrize(
    ("action", "value"), [("task.done", "17"), ("made.up", "L-1"), ("lead.log", "L-1 and a whole story")]
)
def test_what_has_no_words_promises_none(action: str, value: str) -> None:
    assert typed(action, value, chinese=False) == ""


def test_what_fits_needs_no_reading_beside_it() -> None:
    assert cards.to_read(lead_card()) is None


def test_what_does_not_fit_can_be_read_without_its_buttons() -> None:
    rest = cards.to_read(pool_list(13))
    assert rest is not None
    (message,) = check(cards.for_person(rest))
    assert message["msgtype"] == "markdown"


def test_an_update_without_buttons_ends_in_a_grey_sign() -> None:
    done = replace(lead_card(), blocks=(Text("已释放"),), tone="good")
    card = cards.for_update(done, "task-1")
    check_card(card)
    assert (card["replace_text"], card["task_id"]) == ("✓", "task-1")


def test_an_update_with_buttons_keeps_them_alive() -> None:
    card = cards.for_update(lead_card(), "task-1")
    assert "replace_text" not in card
    assert len(card["button_list"]) == 2


def test_a_form_of_choices_is_one_card() -> None:
    card = cards.for_form(choices(3, 10))
    assert card is not None
    check_card({**card, "task_id": "t"})
    assert advice(card) == []
    tap = keys.read(card["submit_button"]["key"], {"q0": "o1"})
    assert (tap.action, tap.value, tap.fields) == ("lead.log", "L-12", {"q0": "o1", "how": "a=b|c&d"})


def test_a_choice_that_may_stay_empty_says_so() -> None:
    form = choices(1)
    optional = replace(form, inputs=(replace(form.inputs[0], optional=True),))
    card = cards.for_form(optional)
    assert card is not None
    assert card["select_list"][0]["option_list"][0] == {"id": "-", "text": "—"}


def test_a_long_list_of_choices_is_ticked() -> None:
    card = cards.for_form(choices(1, 20))
    assert card is not None
    check_card({**card, "task_id": "t"})
    assert (card["card_type"], advice(card)) == ("vote_interaction", [])
    assert [each["id"] for each in card["checkbox"]["option_list"] if each["is_checked"]] == ["o0"]
    tap = keys.read(card["submit_button"]["key"], {"q0": "o19"})
    assert tap.fields == {"q0": "o19", "how": "a=b|c&d"}


@pytest.mark.parametrize("form", [choices(4), choices(1, 21), choices(2, 11), choices(0), note_form()])
def test_a_form_that_no_card_can_hold_is_none(form: object) -> None:
    assert cards.for_form(form) is None  # type: ignore[arg-type]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
TAPS = st.builds(Button, TEXTS, TEXTS, TEXTS, st.sampled_from(["plain", "primary", "danger"]), more=st.booleans())
PICKS = st.builds(Select, TEXTS, TEXTS, st.lists(st.builds(Option, TEXTS, TEXTS), max_size=12).map(tuple), TEXTS)
BLOCKS = st.one_of(
    st.builds(Text, TEXTS, st.sampled_from(["normal", "strong", "quiet"])),
    st.builds(Fields, st.lists(st.builds(Field, TEXTS, TEXTS), max_size=9).map(tuple)),
    st.builds(Row, TEXTS, TEXTS, st.lists(TAPS, max_size=2).map(tuple)),
    st.builds(Actions, st.lists(st.one_of(TAPS, PICKS), max_size=12).map(tuple)),
)
CARDS = st.builds(
    Card, TEXTS, st.lists(BLOCKS, max_size=12).map(tuple), TEXTS, st.sampled_from(["normal", "good", "bad"]), TEXTS,
    st.one_of(st.none(), st.integers(0, 9)),
)  # fmt: skip


@settings(max_examples=rounds(short=80, full=3000))
@given(card=CARDS)
def test_any_card_at_all_is_taken(card: Card) -> None:
    check(cards.for_person(card))
    check(cards.for_robot(card), markdown=4096)
    check([cards.as_text(card), {"msgtype": "template_card", "template_card": cards.for_update(card)}])
