"""Lines and taps in the browser become interactions, and their answers stand where they belong."""

import base64
from dataclasses import replace

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from bot.dispatcher import DatabaseAway
from bot.interaction import Answer
from crm.db import Database
from ops.sockets import Sockets
from tests.drivers.playground_stage import LEAD, LOG, POOL, TAKEN, Stage, set_up, valkey
from tests.webhooks.playground.conftest import Person
from webhooks.playground import router

SAY, PRESS, MESSAGES = "/playground/api/say", "/playground/api/press", "/playground/api/messages"


def test_a_line_and_its_answer_stay_in_the_private_chat(stage: Stage, client: TestClient, person: Person) -> None:
    stage.script.answers["today"] = Answer(LEAD)
    answer = person("ann").says("today")
    told = client.get(MESSAGES, params={"as": stage.who("ann")}).json()["messages"]
    assert answer.title == "Chen Wei · 宏达科技"
    assert [(each["author"], each["text"]) for each in told] == [(stage.who("ann"), "today"), ("sluice", "")]
    assert client.get(MESSAGES, params={"as": stage.who("bob")}).json()["messages"] == []


@pytest.mark.parametrize(
    "typed", ["claim next", "/sluice claim next", "@sluice: claim next", "/claim next", " @Sluice, claim next "]
)
def test_the_bot_hears_the_words_without_the_way_it_was_called(stage: Stage, person: Person, typed: str) -> None:
    person("ann").says(typed, conversation="north-team")
    heard = stage.script.asked[0]
    assert (heard.text, heard.conversation, heard.user) == ("claim next", "north-team", stage.who("ann"))


def test_a_slash_inside_of_a_line_stays(stage: Stage, person: Person) -> None:
    person("ann").says("log L-12 meet 3/4 at @sluice")
    assert stage.script.asked[0].text == "log L-12 meet 3/4 at @sluice"


def test_a_private_answer_in_a_group_is_seen_by_the_asker_only(
    stage: Stage, client: TestClient, person: Person
) -> None:
    stage.script.answers |= {"my": Answer(LEAD), "digest": Answer(TAKEN, private=False)}
    person("ann").says("my", conversation="north-team")
    person("ann").says("digest", conversation="north-team")
    cards = {name: _cards(client, stage.who(name)) for name in ("ann", "bob")}
    assert cards == {"ann": [LEAD.title, TAKEN.title], "bob": [TAKEN.title]}


def test_an_answer_takes_the_place_of_the_tapped_card(stage: Stage, person: Person) -> None:
    stage.script.answers |= {"today": Answer(LEAD), "task.done": Answer(TAKEN, replace=True)}
    ann = person("ann")
    card = ann.says("today")
    assert ann.taps(card, "Done").place == card.place
    assert stage.script.asked[-1].value == "7"
    assert stage.script.asked[-1].version == 3
    assert stage.script.asked[-1].handle == {"message": card.place}


def test_what_only_the_tapper_may_see_never_replaces_a_group_card(stage: Stage, person: Person) -> None:
    stage.script.answers |= {"post": Answer(POOL, private=False), "lead.claim": Answer(LEAD, replace=True)}
    ann, bob = person("ann"), person("bob")
    ann.says("post", conversation="north-team")
    bob.taps(bob.group("north-team")[0], "Claim")
    assert [card.title for card in ann.group("north-team")] == [POOL.title]


def test_a_group_card_changes_for_everybody(stage: Stage, person: Person) -> None:
    stage.script.answers |= {
        "post": Answer(POOL, private=False), "lead.claim": Answer(TAKEN, replace=True, private=False)
    }  # fmt: skip
    ann, bob = person("ann"), person("bob")
    ann.says("post", conversation="north-team")
    bob.taps(bob.group("north-team")[0], "Claim")
    assert [card.title for card in ann.group("north-team")] == [TAKEN.title]


def test_choosing_an_option_is_a_tap_with_its_value(stage: Stage, person: Person) -> None:
    stage.script.answers["today"] = Answer(LEAD)
    ann = person("ann")
    ann.taps(ann.says("today"), "Quote")
    assert (stage.script.asked[-1].action, stage.script.asked[-1].value) == ("lead.stage", "quote")


def test_a_form_opens_complains_and_is_sent(stage: Stage, person: Person) -> None:
    stage.script.answers |= {
        "today": Answer(LEAD),
        "action lead.log": Answer(form=LOG),
        "form lead.log": Answer(errors={"note": "Say more."}),
    }
    ann = person("ann")
    form = ann.taps(ann.says("today"), "Log")
    assert form.inputs == ("note", "next")
    assert ann.submits(form, note="x").text == "Say more."
    stage.script.answers["form lead.log"] = Answer(TAKEN)
    assert ann.submits(form, note="wants a quote").title == TAKEN.title
    assert dict(stage.script.asked[-1].fields) == {"note": "wants a quote", "next": ""}


def test_the_same_key_twice_is_one_line_one_act_and_one_answer(stage: Stage, client: TestClient) -> None:
    body = {"as": stage.who("ann"), "to": "sluice", "text": "claim next", "key": "once"}
    first, second = (client.post(SAY, json=body).json() for _ in range(2))
    assert first == second
    assert len(stage.script.asked) == 1
    assert len(client.get(MESSAGES, params={"as": stage.who("ann")}).json()["messages"]) == 2


def test_two_people_may_use_the_same_key(stage: Stage, client: TestClient) -> None:
    for name in ("ann", "bob"):
        client.post(SAY, json={"as": stage.who(name), "text": "today", "key": "once"})
    assert [each.user for each in stage.script.asked] == [stage.who("ann"), stage.who("bob")]


def test_a_reply_tells_the_bot_what_it_is_about(stage: Stage, client: TestClient, person: Person) -> None:
    stage.script.answers["today"] = Answer(LEAD)
    card = person("ann").says("today")
    client.post(SAY, json={"as": stage.who("ann"), "text": "called, no answer", "reply_to": card.place})
    assert stage.script.asked[-1].quoted == "L-12"


def test_since_tells_only_what_is_new_or_was_edited(stage: Stage, client: TestClient, person: Person) -> None:
    stage.script.answers |= {"today": Answer(LEAD), "task.done": Answer(TAKEN, replace=True)}
    ann = person("ann")
    card, _ = ann.says("today"), ann.says("help")
    cursor = client.get(MESSAGES, params={"as": ann.user}).json()["cursor"]
    ann.taps(card, "Done")
    fresh = client.get(MESSAGES, params={"as": ann.user, "since": cursor}).json()
    assert [(each["id"], each["edited"]) for each in fresh["messages"]] == [(card.place, True)]
    assert client.get(MESSAGES, params={"as": ann.user, "since": fresh["cursor"]}).json()["messages"] == []


def test_a_file_that_is_sent_twice_acts_once(stage: Stage, client: TestClient) -> None:
    data = base64.b64encode("姓名,电话\n陈伟,13800138000\n".encode()).decode()
    body = {"as": stage.who("ann"), "name": "leads.csv", "data": data, "key": "once"}
    first, second = (client.post("/playground/api/upload", json=body).json() for _ in range(2))
    assert (first["message"]["file"]["name"], first["message"]["plain"]) == ("leads.csv", "📎 leads.csv")
    assert first == second
    assert [each.files[0].is_table for each in stage.script.asked] == [True]


def test_a_late_answer_in_a_group_reaches_the_asker_alone(stage: Stage, person: Person) -> None:
    person("ann").says("slow", conversation="north-team")
    asked = stage.script.asked[0]
    assert asked.reply_to == f"group:north-team {stage.who('ann')}"


def test_without_the_database_the_answer_is_polite(stage: Stage, client: TestClient) -> None:
    stage.script.answers["today"] = DatabaseAway()
    answer = client.post(SAY, json={"as": stage.who("ann"), "text": "today"})
    assert answer.status_code == 200
    assert "try again" in answer.json()["notice"]


@pytest.mark.parametrize("message", [987654321, 2**53 - 1])
def test_a_tap_on_a_message_that_is_not_there_is_told_so(stage: Stage, client: TestClient, message: int) -> None:
    answer = client.post(PRESS, json={"as": stage.who("ann"), "message": message, "action": "lead.claim"})
    assert (answer.status_code, stage.script.asked) == (404, [])


def test_a_tap_on_another_persons_private_card_finds_nothing(stage: Stage, client: TestClient, person: Person) -> None:
    stage.script.answers["today"] = Answer(LEAD)
    card = person("ann").says("today")
    answer = client.post(
        PRESS, json={"as": stage.who("bob"), "message": card.place, "action": "lead.log", "value": "L-12"}
    )
    assert answer.status_code == 404


def test_a_card_is_shown_as_every_platform_would_get_it(stage: Stage, client: TestClient, person: Person) -> None:
    stage.script.answers["today"] = Answer(LEAD)
    card = person("ann").says("today")
    told = client.get("/playground/api/rendered", params={"as": stage.who("ann"), "message": card.place}).json()
    assert told["playground"]["ref"] == "L-12"
    assert told["slack"]["blocks"][0]["type"] == "header"


def test_the_side_panel_asks_for_the_worklist(stage: Stage, client: TestClient) -> None:
    stage.script.answers["home today"] = Answer(LEAD)
    told = client.get("/playground/api/home", params={"as": stage.who("ann")}).json()
    assert told["card"]["title"] == LEAD.title


def test_people_and_groups_are_listed(stage: Stage, client: TestClient, person: Person) -> None:
    person("ann").says("hello", conversation="night-shift")
    told = client.get("/playground/api/people").json()
    assert {each["name"] for each in told["personas"]} >= {"Ann Li", "Bob Chen", "Mia Manager"}
    assert [each["key"] for each in told["groups"]] == ["night-shift"]


def _cards(client: TestClient, viewer: str) -> list[str]:
    """The titles of the cards that somebody sees."""
    told = client.get(MESSAGES, params={"as": viewer}).json()
    return [each["card"]["title"] for each in told["messages"] if each["card"]]


def test_without_the_database_the_page_is_told_to_wait(engines: Sockets, stage: Stage) -> None:
    nowhere = Database("postgresql+psycopg://nobody@/none?host=/nonexistent")
    lost = set_up(stage.bot.database, valkey(engines))
    app = FastAPI()
    app.include_router(router(replace(lost.bot, database=nowhere)))
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        answer = client.get(MESSAGES, params={"as": "ann"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "try again" in answer.json()["error"]
