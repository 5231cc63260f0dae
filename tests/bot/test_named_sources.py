"""Forms and costs of a source whose name has several words, or is said in part."""

import pytest

from crm.services import forms, sources
from tests.bot.cards.scene import Scene


@pytest.fixture
def scene(database, time):
    scene = Scene(database, time)
    scene.say("ada", "sources new 官网 Website on line")
    return scene


def asked(scene: Scene) -> list[str]:
    with scene.uow() as uow:
        form = forms.of_source(uow, sources.find(uow, "官网 Website on line").id)
        return [name for name, _required in form.fields]


@pytest.mark.parametrize(
    "words",
    [
        "form 官网 Website on line fields name*, phone*",
        "form 官网 fields name*, phone*",
        "表单 官网 Website on line 字段 姓名*，手机*",
    ],
)
def test_what_a_form_asks_is_said_of_a_source_by_its_name_or_a_beginning(words, scene):
    assert scene.say("ada", words).reply.name == "form_page"
    assert asked(scene) == ["name", "phone"]


def test_the_card_of_a_form_says_words_that_work(scene):
    said = scene.draw(scene.say("ada", "form 官网")).plain()
    key = said.partition("Change it: form ")[2].partition(" fields")[0]
    assert scene.say("ada", f"form {key} title A fields day").reply.name == "form_page"


@pytest.mark.parametrize("words", ["source 官网", "来源详情 官网 Website", "成本 官网 3000 上月"])
def test_a_source_is_said_in_part(words, scene):
    assert scene.say("ada", words).reply.name == "source"


def test_a_cost_is_answered_with_amount_days_and_how_to_take_it_away(scene):
    said = scene.draw(scene.say("ada", "cost web 1000")).plain()
    assert "web cost CN¥1,000, Mar 1 – Mar 31. To take it away: cost web 0 2026-03-01..2026-03-31" in said
    gone = scene.draw(scene.say("ada", "cost web 0 2026-03-01..2026-03-31")).plain()
    assert "Taken away: no cost of web is noted for Mar 1 – Mar 31." in gone
    assert "Spent in 30 days" not in gone
