"""Every limit of Slack exceeded on purpose: as a message, a modal, a home page or a form, it is still taken."""

import pytest

from bot.cards.model import Actions, Button, Card, Field, Fields, Form, Input, Option, Row, Select, Text
from bot.platforms import slack_blocks, slack_forms, slack_views
from tests.doubles import slack_limits as limits

LONG = "长" * 3001
MANY = tuple(Option(f"v{n}", f"choice {n} " * 20) for n in range(230))


def actions(*items):
    return Card("t", (Actions(items),))


TOO_MUCH = {
    "3,001 characters of text": Card("t", (Text(LONG), Text(LONG, "quiet"), Text(LONG, "strong"))),
    "a title of 3,001 characters": Card(LONG, ref="L-" + "9" * 300, footer=LONG),
    "a label of 76 characters": Card("t", (Actions((Button("a.b", "x" * 76, "v"), Button("a.c", "", "v"))),)),
    "a question of 3,001 characters": actions(Button("a.b", LONG, "v", confirm=LONG)),
    "a value of 2,001 characters": actions(Button("a.b", "B", "v" * 2001), Button("a.c", "C", "v" * 1990)),
    "an address of 3,001 characters": actions(Button("", "B", url="https://x/" + "y" * 3001)),
    "60 buttons": actions(*(Button("a.b", f"B{n}", str(n)) for n in range(60))),
    "60 buttons that cannot hide": actions(*(Button("a.b", "B", str(n), confirm="?") for n in range(60))),
    "230 choices": actions(Select("a.b", LONG, MANY, "v200")),
    "a choice of 151 characters": actions(Select("a.b", "S", (Option("v" * 151, "x"), Option("w", LONG)))),
    "25 fields of 2,001 characters": Card("t", (Fields(tuple(Field(LONG, LONG) for _ in range(25))),)),
    "300 rows": Card("t", tuple(Row(f"row {n}", LONG, (Button("a.b", "B", str(n)),)) for n in range(300))),
    "120 texts": Card("t", tuple(Text("words") for _ in range(120))),
    "nothing": Card("", ()),
    "what pings and links": Card("<!channel> @all ]]> {{ }}", (Text("<https://evil|x> \u202e\u200b &amp; 😀" * 300),)),
}


@pytest.mark.parametrize("card", TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_a_card_that_is_too_much_is_taken_wherever_it_stands(card):
    message = slack_blocks.message(card)
    assert limits.message_problems(message["blocks"]) == []
    assert not limits.too_long(message["blocks"])
    assert 1 <= limits.units(message["text"]) <= 4000
    assert limits.message_problems(slack_blocks.blocks(card, budget=slack_blocks.TIGHT)) == []
    assert limits.view_problems(slack_views.of_card(card)) == []
    assert limits.view_problems({"type": "home", "blocks": slack_blocks.blocks(card, budget=slack_blocks.VIEW)}) == []


FORMS = {
    "130 questions": tuple(Input(f"n{n}", "N", "datetime") for n in range(130)),
    "a label and hint of 3,001 characters": (Input("n", LONG, hint=LONG, value=LONG),),
    "10,100 choices": (Input("n", "N", "select", tuple(Option(str(n), "x") for n in range(10_100)), "7"),),
    "a search that begins with 3,001 characters": (Input("n", "N", "lead", value=LONG),),
    "only what is hidden": (Input("n", "", "hidden", value="7"),),
}


@pytest.mark.parametrize("inputs", FORMS.values(), ids=FORMS.keys())
def test_a_form_that_is_too_much_is_taken(inputs):
    form = Form("a.b", LONG, LONG, inputs, "L-1")
    assert limits.view_problems(slack_forms.view(form, back={"reply_to": "x" * 4000})) == []
