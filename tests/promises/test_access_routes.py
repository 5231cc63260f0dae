"""P23 over HTTP: every route says nothing to somebody without credentials, and to each reader what the matrix says.

A route that has no row fails here: `ROUTES` says what opens it, which the tests below try.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from crm.clock import DrivenClock, wall
from crm.db import Database
from crm.rules.access import Actor
from crm.rules.periods import parse
from crm.services import api_tokens, attachments, downloads, feeds, members, person_export
from crm.uow import UnitOfWork
from crm.vault import Vault
from tests import build
from tests.promises.access import stage
from tests.promises.access.expected import lead, only, role
from tests.promises.access.stage import SEATS, WHO, Stage
from tests.promises.test_access_table import kept_from
from tests.world import House
from webhooks.app import create_app

ALL = (stage.NAME, stage.FIRM, stage.MEMO, stage.PHONE, stage.MAIL, stage.FREE_PHONE, stage.NORTHERN)
# What opens a route. `public` and `page` show what everybody may see; `demo` is there with the playground alone.
ROUTES = {
    "public": ("/healthz", "/readyz", "/metrics", "/openapi.json", "/l/{ref}", "/f/page.css"),
    "page": (
        "/f/{word}", "/f/{word}/code", "/e/{word}", "/e/{word}/door", "/e/{word}/materials",
        "/e/{word}/materials/{material}", "/e/{word}/questions", "/e/{word}/ask", "/e/{word}/codes",
    ),
    "ticket": ("/file/{ticket}", "/export/{ticket}", "/person/{ticket}"),
    "own address": ("/calendar/{token}.ics",),
    "token": (
        "/api/v1/leads", "/api/v1/leads/{ref}", "/api/v1/persons/{person_id}", "/api/v1/credits", "/api/v1/members",
        "/api/v1/changes", "/api/v1/{rest:path}",
    ),
    "signature": (
        "/slack/events", "/slack/install", "/slack/oauth_redirect", "/wecom/callback", "/wecom/callback/{app}",
        "/intake/{source}", "/intake/{source}/{event}",
    ),
    "demo": (
        "/playground", "/playground/static/{name}", "/playground/api/say", "/playground/api/upload",
        "/playground/api/press", "/playground/api/people", "/playground/api/words", "/playground/api/messages",
        "/playground/api/inboxes", "/playground/api/home", "/playground/api/file", "/playground/api/rendered",
        "/playground/api/stream", "/playground/api/clock",
    ),
}  # fmt: skip
ENDLESS = "/playground/api/stream"
_VAULT = Vault(build.SECRET)
_HOLE = re.compile(r"\{[^}]*\}")


def walked(routes: list[Any]) -> Iterator[tuple[str, frozenset[str]]]:
    """Every path with its methods, however deep it is included."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from walked(inner.routes)
        else:
            yield route.path, frozenset(route.methods)


@pytest.fixture(scope="module")
def there(shared_database: Database) -> Iterator[Stage]:
    shared_database.time = time = DrivenClock(build.NOW)
    yield Stage(shared_database, time)
    shared_database.time = wall


@pytest.fixture
def client(house: House, there: Stage) -> TestClient:
    house.bot.database.time = there.time
    house.client.cookies.clear()
    return house.client


def test_every_route_has_a_row(house: House) -> None:
    rows = {path for paths in ROUTES.values() for path in paths}
    lost = {path for path, _ in walked(create_app(house.bot).routes)} - rows
    assert lost == set(), "say in ROUTES what opens it, and try that below"


def test_whoever_shows_nothing_is_told_nothing(house: House, client: TestClient) -> None:
    said = {
        f"{method} {path}": client.request(method, _HOLE.sub("L-1001", path))
        for path, methods in walked(create_app(house.bot).routes) if path != ENDLESS
        for method in sorted(methods & {"GET", "POST"})
    }  # fmt: skip
    assert len(said) > 30
    assert {asked: answer.status_code for asked, answer in said.items() if answer.status_code >= 500} == {}
    assert [asked for asked, answer in said.items() if any(mark in answer.text for mark in ALL)] == []


def seated(there: Stage) -> Iterator[tuple[str, UnitOfWork, Actor]]:
    """Those who are somebody, each in the own company."""
    for seat, name in WHO.items():
        home = there.other if seat == "foreign" else there.acme
        with there.database.begin(home.org_id) as uow:
            yield seat, uow, members.get(uow, home.member[name])


Made = Callable[[Stage, UnitOfWork, Actor], str]


def of_file(there: Stage, uow: UnitOfWork, actor: Actor) -> str:
    return "/file/" + attachments.issue(_VAULT, actor=actor, attachment_id=there.given["file"], now=uow.now)


def of_decisions(there: Stage, uow: UnitOfWork, actor: Actor) -> str:
    return "/export/" + downloads.issue(_VAULT, actor=actor, period=parse("7d", uow.now, actor.timezone), now=uow.now)


def of_reveals(there: Stage, uow: UnitOfWork, actor: Actor) -> str:
    period = parse("7d", uow.now, actor.timezone)
    return "/export/" + downloads.issue(_VAULT, actor=actor, period=period, now=uow.now, what="reveals")


def of_audit(there: Stage, uow: UnitOfWork, actor: Actor) -> str:
    period = parse("7d", uow.now, actor.timezone)
    return "/export/" + downloads.issue(_VAULT, actor=actor, period=period, now=uow.now, what="audit")


def of_person(there: Stage, uow: UnitOfWork, actor: Actor) -> str:
    return "/person/" + person_export.issue(_VAULT, uow, actor=actor, person_id=there.given["person"])


def unpacked(answer: Any) -> str:
    """All that an answer says. An archive of a person whom a company does not have is empty."""
    if answer.headers["content-type"] != "application/zip":
        return str(answer.text)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        return "".join(packed.read(name).decode(errors="replace") for name in packed.namelist())


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (of_file, lead("contact")), (of_decisions, role("export")), (of_reveals, role("reveals")),
        (of_audit, role("privacy")), (of_person, only("admin", "foreign")),
    ],
    ids=["file", "decisions", "reveals", "audit", "person"],
)  # fmt: skip
def test_a_link_opens_what_its_reader_may_see_when_it_is_opened(
    client: TestClient, there: Stage, made: Made, expected: str
) -> None:
    """Whoever made it, and however the link came to be: the role and the scope are those of now."""
    links = {seat: made(there, uow, actor) for seat, uow, actor in seated(there)}
    answers = {seat: client.get(link) for seat, link in links.items()}
    got = {seat: "+" if answer.status_code == 200 else "-" for seat, answer in answers.items()}
    assert got == {seat: "+" if expected[SEATS.index(seat)] == "+" else "-" for seat in answers}
    assert [seat for seat, answer in answers.items() if any(mark in unpacked(answer) for mark in kept_from(seat))] == []


def test_a_link_is_of_no_use_for_something_else_or_once_it_is_changed(client: TestClient, there: Stage) -> None:
    link = next(of_file(there, uow, actor) for _, uow, actor in seated(there))
    word = link.rpartition("/")[2]
    others = [f"/export/{word}", f"/person/{word}", f"/calendar/{word}.ics", f"/file/{word[:-2]}AA"]
    assert [client.get(other).status_code for other in others] == [404] * 4


def test_a_calendar_tells_its_owner_alone(client: TestClient, there: Stage) -> None:
    told = {}
    for seat, uow, actor in seated(there):
        told[seat] = f"/calendar/{feeds.renew(uow, _VAULT, actor=actor)}.ics"
    answers = {seat: client.get(link) for seat, link in told.items()}
    assert {seat for seat, answer in answers.items() if stage.NAME in answer.text} == {"owner"}
    assert answers["gone"].status_code == 404


API = ("leads", "leads/L-1001", "persons/{person}", "credits", "members", "changes")


def asked(client: TestClient, there: Stage, word: str) -> list[Any]:
    signed = {"Authorization": f"Bearer {word}"}
    return [client.get(f"/api/v1/{path}".format(**there.given), headers=signed) for path in API]


def token(there: Stage, org_id: int, *scopes: str) -> str:
    with there.database.begin(org_id) as uow:
        return api_tokens.create(uow, actor=None, name=f"erp {'-'.join(scopes)[:40]}", scopes=scopes)[1]


def test_a_token_opens_its_own_company_and_its_own_scopes(client: TestClient, there: Stage) -> None:
    every = ("leads:read", "contacts:read", "credits:read")
    foreign = asked(client, there, token(there, there.other.org_id, *every))
    masked = asked(client, there, token(there, there.acme.org_id, "leads:read"))
    clear = asked(client, there, token(there, there.acme.org_id, *every))
    assert [answer for answer in foreign if any(mark in answer.text for mark in ALL)] == []
    assert (foreign[1].status_code, foreign[2].status_code, foreign[0].json()["data"]) == (404, 404, [])
    assert [answer for answer in masked if any(mark in answer.text for mark in (stage.PHONE, stage.MAIL))] == []
    assert any(stage.PHONE in answer.text for answer in clear)


def test_a_token_that_was_taken_back_opens_nothing(client: TestClient, there: Stage) -> None:
    word = token(there, there.acme.org_id, "leads:read")
    with there.database.begin(there.acme.org_id) as uow:
        uow.session.execute(
            text("update api_token set revoked_at = :now where org_id = :o"), {"now": uow.now, "o": uow.org_id}
        )
    assert {answer.status_code for answer in asked(client, there, word)} == {401}


def test_a_persona_of_one_company_reads_nothing_in_another(client: TestClient, there: Stage) -> None:
    who = {"as": build.external("playground", "ann", there.acme.org_id)}
    where = {"workspace": f"playground-{there.other.org_id}"}
    read = [client.get(f"/playground/api/{path}", params=who | where) for path in ("messages", "home", "inboxes")]
    said = client.post(
        "/playground/api/say", json=who | where | {"to": "sluice", "text": f"lead {there.given['owned']}"}
    )
    assert [answer for answer in (*read, said) if any(mark in answer.text for mark in ALL)] == []
