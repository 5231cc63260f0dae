"""A name typed alone: whoever is called much alike is offered, and a form with the name filled in."""

import pytest

from crm.errors import NotUnderstood, UnknownWord
from crm.services import sounding
from tests.bot.cards.scene import Scene


@pytest.fixture
def scene(database, time):
    found = Scene(database, time)
    found.lead(owner="ann", name="李美琳", firm="Zen")
    with found.uow() as uow:
        sounding.catch_up(uow)
    return found


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("meilin", 1),
        ("美林", 1),
        ("find meilin", 1),
        ("查找 meilin", 1),
        ("王小虎", 0),
        ("Quentin Ashford", 0),
        ("zora", 0),
    ],
)
def test_a_name_that_nobody_has_offers_who_is_alike_and_to_enter_the_customer(scene, typed, offered):
    shown = scene.say("ann", typed)
    assert (shown.reply.name, len(shown.reply.args["leads"])) == ("unknown_lead", offered)
    form = scene.tap("ann", "line.create", str(shown.reply.args["line"]))
    assert form.reply.name == "create_form"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("clam", NotUnderstood.code),
        ("thanks", UnknownWord.code),
        ("谢谢", UnknownWord.code),
        ("good morning to you", "unknown_word"),
    ],
)
def test_what_is_no_name_is_answered_as_a_word(scene, typed, code):
    assert scene.say("ann", typed).reply.args["code"] == code
