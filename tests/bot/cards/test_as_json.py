"""A card survives the way through JSON whole."""

import json

from hypothesis import given
from hypothesis import strategies as st

from bot.cards.as_json import card_from_json, form_from_json, to_json
from bot.cards.model import (
    Actions,
    Button,
    Card,
    Divider,
    Field,
    Fields,
    Form,
    Image,
    Input,
    Option,
    Row,
    Select,
    Text,
)

words = st.text(max_size=12)
options = st.lists(st.builds(Option, words, words), max_size=3).map(tuple)
buttons = st.builds(
    Button, words, words, words, st.sampled_from(["plain", "primary", "danger"]), st.none() | words, st.none() | words,
    st.booleans(),
)  # fmt: skip
selects = st.builds(Select, words, words, options, st.none() | words)
blocks = st.one_of(
    st.builds(Text, words, st.sampled_from(["normal", "strong", "quiet"])),
    st.builds(Fields, st.lists(st.builds(Field, words, words), max_size=3).map(tuple)),
    st.builds(Row, words, words, st.lists(buttons, max_size=2).map(tuple)),
    st.builds(Image, st.binary(max_size=20), words, words),
    st.builds(Actions, st.lists(buttons | selects, max_size=4).map(tuple)),
    st.just(Divider()),
)
cards = st.builds(
    Card, words, st.lists(blocks, max_size=4).map(tuple), words, st.sampled_from(["normal", "good"]), words,
    st.none() | st.integers(0, 9),
)  # fmt: skip
inputs = st.builds(Input, words, words, st.sampled_from(["text", "select"]), options, words, st.booleans(), words)
forms = st.builds(Form, words, words, words, st.lists(inputs, max_size=3).map(tuple), words)


@given(cards)
def test_a_card_comes_back_as_it_was(card: Card) -> None:
    assert card_from_json(json.loads(json.dumps(to_json(card)))) == card


@given(forms)
def test_a_form_comes_back_as_it_was(form: Form) -> None:
    assert form_from_json(json.loads(json.dumps(to_json(form)))) == form


def test_the_json_names_its_blocks_and_leaves_out_what_goes_without_saying() -> None:
    card = Card("Hello", (Text("there"), Actions((Button("lead.claim", "Claim", "L-1"),))))
    assert to_json(card) == {
        "title": "Hello",
        "blocks": [
            {"type": "text", "text": "there"},
            {
                "type": "actions",
                "items": [{"type": "button", "action": "lead.claim", "label": "Claim", "value": "L-1"}],
            },
        ],
    }
