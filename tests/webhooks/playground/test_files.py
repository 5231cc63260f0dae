"""Files in the playground: kept, told to the bot, and given back to those who see the message."""

import base64
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.drivers.playground_stage import Stage

UPLOAD = "/playground/api/upload"
FILE = "/playground/api/file"
PNG = b"\x89PNG\r\n\x1a\n and so on"


@pytest.fixture
def dropped(client: TestClient, stage: Stage) -> Any:
    """Somebody drops a file; tells the message."""

    def drop(name: str, content: bytes = PNG, **more: Any) -> dict[str, Any]:
        body = {"as": stage.who("ann"), "name": name, "data": base64.b64encode(content).decode()} | more
        answer = client.post(UPLOAD, json=body)
        assert answer.status_code == 200, answer.text
        message: dict[str, Any] = answer.json()["message"]
        return message

    return drop


def test_the_bot_hears_of_a_picture_with_its_words_and_can_fetch_it(stage: Stage, dropped: Any) -> None:
    message = dropped("card.png", mime="image/png", text="met at the fair")
    asked = stage.script.asked[-1]
    assert (asked.kind, asked.text, [each.name for each in asked.files]) == ("file", "met at the fair", ["card.png"])
    assert stage.platform.fetch_file(stage.workspace, asked.files[0].handle) == PNG
    assert (message["text"], message["file"]) == (
        "met at the fair",
        {"name": "card.png", "mime": "image/png", "size": len(PNG)},
    )


@pytest.mark.parametrize(
    ("name", "mime", "shown"),
    [
        ("名片.png", "image/png", "image/png"),
        ("call.mp3", "", "audio/mpeg"),
        ("evil.svg", "image/svg+xml", "application/octet-stream"),
        ("evil.html", "text/html", "application/octet-stream"),
    ],
)
def test_a_browser_runs_nothing_that_people_drop(
    client: TestClient, stage: Stage, dropped: Any, name: str, mime: str, shown: str
) -> None:
    message = dropped(name, mime=mime)
    answer = client.get(FILE, params={"as": stage.who("ann"), "message": message["id"]})
    assert (answer.content, answer.headers["content-type"]) == (PNG, shown)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("inline" if shown == mime or not mime else "attachment")


def test_nobody_gets_a_file_of_anothers_private_chat(client: TestClient, stage: Stage, dropped: Any) -> None:
    message = dropped("card.png")
    assert client.get(FILE, params={"as": stage.who("bob"), "message": message["id"]}).status_code == 404


def test_a_message_without_a_file_has_none_to_give(client: TestClient, stage: Stage) -> None:
    said = client.post("/playground/api/say", json={"as": stage.who("ann"), "text": "x"}).json()["message"]
    assert said["file"] is None
    assert client.get(FILE, params={"as": stage.who("ann"), "message": said["id"]}).status_code == 404


def test_a_file_that_is_too_large_is_refused(client: TestClient, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhooks.playground.uploads.MAX_FILE", 3)
    answer = client.post(UPLOAD, json={"as": "ann", "name": "a.bin", "data": "YWJjZA=="})
    assert (answer.status_code, stage.script.asked) == (413, [])
