"""P9: whatever stands in an address, no door breaks, tells of its inside, or knows a method that it does not have."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from crm.services import api_tokens
from tests import build
from tests.promises.test_access_routes import ENDLESS, walked
from tests.world import House
from webhooks.app import create_app

WORDS = (
    "%00", "a%00b", "L-0", "L-1", "L-99999999999999999999", "-1", "9" * 400, "1e999", "0x1", "%FF%FE", "%ED%A0%80",
    "..%2F..%2Fetc%2Fpasswd", "%2e%2e%2f", "'%20or%201=1;--", "%3Cscript%3E", "{{7*7}}", "%0d%0aSet-Cookie:%20a=b",
    "slc_1_x", "slc_99999999999999999999_" + "a" * 32, "1." + "a" * 40, "99999999999999999999." + "a" * 40, "x" * 9000,
)  # fmt: skip
QUERIES = (
    "limit",
    "cursor",
    "since",
    "owner",
    "status",
    "stage",
    "source",
    "msg_signature",
    "timestamp",
    "nonce",
    "code",
)
# Words that only our own inside uses.
INSIDE = ("Traceback", "psycopg", "sqlalchemy", "[SQL", "site-packages")


@pytest.fixture(scope="module")
def door(house: House) -> Iterator[TestClient]:
    with TestClient(create_app(house.bot), raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def known(house: House) -> dict[str, str]:
    """The right to read everything of a company, so that what is asked gets as far as it can."""
    acme = build.company(house.bot.database)
    with house.bot.database.begin(acme.org_id) as uow:
        word = api_tokens.create(uow, actor=None, name="hostile", scopes=api_tokens.SCOPES)[1]
    return {"Authorization": f"Bearer {word}"}


def paths(door: TestClient) -> list[str]:
    app: Any = door.app
    return sorted({path for path, methods in walked(app.routes) if "GET" in methods and path != ENDLESS})


def broken(answers: list[tuple[str, Any]]) -> list[tuple[str, int]]:
    return [
        (asked, answer.status_code)
        for asked, answer in answers
        if answer.status_code >= 500 or any(word in answer.text for word in INSIDE) or "set-cookie" in answer.headers
    ]


def test_no_word_in_an_address_breaks_a_door(door: TestClient, known: dict[str, str]) -> None:
    holes = [path for path in paths(door) if "{" in path]
    asked = [f"{path.partition('{')[0]}{word}{path.rpartition('}')[2]}" for path in holes for word in WORDS]
    assert len(holes) >= 10
    assert broken([(path[:80], door.get(path, headers=known)) for path in asked]) == []


def test_no_question_in_an_address_breaks_a_door(door: TestClient, known: dict[str, str]) -> None:
    plain = [path for path in paths(door) if "{" not in path and path not in ("/openapi.json", "/metrics")]
    # Each name twice, as those do who hope that two readers take different ones.
    asked = [
        f"{path}?" + "&".join(f"{name}={word}&{name}=1" for name in QUERIES) for path in plain for word in WORDS[:12]
    ]
    assert broken([(path[:80], door.get(path, headers=known)) for path in asked]) == []


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "DELETE", "PUT", "PATCH", "DEBUG"])
def test_no_door_knows_other_methods(door: TestClient, method: str) -> None:
    asked = [path.replace("{", "").replace("}", "") for path in paths(door)]
    assert {door.request(method, path).status_code for path in asked} <= {404, 405}


def test_every_answer_says_what_a_browser_may_do_with_it(door: TestClient) -> None:
    asked = ["/", "/healthz", "/l/L-1", "/l/x", "/file/x", "/f/x", "/slack/install", "/api/v1/leads", "/openapi.json"]
    for path in asked:
        headers = door.get(path, headers={"Origin": "https://evil.example"}).headers
        assert not [name for name in headers if name.startswith("access-control")], path
        assert headers["x-content-type-options"] == "nosniff", path
        assert (
            "frame-ancestors" in headers["content-security-policy"] or "sandbox" in headers["content-security-policy"]
        )
