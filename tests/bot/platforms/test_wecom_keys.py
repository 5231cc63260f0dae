"""What a button carries comes back whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.model import Form, Input
from bot.platforms import wecom_keys as keys

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(value=WORDS, version=st.one_of(st.none(), st.integers(0, 10**8)))
def test_value_and_version_come_back(value: str, version: int | None) -> None:
    tap = keys.read(keys.of_button("lead.claim", f"v{value}v", version), {})
    assert (tap.action, tap.value, tap.version) == ("lead.claim", f"v{value}v", version)


@given(value=WORDS, hidden=st.dictionaries(WORDS.filter(bool), WORDS, max_size=3))
def test_a_form_brings_its_value_and_hidden_inputs_back(value: str, hidden: dict[str, str]) -> None:
    inputs = tuple(Input(name, "", "hidden", value=kept) for name, kept in hidden.items())
    tap = keys.read(keys.of_form(Form("lead.log", "t", "s", inputs, value=f"L{value}L")), {"stage": "won"})
    assert (tap.value, tap.fields) == (f"L{value}L", {**hidden, "stage": "won"})


def test_an_ordinary_key_can_be_read_by_people() -> None:
    assert keys.of_button("lead.claim", "L-12", 7) == "lead.claim|L-12~7"


def test_a_button_beside_a_choice_takes_the_chosen_value_and_its_version() -> None:
    tap = keys.read(keys.of_choice("lead.claim"), {keys.CHOICE: "L-9~4"})
    assert (tap.action, tap.value, tap.version, tap.fields) == ("lead.claim", "L-9", 4, {})


def test_a_value_that_looks_like_the_sign_for_a_choice_is_itself() -> None:
    assert keys.read(keys.of_button("a.b", "=", None), {keys.CHOICE: "L-9"}).value == "="


def test_the_option_for_nothing_is_an_empty_answer() -> None:
    assert keys.read("lead.log|L-1", {"outcome": keys.NONE}).fields == {"outcome": ""}


@pytest.mark.parametrize("junk", ["", "|", "||", "lead.claim", "~", "a|~9999999999999", "%", "a|%zz", "é|é|é=é&&="])
def test_junk_is_read_without_complaint(junk: str) -> None:
    assert keys.read(junk, {}).action == junk.partition("|")[0]
