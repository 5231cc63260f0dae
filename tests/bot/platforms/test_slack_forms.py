"""Forms as modals and back: every kind of input keeps its meaning on the way."""

import json

import pytest
from slack_sdk.models.views import View

from bot.cards.model import Form, Input, Option
from bot.platforms import slack_forms
from bot.platforms.base import Rejected
from tests.doubles import slack_limits as limits

STAGES = (Option("new", "New"), Option("won", "Won"))
FULL = Form(
    "lead.log",
    "Log a follow-up for somebody with a long name",
    "Save",
    (
        Input("note", "What happened?", "multiline", value="called"),
        Input("name", "Name", value="Ann", hint="As on the card"),
        Input("amount", "Amount", "number", value="1200.50", optional=True),
        Input("day", "Day", "date", value="2026-03-05"),
        Input("clock", "Time", "time", value="09:30"),
        Input("next", "Next step", "datetime", value="2026-03-05 09:30"),
        Input("stage", "Stage", "select", STAGES, "won"),
        Input("who", "Colleague", "member"),
        Input("lead", "", "hidden", value="L-42"),
    ),
    value="L-42~7",
)


def elements(view: dict) -> dict[str, dict]:
    return {block["block_id"]: block["element"] for block in view["blocks"]}


def test_a_form_is_a_modal_that_slack_and_its_sdk_take():
    view = slack_forms.view(FULL)
    assert limits.view_problems(view) == []
    assert View(**view).validate_json() is None


def test_every_kind_of_input_has_its_element_and_its_present_value():
    shown = elements(slack_forms.view(FULL))
    assert {name: element["type"] for name, element in shown.items()} == {
        "note": "plain_text_input", "name": "plain_text_input", "amount": "number_input", "day": "datepicker",
        "clock": "timepicker", "next": "datepicker", "next:time": "timepicker", "stage": "static_select",
        "who": "external_select",
    }  # fmt: skip
    assert (shown["next"]["initial_date"], shown["next:time"]["initial_time"]) == ("2026-03-05", "09:30")
    assert shown["stage"]["initial_option"]["value"] == "won"
    assert shown["note"]["multiline"] is True


@pytest.mark.parametrize(
    ("kind", "value"), [("date", "soon"), ("time", "25:99"), ("number", "many"), ("datetime", "x y"), ("select", "z")]
)
def test_a_present_value_that_slack_would_refuse_is_left_out(kind, value):
    view = slack_forms.view(Form("a", "A", "Go", (Input("x", "X", kind, STAGES, value),)))
    assert limits.view_problems(view) == []
    assert "initial" not in json.dumps(view)


def test_the_answers_come_back_by_name():
    state = {
        "note": {"v": {"type": "plain_text_input", "value": "called"}},
        "amount": {"v": {"type": "number_input", "value": "1200"}},
        "day": {"v": {"type": "datepicker", "selected_date": "2026-03-05"}},
        "clock": {"v": {"type": "timepicker", "selected_time": "09:30"}},
        "next": {"v": {"type": "datepicker", "selected_date": "2026-03-05"}},
        "next:time": {"v": {"type": "timepicker", "selected_time": "15:00"}},
        "stage": {"v": {"type": "static_select", "selected_option": {"value": "won"}}},
        "who": {"v": {"type": "users_select", "selected_user": "U2"}},
        "empty": {"v": {"type": "plain_text_input", "value": None}},
    }
    assert slack_forms.read_fields(state) == {
        "note": "called", "amount": "1200", "day": "2026-03-05", "clock": "09:30", "next": "2026-03-05 15:00",
        "stage": "won", "who": "U2", "empty": "",
    }  # fmt: skip


def test_hidden_values_and_the_place_of_opening_travel_along():
    view = slack_forms.view(FULL, back={"reply_to": "D1"})
    assert slack_forms.read_metadata(view["private_metadata"]) == ("L-42~7", {"lead": "L-42"}, {"reply_to": "D1"})


def test_a_place_that_is_too_long_is_forgotten_rather_than_the_form():
    view = slack_forms.view(FULL, back={"reply_to": "x" * 3000})
    assert slack_forms.read_metadata(view["private_metadata"]) == ("L-42~7", {"lead": "L-42"}, {})


def test_hidden_values_without_end_are_refused():
    with pytest.raises(Rejected, match="form_metadata_too_long"):
        slack_forms.view(Form("a", "A", "Go", (Input("h", "", "hidden", value="x" * 3000),)))


@pytest.mark.parametrize("metadata", ["[]", '"x"', "{", '{"value":1}', '{"hidden":[]}', '{"back":"x"}'])
def test_metadata_that_is_not_ours_is_refused(metadata):
    with pytest.raises(ValueError, match=r"."):
        slack_forms.read_metadata(metadata)


def test_hundreds_of_options_are_grouped():
    many = tuple(Option(str(number), f"Lead {number} {'长' * 80}") for number in range(250))
    view = slack_forms.view(Form("a", "A", "Go", (Input("x", "X", "select", many, "249"),)))
    assert limits.view_problems(view) == []
    assert [len(group["options"]) for group in view["blocks"][0]["element"]["option_groups"]] == [100, 100, 50]


def test_a_form_that_asks_nothing_is_still_a_modal():
    assert limits.view_problems(slack_forms.view(Form("a", "Sure?", "Yes", ()))) == []
