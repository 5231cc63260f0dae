"""The lead loop in the playground: real door, real dispatcher, real database."""

import base64
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from crm.clock import DrivenClock
from tests.drivers.playground import PlaygroundDriver
from tests.drivers.playground_house import House, house

Person = Callable[[str], PlaygroundDriver]


@pytest.fixture
def home(own_url: str, redis_url: str, time: DrivenClock) -> Iterator[House]:
    with house(own_url, redis_url, time=time) as home:
        yield home


@pytest.fixture
def client(home: House) -> Iterator[TestClient]:
    with TestClient(home.app, base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture
def person(home: House, client: TestClient) -> Person:
    return lambda name: home.person(client, name)


def test_a_lead_is_claimed_by_a_word_and_shown_whole(home: House, person: Person) -> None:
    ref = home.lead(phone="+8613900139001")
    seen = person("ann").says(f"claim {ref}")
    assert ref in seen.text
    assert "13900139001" in seen.text.replace(" ", "")


def test_the_slower_of_two_learns_who_was_faster(home: House, person: Person) -> None:
    ref = home.lead()
    person("ann").says(f"claim {ref}")
    assert "Ann Li" in person("bob").says(f"claim {ref}").text


def test_of_many_taps_on_one_group_card_exactly_one_wins(home: House, client: TestClient, person: Person) -> None:
    home.arrives()
    card = person("ann").group(home.pool)[0]
    with ThreadPoolExecutor(4) as pool:
        names = ["ann", "bob", "cyd", "dan"]
        seen = list(pool.map(lambda name: person(name).taps(card, "Claim"), names))
    assert len([each for each in seen if each.title.startswith("Yours")]) == 1


def test_a_lead_that_came_in_is_claimed_in_the_group_and_the_card_changes_for_all(home: House, person: Person) -> None:
    ref = home.arrives(phone="+8613900139001")
    ann, bob = person("ann"), person("bob")
    (card,) = bob.group(home.pool)
    yours = ann.taps(card, "Claim")
    home.run_jobs()
    (after,) = bob.group(home.pool)
    assert ref in yours.text
    assert "Ann Li" in after.text
    assert "Claim" not in after.buttons
    assert "13900139001" not in after.text.replace(" ", "")


def test_a_form_opens_from_a_button_and_what_is_submitted_is_logged(home: House, person: Person) -> None:
    ref = home.lead(owner="ann")
    ann = person("ann")
    form = ann.taps(ann.says(f"lead {ref}"), "Log")
    assert "quote" in ann.submits(form, note="called, wants a quote").text
    assert "quote" in ann.says(f"lead {ref}").text


def test_a_sentence_logs_sets_the_reminder_and_the_reminder_comes(
    home: House, person: Person, time: DrivenClock
) -> None:
    ref = home.lead(owner="ann")
    ann = person("ann")
    ann.says(f"log {ref} called, wants a quote, call back tomorrow 3pm")
    time.advance(days=1, hours=5, minutes=1)
    home.work.tick()
    home.run_jobs()
    assert ref in ann.inbox()[-1].text


def test_moving_the_clock_makes_what_falls_due_happen(home: House, client: TestClient, person: Person) -> None:
    ref = home.lead(owner="ann")
    ann = person("ann")
    ann.says(f"remind {ref} tomorrow 9am")
    client.post("/playground/api/clock", json={"shift": "+1d"})
    home.run_jobs()
    client.post("/playground/api/clock", json={"reset": True})
    assert ref in ann.inbox()[-1].text


def test_a_dropped_sheet_becomes_leads_after_one_tap(home: House, client: TestClient, person: Person) -> None:
    data = base64.b64encode("姓名,公司,电话\n陈伟,宏达科技,13800138001\n王芳,江南食品,13800138002\n".encode()).decode()
    body = {"as": home.who("ann"), "name": "mine.csv", "data": data}
    told = client.post("/playground/api/upload", params={"workspace": home.workspace}, json=body).json()
    assert (told["answer"], told["errors"]) == (None, {})
    home.run_jobs()
    ann = person("ann")
    preview = ann.inbox()[-1]
    assert "陈伟" in preview.text
    ann.taps(preview, preview.buttons[0])
    home.run_jobs()
    assert "王芳" in ann.says("my").text


def test_undo_takes_a_claim_back(home: House, person: Person) -> None:
    ref = home.lead()
    ann = person("ann")
    ann.taps(ann.says(f"claim {ref}"), "Undo")
    assert ref in person("bob").says("pool").text


def test_a_typo_is_guessed(person: Person) -> None:
    assert "claim" in person("ann").says("clam L-1").text


def test_somebody_not_linked_sees_but_cannot_act(home: House, client: TestClient, person: Person) -> None:
    ref = home.lead()
    stranger = PlaygroundDriver(client, "stranger", workspace=home.workspace)
    assert stranger.says(f"claim {ref}").text
    assert person("bob").says(f"claim {ref}").title.startswith("Yours")


def test_an_unknown_button_is_an_old_card_and_no_error(home: House, client: TestClient, person: Person) -> None:
    card = person("ann").says("today")
    body = {"as": home.who("ann"), "message": card.place, "action": "gone.since", "value": "L-1~9", "fields": {}}
    answer = client.post("/playground/api/press", params={"workspace": home.workspace}, json=body)
    assert "old" in answer.json()["answer"]["plain"]


def test_the_same_line_sent_three_times_acts_once(home: House, client: TestClient, person: Person) -> None:
    home.lead(), home.lead()
    body = {"as": home.who("ann"), "text": "claim next", "key": "once"}
    answers = [
        client.post("/playground/api/say", params={"workspace": home.workspace}, json=body).json()["answer"]["id"]
        for _ in range(3)
    ]
    assert len(set(answers)) == 1
    assert len([button for button in person("ann").says("my").buttons if button == "Open"]) == 1


def test_another_organization_sees_nothing_of_it(home: House, own_url: str, redis_url: str, time: DrivenClock) -> None:
    ref = home.arrives()
    with (
        house(own_url, redis_url, time=time) as other,
        TestClient(other.app, base_url="http://localhost") as client,
    ):
        stranger = other.person(client, "ann")
        assert stranger.inbox() == []
        assert stranger.group(home.pool) == []
        assert "Yours" not in stranger.says(f"claim {ref}").title


def test_the_hints_name_every_word_in_both_languages(client: TestClient) -> None:
    english = client.get("/playground/api/words", params={"lang": "en"}).json()["words"]
    chinese = client.get("/playground/api/words", params={"lang": "zh"}).json()["words"]
    assert {"claim", "today", "help"} <= {each["text"] for each in english}
    assert {"领取", "今日", "帮助"} <= {each["text"] for each in chinese}
    assert {each["text"] for each in english if each["why"] == ""} == set()
