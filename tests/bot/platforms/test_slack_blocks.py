"""Cards on the edge of every limit of Slack: the double's own rules, slack_sdk's models and blockkit agree on them."""

import json
from dataclasses import replace

import blockkit
import pytest
from slack_sdk.models.blocks import Block

from bot.cards.model import Actions, Button, Card, Divider, Field, Fields, Image, Option, Row, Select, Text
from bot.platforms import slack_blocks
from bot.platforms.slack_blocks import TIGHT, VIEW
from tests.doubles import slack_limits as limits

LONG = "客户😀 & <b> " * 2000
PNG = Image(png=b"\x89PNG", alt="Funnel: 12 new, 3 won")


def buttons(count: int, **facts: object) -> tuple[Button, ...]:
    return tuple(Button(f"lead.do{index}", f"Do {index}", f"L-{index}", **facts) for index in range(count))


def rows(count: int, words: str = "王芳 · 130 days") -> tuple[Row, ...]:
    return tuple(
        Row(f"L-{index} {words}", "in 3 days", (Button("lead.claim", "Claim", f"L-{index}"),)) for index in range(count)
    )


CARDS = {
    "only a title": Card("Done"),
    "nothing at all": Card(""),
    "blank everywhere": Card(" \n", (Text(" "), Fields((Field("", ""),)), Row(""), Actions(())), footer="\t"),
    "everything too long": Card(LONG, (Text(LONG), Text(LONG, "strong"), Text(LONG, "quiet"), Row(LONG, LONG)), "L-1"),
    "eleven fields": Card("Fields", (Fields(tuple(Field(f"Label {n}", f"value {n}") for n in range(11))),)),
    "long fields": Card("Fields", (Fields((Field(LONG, LONG),)),)),
    "a hundred rows": Card("My leads", rows(100), footer="page 1"),
    "rows with long words": Card("My leads", rows(40, "长" * 900)),
    "two lists": Card("Today", (Text("Due", "strong"), *rows(40), Divider(), Text("Late", "strong"), *rows(40))),
    "sixty buttons": Card("Do", (Actions(buttons(60)),), version=7),
    "sixty buttons that ask": Card("Do", (Actions(buttons(60, confirm=LONG)),), version=7),
    "seven hidden buttons": Card("Do", (Actions((*buttons(3), *buttons(7, more=True))),), version=7),
    "a label without end": Card("Do", (Actions((Button("lead.claim", LONG, "L-1", confirm=LONG),)),)),
    "a label of nothing": Card("Do", (Actions((Button("lead.claim", " ", "L-1"),)),)),
    "two hundred options": Card(
        "Pick", (Actions((Select("lead.stage", LONG, tuple(Option(str(n), LONG) for n in range(200)), "150"),)),)
    ),
    "no options": Card("Pick", (Actions((Select("lead.stage", "Stage", ()),)),)),
    "an empty option": Card("Pick", (Actions((Select("lead.stage", "", (Option("", ""),), ""),)),)),
    "options too long to travel": Card("Pick", (Actions((Select("lead.stage", "x", (Option("v" * 151, "x"),)),)),)),
    "values too long to travel": Card("Do", (Actions((Button("a", "A", "v" * 2001), Button("b", "B", "v" * 1900))),)),
    "a picture": Card("Digest", (PNG,)),
    "two row buttons": Card("Tasks", (Row("Call", "today", buttons(2)),)),
    "a row button that asks": Card("Tasks", (Row("Call", "today", buttons(2, confirm="Sure?")),)),
    "links": Card("Docs", (Actions((Button("", "Open", url="https://example.com/" + "x" * 2900),)),)),
    "a hundred paragraphs": Card("Essay", tuple(Text(LONG) for _ in range(100))),
    "thirty action blocks": Card("Do", tuple(Actions(buttons(20)) for _ in range(30)), version=7),
    "invisible signs": Card("a\u202eb\u200b\x00c", (Text("\ud800half\ufeff"),)),
}


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS.keys())
def test_every_card_is_a_message_that_slack_takes(card):
    message = slack_blocks.message(card)
    assert limits.message_problems(message["blocks"]) == []
    assert not limits.too_long(message["blocks"])
    assert len(json.dumps(message["blocks"], ensure_ascii=False)) <= 12_000
    assert 1 <= limits.units(message["text"]) <= 4000


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS.keys())
def test_the_models_of_slacks_own_sdk_agree(card):
    parsed = Block.parse_all(slack_blocks.blocks(card))
    assert [block.validate_json() for block in parsed] == [None] * len(parsed)


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS.keys())
def test_a_tight_message_and_a_home_page_fit_too(card):
    tight = slack_blocks.blocks(card, budget=TIGHT)
    assert limits.message_problems(tight) == []
    assert len(json.dumps(tight)) <= 13_000
    assert limits.view_problems({"type": "home", "blocks": slack_blocks.blocks(card, budget=VIEW)}) == []


def test_blockkit_builds_the_same_blocks_for_a_lead():
    card = Card(
        "ACME renewal",
        (Fields((Field("Owner", "Ann Li"), Field("Stage", "Proposal"))), Actions((Button("lead.won", "Won", "L-42"),))),
        ref="L-42",
        version=7,
    )
    expected = [
        blockkit.Header(blockkit.Text("ACME renewal · L-42", type=blockkit.Text.PLAIN, emoji=False)),
        blockkit.Section(
            fields=[
                blockkit.Text("*Owner*\nAnn Li", type=blockkit.Text.MD, verbatim=True),
                blockkit.Text("*Stage*\nProposal", type=blockkit.Text.MD, verbatim=True),
            ]
        ),
        blockkit.Actions(
            [
                blockkit.Button(
                    blockkit.Text("Won", type=blockkit.Text.PLAIN, emoji=False), action_id="lead.won", value="L-42~7"
                )
            ]
        ),
    ]
    assert slack_blocks.blocks(card) == [block.build() for block in expected]


def test_a_list_that_is_too_long_says_how_many_rows_are_missing():
    shown = slack_blocks.blocks(CARDS["a hundred rows"])
    standing = sum("accessory" in block for block in shown)
    assert 40 <= standing < 50
    assert shown[-2]["elements"][0]["text"].startswith(f"… and {100 - standing} more")
    assert shown[-1]["elements"][0]["text"] == "page 1"


def test_each_of_two_lists_says_what_it_lost():
    card = Card("Today", (*(Row("长" * 900) for _ in range(20)), Divider(), *(Row("长" * 900) for _ in range(30))))
    shown = slack_blocks.blocks(card)
    said = [block["elements"][0]["text"] for block in shown if block["type"] == "context"]
    assert [line.split(" / ")[0] for line in said] == ["… and 9 more", "… and 30 more"]


def test_the_reference_is_never_cut_off():
    card = Card(LONG, ref="L-1042", tone="warn")
    assert slack_blocks.heading(card).startswith("⚠️ 客户")
    assert slack_blocks.heading(card).endswith("… · L-1042")


def test_five_buttons_show_and_the_rest_waits_in_menus():
    (actions,) = [block for block in slack_blocks.blocks(CARDS["sixty buttons"]) if block["type"] == "actions"]
    kinds = [element["type"] for element in actions["elements"]]
    assert kinds == ["button"] * 5 + ["overflow"] * 11


def test_a_button_that_asks_first_is_never_hidden_in_a_menu_that_cannot_ask():
    card = Card("Do", (Actions((*buttons(6), Button("lead.release", "Release", "L-1", confirm="Sure?", more=True))),))
    shown = slack_blocks.blocks(card)[1]["elements"]
    assert [element["text"]["text"] for element in shown if "confirm" in element] == ["Release"]


def test_names_of_actions_are_unique_and_values_carry_the_version():
    card = Card("Pool", (Row("a", buttons=buttons(1)), Row("b", buttons=buttons(1))), version=3)
    shown = [block["accessory"] for block in slack_blocks.blocks(card)[1:]]
    assert [(each["action_id"], each["value"]) for each in shown] == [("lead.do0", "L-0~3"), ("lead.do0:2", "L-0~3")]


def test_masked_contacts_keep_their_stars():
    card = Card("Lead", (Fields((Field("Phone", "138****1234"),)), Row("138****1234", "a_b_c")))
    fields, row = slack_blocks.blocks(card)[1:]
    assert fields["fields"][0] == {"type": "plain_text", "text": "Phone\n138****1234", "emoji": False}
    assert row["text"]["type"] == "plain_text"


def test_an_uploaded_picture_is_shown_and_one_that_is_not_is_told():
    card = CARDS["a picture"]
    assert slack_blocks.blocks(card, files={PNG: "F1"})[1]["slack_file"] == {"id": "F1"}
    assert slack_blocks.blocks(card)[1]["elements"][0]["text"] == PNG.alt


def test_the_fallback_is_never_cut_inside_an_escape():
    text = slack_blocks.text(replace(Card("&" * 5000)))
    assert limits.units(text) <= 3900
    assert text.removesuffix("…").replace("&amp;", "") == ""
