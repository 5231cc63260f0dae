"""Forms without dialogs: what is asked, and what a typed line answers."""

import pytest

from bot.cards.model import Form, Input, Option
from bot.platforms import wecom_forms as forms
from bot.platforms.wecom_text import inert
from tests.bot.platforms.wecom_kit import EMOJI, choices, note_form

STAGES = (Option("quote", "报价"), Option("won", "成交"))


def form(*inputs: Input, value: str = "L-12", action: str = "lead.log") -> Form:
    return Form(action, "Log", "Save", inputs, value)


def test_only_what_is_needed_is_asked() -> None:
    note, later = Input("note", "What happened?"), Input("next", "Next time", optional=True)
    assert forms.asked(form(note, later, Input("how", "", "hidden", value="x"))) == (note,)


def test_where_nothing_is_needed_the_first_that_can_be_typed_is_asked() -> None:
    picked, words = Input("by", "By", "select", STAGES, value="won"), Input("next", "Next time", optional=True)
    assert forms.asked(form(picked, words)) == (words,)


def test_the_question_shows_a_line_that_works_as_a_command_too() -> None:
    hint = "One sentence is enough: called, wants a quote"
    lines = forms.prompt(form(Input("note", "What happened?", "multiline", hint=hint))).splitlines()
    assert lines[0] == "Log"
    assert lines[1] == f"• What happened? ({hint})"
    assert lines[-1] == "⌨ log L-12 called, wants a quote"


def test_a_form_of_no_lead_shows_the_commands_own_example() -> None:
    lines = forms.prompt(form(Input("name", "Name"), value="", action="lead.new")).splitlines()
    assert lines[-1].startswith("⌨ new ")


def test_several_answers_are_asked_in_order() -> None:
    asked = (Input("when", "When?", "datetime"), Input("stage", "Stage", "select", STAGES))
    lines = forms.prompt(form(*asked, action="made.up")).splitlines()
    assert lines[1:3] == ["• When?", "• Stage (1 报价 / 2 成交)"]
    assert lines[-1] == "⌨ 2026-03-01 15:00; 报价"


@pytest.mark.parametrize("unit", ["x", "汉", EMOJI, "<b>"])
def test_a_question_of_any_length_fits_into_a_text_message(unit: str) -> None:
    picks = tuple(Option(f"{n}", unit * 99) for n in range(30))
    long = form(*(Input(f"q{n}", unit * 99, "select", picks, hint=unit * 99) for n in range(30)))
    text = forms.prompt(long)
    assert len(text.encode()) <= 2048
    assert inert(text.replace("⌨", "")) == text.replace("⌨", "")


def test_one_answer_is_the_whole_line() -> None:
    answers = forms.read(form(Input("note", "What happened?")), " called; wants a quote\n")
    assert answers == {"note": "called; wants a quote"}


@pytest.mark.parametrize("line", ["打过电话；电话", "打过电话; call", "打过电话\n1"])
def test_answers_come_by_order_and_options_by_label_value_or_number(line: str) -> None:
    assert forms.read(note_form(), line) == {"text": "打过电话", "by": "call"}


def test_what_was_not_typed_keeps_what_it_showed() -> None:
    kept = Input("how", "", "hidden", value="x")
    assert forms.read(
        form(Input("note", "What?"), Input("stage", "Stage", "select", STAGES, value="won"), kept), "hi"
    ) == {
        "note": "hi",
        "stage": "won",
        "how": "x",
    }


def test_a_card_of_choices_can_be_answered_by_typing_too() -> None:
    assert forms.read(choices(2), "2; 选项0") == {"q0": "o1", "q1": "o0", "how": "a=b|c&d"}
