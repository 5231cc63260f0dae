"""The page comes whole from this server, and has all of its words in both languages."""

import json
import re
from importlib.resources import files

import pytest
from starlette.testclient import TestClient

FOLDER = files("webhooks.playground").joinpath("static")
SCRIPTS = {each.name: each.read_text() for each in FOLDER.iterdir() if each.name.endswith(".js")}
TEXTS = {lang: json.loads(FOLDER.joinpath(f"{lang}.json").read_text()) for lang in ("en", "zh")}


def test_the_page_asks_for_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/playground")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert re.findall(r"""(?:src|href)=["']?(https?:)?//""", page.text) == []


def test_everything_that_the_page_and_its_scripts_load_is_there(client: TestClient) -> None:
    named = re.findall(r"/playground/static/([\w.]+)", client.get("/playground").text)
    imported = [name for script in SCRIPTS.values() for name in re.findall(r'from "\./([\w.]+)"', script)]
    assert {
        name: client.get(f"/playground/static/{name}").status_code for name in {*named, *imported}
    } == dict.fromkeys({*named, *imported}, 200)


def test_an_unchanged_file_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/playground/static/main.js")
    again = client.get("/playground/static/main.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["nothing.js", "..%2fapi.py", "api.py", "%2e%2e", "index.html%00"])
def test_nothing_else_can_be_fetched(client: TestClient, name: str) -> None:
    assert client.get(f"/playground/static/{name}").status_code == 404


def test_both_languages_say_the_same_things() -> None:
    assert TEXTS["en"].keys() == TEXTS["zh"].keys()
    assert {key: set(re.findall(r"\{\w+\}", str(text))) for key, text in TEXTS["en"].items()} == {
        key: set(re.findall(r"\{\w+\}", str(text))) for key, text in TEXTS["zh"].items()
    }


def test_every_text_that_a_script_asks_for_exists_and_none_is_left_over() -> None:
    everything = "\n".join(SCRIPTS.values())
    asked = set(re.findall(r'\bt\("([^"]+)"', everything))
    families = tuple(re.findall(r"\bt\(`(\w+_)\$", everything))
    named = {key for key in TEXTS["en"] if f'"{key}"' in everything or key.startswith(families)}
    assert asked <= TEXTS["en"].keys() == named


def test_no_script_turns_text_into_markup() -> None:
    risky = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc")
    assert {name for name, script in SCRIPTS.items() if risky.search(script)} == set()
