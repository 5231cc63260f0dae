"""Codes that prove a phone: sent signed by a job, kept as a hash, good for some minutes and a few attempts."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from redis import Redis
from sqlalchemy import text
from standardwebhooks import Webhook

from bot.sms import TRIES, Gateway
from crm import queue
from crm.services import forms, leads, members, phone_codes, sources
from crm.settings import Settings, SettingsError
from crm.vault import Vault
from ops.runtime import check
from tests import build
from tests.serving import serving
from webhooks.forms.router import router

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSBnYXRld2F5"
LU = {"name": "Lu Wei", "phone": "13800138000", "consent": "yes"}


@dataclass
class Sms:
    """A gateway that keeps what it is told, and says what it is asked to say."""

    status: int = 200
    told: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/send")
        async def send(request: Request) -> Response:
            self.told.append((dict(request.headers), await request.body()))
            return Response(status_code=self.status)

        return app

    def code(self) -> str:
        return str(json.loads(self.told[-1][1])["data"]["code"])


@pytest.fixture(scope="module")
def server():
    sms = Sms()
    with serving(sms.app()) as host:
        yield sms, host


@pytest.fixture
def sms(server):
    sms, _host = server
    sms.status, sms.told = 200, []
    return sms


@pytest.fixture
def shop(database, engines, server, sms):
    """A company with a form and a gateway, and a visitor's browser."""
    acme = build.company(database, rules="{}")
    with database.begin(acme.org_id) as uow:
        source = sources.get(uow, acme.source_id)
        word = forms.make(uow, actor=None, source=source).word
    redis = Redis.from_url(engines.redis_url)
    settings = Settings(secret_key=build.SECRET, sms_url=f"http://{server[1]}/send", sms_secret=SECRET)
    bot = SimpleNamespace(database=database, redis=redis, settings=settings)
    app = FastAPI()
    app.include_router(router(bot))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield SimpleNamespace(database=database, acme=acme, bot=bot, client=client, path=f"/f/{word}", sms=sms)
    redis.close()


def sent(shop: Any, time: Any, **typed: str) -> str:
    """The page that thanks for a form."""
    stamp = re.search(r'name="stamp" value="([^"]+)"', shop.client.get(shop.path).text)
    time.advance(seconds=20)
    return str(shop.client.post(shop.path, data={"stamp": stamp[1] if stamp else "", **LU, **typed}).text)


def ticket(page: str) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', page)
    return found[1] if found else ""


def rows(shop: Any, statement: str) -> list[Any]:
    with shop.database.begin(shop.acme.org_id) as uow:
        return [tuple(row) for row in uow.session.execute(text(statement), {"o": shop.acme.org_id})]


JOB = text(
    "select args from procrastinate_jobs where task_name = :name and args->>'org_id' = :org order by id desc limit 1"
)


def run_job(shop: Any) -> None:
    with shop.database.begin(shop.acme.org_id) as uow:
        args = uow.session.scalar(JOB, {"name": queue.SMS, "org": str(shop.acme.org_id)})
    Gateway(shop.bot).send_code(**args)


def typed(shop: Any, page: str, code: str) -> Any:
    return shop.client.post(f"{shop.path}/code", data={"ticket": ticket(page), "code": code})


def test_a_code_is_sent_by_a_job_signed_and_proves_the_phone(shop, time):
    page = sent(shop, time)
    assert "six digits" in page
    assert shop.sms.told == []
    assert rows(shop, "select verified from person_key where org_id = :o") == [(False,)]
    run_job(shop)
    headers, body = shop.sms.told[0]
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    assert headers["webhook-signature"] == Webhook(SECRET).sign(headers["webhook-id"], at, body.decode())
    data = json.loads(body)["data"]
    assert data["phone"] == "+8613800138000"
    assert data["text"].startswith(f"{data['code']} is your code for Acme.")
    answer = typed(shop, page, f" {data['code'][:3]} {data['code'][3:]}")
    assert "Your phone is confirmed." in answer.text
    assert rows(shop, "select verified from person_key where org_id = :o") == [(True,)]


def test_the_card_says_whether_a_phone_is_proven(shop, time):
    sent(shop, time)
    with shop.database.begin(shop.acme.org_id) as uow:
        lead = uow.session.scalar(text("select id from lead where org_id = :o"), {"o": shop.acme.org_id})
        seen = leads.access_id(uow, actor=members.get(uow, shop.acme.member["ada"]), lead_id=lead)
    assert seen.proofs == {seen.contacts[0][1]: False}


def test_nothing_that_is_kept_or_owed_holds_the_code_in_the_clear(shop, time):
    sent(shop, time)
    assert rows(shop, "select code_hash from phone_code where org_id = :o") == [(None,)]
    run_job(shop)
    code = shop.sms.code()
    kept = rows(shop, "select to_jsonb(c)::text from phone_code c where org_id = :o")
    kept += rows(shop, "select args::text from procrastinate_jobs where args->>'org_id' = cast(:o as text)")
    assert [
        row for row in kept if code in row[0] or "13800138000" in row[0].replace('"phone": "+8613800138000"', "")
    ] == []


def test_a_wrong_code_a_late_one_and_a_sixth_attempt_prove_nothing(shop, time):
    page = sent(shop, time)
    assert typed(shop, page, "").status_code == 422
    run_job(shop)
    code = shop.sms.code()
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert [typed(shop, page, wrong).status_code for _ in range(phone_codes.ATTEMPTS)] == [422] * phone_codes.ATTEMPTS
    assert typed(shop, page, code).status_code == 422
    late = sent(shop, time)
    run_job(shop)
    time.advance(minutes=11)
    assert typed(shop, late, shop.sms.code()).status_code == 422
    assert rows(shop, "select verified from person_key where org_id = :o") == [(False,)]


def test_a_forged_ticket_proves_nothing(shop, time):
    page = sent(shop, time)
    run_job(shop)
    forged = Vault(build.SECRET).seal(json.dumps(["phone", shop.acme.org_id + 1, 1])).decode()
    for word in ("", "x", forged):
        data = {"ticket": word, "code": shop.sms.code()}
        assert shop.client.post(f"{shop.path}/code", data=data).status_code == 422
    assert typed(shop, page, shop.sms.code()).status_code == 200


def test_a_phone_gets_three_codes_an_hour_and_its_form_is_taken_in_all_the_same(shop, time):
    pages = [sent(shop, time, note=f"again {turn}") for turn in range(5)]
    assert [bool(ticket(page)) for page in pages] == [True, True, True, False, False]
    assert rows(shop, "select touches from lead where org_id = :o") == [(5,)]
    time.advance(hours=1)
    assert ticket(sent(shop, time))


def test_a_job_that_runs_twice_sends_once(shop, time):
    sent(shop, time)
    run_job(shop)
    run_job(shop)
    assert len(shop.sms.told) == 1


def test_a_gateway_that_refuses_is_tried_again_and_then_given_up(shop, time):
    shop.sms.status = 500
    sent(shop, time)
    for _ in range(TRIES):
        run_job(shop)
    assert len(shop.sms.told) == TRIES
    assert rows(shop, "select state, code_hash from phone_code where org_id = :o") == [("failed", None)]


def test_a_gateway_without_a_secret_stops_the_start():
    settings = Settings(
        database_url="x", redis_url="redis://x", secret_key=build.SECRET, sms_url="https://sms.example.com"
    )
    with pytest.raises(SettingsError, match="SLUICE_SMS_SECRET"):
        check(settings)
