"""The door for files: a link is good for whom it was made, for a short while, and nothing else is a link."""

from datetime import date
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from crm.rules.periods import Period
from crm.services import dispatch, downloads, members
from crm.settings import Settings
from crm.vault import Vault
from tests import build
from webhooks.exports import router

DAY = Period("day", date(2026, 3, 4), date(2026, 3, 4), ZoneInfo("Asia/Shanghai"))
VAULT = Vault(build.SECRET)


@pytest.fixture
def acme(database, time):
    return build.company(database)


@pytest.fixture
def client(database):
    app = FastAPI()
    app.include_router(router(SimpleNamespace(database=database, settings=Settings(secret_key=build.SECRET))))
    with TestClient(app) as client:
        yield client


def link(database, acme, name):
    with database.begin(acme.org_id) as uow:
        dispatch.dispatch(uow, build.lead(uow, acme))
        member = members.get(uow, acme.member[name])
        return "/export/" + downloads.issue(VAULT, actor=member, period=DAY, now=uow.now)


def test_a_fresh_link_gives_the_file(database, acme, client):
    answer = client.get(link(database, acme, "ada"))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["cache-control"] == "no-store"
    head, row = answer.content.decode("utf-8-sig").splitlines()
    assert head.startswith("at,lead,kind")
    assert ",dispatch,pooled," in row


def test_an_old_link_gives_nothing(database, acme, client, time):
    address = link(database, acme, "ada")
    time.advance(minutes=16)
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("change", ["active = false", "role = 'rep'"])
def test_whoever_may_no_longer_read_it_gets_nothing(database, acme, client, change):
    address = link(database, acme, "mia")
    with database.begin(acme.org_id) as uow:
        changed = text(f"update member set {change} where org_id = :o and id = :m")
        uow.session.execute(changed, {"o": acme.org_id, "m": acme.member["mia"]})
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "word",
    ["x", "gAAAA", VAULT.seal('"a secret"').decode(), VAULT.seal("[1, 2]").decode()],
    ids=["a letter", "the beginning of one", "another secret", "a list"],  # what is sealed differs each time
)
def test_nothing_else_is_a_link(client, word):
    assert client.get(f"/export/{word}").status_code == 404
