"""An event from the chat to the door: one message with its pages, a visitor, and the owner who hears of it."""

from __future__ import annotations

import base64
import re

import pytest

from crm import jobs
from tests import build
from tests.bot.asking import told
from tests.world import PLATFORMS, World

PNG = b"\x89PNG\r\n\x1a\n and so on"


def address(text: str, path: str) -> str:
    """The first of our addresses that begins so."""
    found = re.search(rf"http://[\w.:]+(/{path}/[\w-]+(?:\?h=\w+)?)", text)
    assert found
    return found[1]


def sends(world: World, path: str, **typed: str) -> str:
    stamp = re.search(r'name="stamp" value="([^"]+)"', world.client.get(path).text)
    world.time.advance(seconds=20)
    answer = world.client.post(path, data={"stamp": stamp[1] if stamp else "", "consent": "yes", **typed})
    world.run_jobs()
    return answer.text


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_event_is_one_message_and_the_owner_hears_who_signs_in(world: World, platform: str) -> None:
    mia, ann = world.chat(platform, "mia"), world.chat(platform, "ann")
    made = mia.says("event new Spring Expo, Hall 3, Saturday 2pm, @Ann")
    world.run_jobs()
    seen = "".join([made.text, *(card.text for card in mia.inbox())])
    sends(world, address(seen.partition("Ann Li")[2], "f"), name="Lu Wei", phone="13800138000")
    mia.says("assign L-1001 @Ann")
    world.run_jobs()
    assert "You are signed in" in sends(world, address(seen, "e"), phone="13800138000")
    assert len([card for card in ann.inbox() if "Lu Wei just signed in" in card.title]) == 1
    sends(world, address(seen, "e") + "/ask", question="Is there a green one?", phone="13800138000")
    asked = next(card for card in ann.inbox() if "A visitor asks" in card.title)
    assert "Is there a green one?" in asked.text
    ann.taps(asked, "Done")
    figures = mia.says("event Spring Expo").text
    world.run_jobs()
    assert "1 came, 1 signed in" in "".join([figures, *(card.text for card in mia.inbox())])


def test_a_file_sent_with_the_words_is_a_material_of_the_event(world: World) -> None:
    door = address(told(world, "event new Spring Expo, Hall 3, Saturday 2pm", "mia"), "e")
    body = {
        "as": build.external("playground", "mia", world.acme.org_id), "name": "brochure.png", "mime": "image/png",
        "text": "event material Spring Expo, Brochure", "data": base64.b64encode(PNG).decode(),
    }  # fmt: skip
    where = {"workspace": f"playground-{world.acme.org_id}"}
    answer = world.client.post("/playground/api/upload", params=where, json=body).json()["answer"]
    assert "Material: Brochure" in answer["plain"]
    world.run_jobs()
    found = re.search(rf'href="({door}/materials/\d+)"', world.client.get(f"{door}/materials").text)
    assert found
    assert world.client.get(found[1]).content == PNG
    world.time.advance(days=3)
    jobs.tidy(world.database, world.acme.org_id)
    assert world.client.get(found[1]).status_code == 200
