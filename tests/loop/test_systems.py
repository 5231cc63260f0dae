"""An admin connects other systems from the chat: what people do there arrives, and can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.bot.receiving import Receiver, receiving
from tests.promises.processes import until
from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)


@pytest.fixture
def receiver(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """One that the operator has allowed by name."""
    with receiving() as opened:
        monkeypatch.setattr(world.bot.settings, "hooks_allow", opened.allowed)
        yield opened


def found(pattern: str, told: str) -> str:
    match = re.search(pattern, told)
    assert match is not None, told
    return match[0]


@everywhere
def test_what_a_rep_does_in_the_chat_arrives_at_the_other_system(
    world: World, receiver: Receiver, platform: str
) -> None:
    ada, ann = world.chat(platform, "ada"), world.chat(platform, "ann")
    secret = found(r"whsec_[\w+/=]+", ada.says(f"hooks new {receiver.url} lead.assigned follow_up.logged").text)
    ref = world.lead()
    ann.says(f"claim {ref}")
    ann.says(f"log {ref} called, wants a quote")
    until(lambda: world.run_jobs() or len(receiver.got) >= 2)
    assert receiver.topics == ["lead.assigned", "follow_up.logged"]
    assert {body["data"]["lead"] for _headers, body in receiver.got} == {ref}
    assert receiver.signed_with(secret) == [True, True]


@everywhere
def test_a_token_of_the_chat_opens_the_api_until_it_is_revoked(world: World, platform: str) -> None:
    ada, ref = world.chat(platform, "ada"), world.lead(owner="ann")
    word = found(r"slc_\d+_[\w-]+", ada.says("tokens new warehouse leads:read 90d").text)
    asked = {"Authorization": f"Bearer {word}"}
    assert world.client.get(f"/api/v1/leads/{ref}", headers=asked).json()["owner"] == "Ann Li"
    ada.says("tokens revoke 1")
    assert world.client.get(f"/api/v1/leads/{ref}", headers=asked).status_code == 401


@everywhere
def test_what_an_admin_switches_off_is_gone_for_everybody_at_once(world: World, platform: str) -> None:
    ada, mia = world.chat(platform, "ada"), world.chat(platform, "mia")
    ada.says("modules off digests")
    assert "do not know" in mia.says("digest North").text
    ada.says("模块 开 digests")
    assert "do not know" not in mia.says("digest North").text


@pytest.mark.parametrize("words", ["hooks new {url}", "tokens new x", "modules off digests", "hooks", "tokens"])
def test_only_admins_connect_systems(world: World, words: str) -> None:
    told = world.chat("playground", "mia").says(words.format(url="https://erp.acme.example/in"))
    assert "Only admins can do that" in told.text


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("hooks new http://127.0.0.1:22/", "I do not call"), ("hooks new https://a.example x.odd", "There is no topic"),
        ("hooks test 9", "There is no hook"), ("hooks test", "This needs an address"),
        ("tokens new", "This needs a name"),
        ("tokens revoke 9", "There is no token"), ("tokens revoke x", "I cannot read"),
        ("tokens make x", "This needs a name"),
        ("tokens new x y:z", "A token cannot open"), ("modules off colours", "There is no module"),
        ("modules on", "This needs on or off"),
        ("hooks odd 9", "There is no hook"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_says_what_to_type(world: World, words: str, answer: str) -> None:
    assert answer in world.chat("playground", "ada").says(words).text


def test_a_hook_is_kept_with_words_and_taps(world: World, receiver: Receiver) -> None:
    ada = world.chat("playground", "ada")
    ada.says(f"hooks new {receiver.url}")
    assert "already" in ada.says(f"hooks new {receiver.url}").text
    ada.says("hooks test 1")
    until(lambda: world.run_jobs() or receiver.got)
    assert receiver.topics == ["test"]
    assert "lead.won" in ada.says("hooks topics 1 lead.won").text
    assert "(off)" in ada.says("hooks off 1").text
    assert "(off)" not in ada.says("hooks on 1").text
    assert "whsec_" in ada.says("hooks rotate 1").text
    assert "once more: 1" in ada.says("hooks replay 1 7d").text
    assert "I cannot read" in ada.says("hooks replay 1 often").text
    assert "This needs an address" in ada.says("hooks dance 1").text
    assert "Nobody yet" in ada.says("hooks remove 1").text
