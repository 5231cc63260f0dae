"""The door for leads: in which shapes they come, once however often, and what is told while something is away."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import text

from crm.db import Database
from crm.models import Pool, Source
from crm.services import source_watch, sources
from crm.vault import Vault
from tests.rounds import rounds
from tests.webhooks.intake.posts import LU, VAULT, bearer, count, post, serve
from webhooks.intake.rates import Rates
from webhooks.intake.tally import Tally

EACH = rounds(short=10, full=313)  # posts of each of sixteen threads, 5,008 in all


def test_a_new_lead_is_answered_with_its_reference(client, database, acme, web):
    answer = post(client, web, LU)
    assert (answer.status_code, answer.json()) == (201, {"ref": "L-1001"})
    assert count(database, acme, "lead") == 1


def test_the_same_customer_again_is_a_touch(client, database, acme, web):
    post(client, web, LU)
    answer = post(client, web, {"name": "Lu", "mobile": "+86 138 0013 8000"})
    assert (answer.status_code, answer.json()) == (200, {"ref": "L-1001"})
    assert count(database, acme, "activity where verb = 'touched'") == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Lu Wei", "phone": "13800138000", "company": "Lucky Tea", "note": "price?"},
        {"姓名": "Lu Wei", "手机号": 13800138000, "公司": "Lucky Tea", "备注": "price?"},
        {"First Name": "Lu", "last_name": "Wei", "PhoneNumber": "138-0013-8000", "firm": "Lucky Tea", "memo": "price?"},
        {
            "type": "x",
            "data": {"full_name": "Lu Wei", "tel": "13800138000", "account": "Lucky Tea", "comment": "price?"},
        },
    ],
)
def test_fields_are_understood_by_their_usual_names(client, database, acme, web, fields):
    assert post(client, web, fields).status_code == 201
    with database.begin(acme.org_id) as uow:
        found = uow.session.execute(
            text("select p.name, company, value, words from person p, person_key k, activity a where verb = 'created'")
        ).all()
    assert found == [("Lu Wei", "Lucky Tea", "+8613800138000", "price?")]


def test_what_has_no_known_name_is_kept_with_the_lead(client, database, acme, web):
    post(client, web, LU | {"utm_campaign": "spring", "colour": "red", "newsletter": True, "nested": {"a": 1}})
    with database.begin(acme.org_id) as uow:
        assert uow.session.execute(text("select campaign, custom from lead")).all() == [
            ("spring", {"colour": "red", "newsletter": "true"})
        ]


def test_a_form_post_is_read_like_json(client, web):
    answer = client.post(web.path, data={"name": "Lu Wei", "phone": "13800138000"}, headers=bearer(web))
    assert answer.status_code == 201


def test_a_multipart_form_is_read_and_its_files_are_left_out(client, database, acme, web):
    files = {"card": ("card.png", b"\x89PNG\xff", "image/png")}
    answer = client.post(web.path, data=LU | {"tags": ["tea", "fair"]}, files=files, headers=bearer(web))
    assert answer.status_code == 201
    with database.begin(acme.org_id) as uow:
        assert uow.session.scalar(text("select tags from lead")) == ["tea", "fair"]


def test_every_wrong_field_is_named(client, database, acme, web):
    answer = post(client, web, {"name": [{}], "phone": {"number": 1}, "email": "nobody", "amount": True})
    assert answer.status_code == 422
    assert answer.json() == {
        "errors": {"name": "This must be text.", "phone": "This must be text.", "amount": "This must be text."}
    }
    answer = post(client, web, {"name": "Lu", "phone": "12", "email": "nobody"})
    assert set(answer.json()["errors"]) == {"phone", "email"}
    assert count(database, acme, "lead") == 0


@pytest.mark.parametrize("name", ["Idempotency-Key", "id", "external_id"])
def test_a_repeat_gets_the_first_answer_and_has_no_second_effect(client, database, acme, web, name):
    in_header = name == "Idempotency-Key"
    headers, body = ({name: "evt-1"}, LU) if in_header else ({}, LU | {name: "evt-1"})
    answers = [post(client, web, body, **headers) for _ in range(3)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(201, {"ref": "L-1001"})] + [
        (200, {"ref": "L-1001"})
    ] * 2
    assert count(database, acme, "activity where verb in ('created', 'touched')") == 1


def test_eight_repeats_at_once_are_one_lead(client, database, acme, web):
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: post(client, web, LU | {"id": "evt-1"}), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert {answer.json()["ref"] for answer in answers} == {"L-1001"}
    assert count(database, acme, "activity where verb in ('created', 'touched')") == 1


def test_a_corrected_post_of_the_same_id_is_taken_in(client, database, acme, web):
    assert post(client, web, LU | {"id": "evt-1", "phone": "12"}).status_code == 422
    assert post(client, web, LU | {"id": "evt-1"}).status_code == 201


def test_the_same_id_at_two_sources_is_two_posts(client, database, acme, web):
    with database.begin(acme.org_id) as uow:
        made = sources.create(uow, VAULT, actor=None, key=f"fair-{acme.org_id}", pool_id=acme.pool["open"])
    fair = SimpleNamespace(path=f"/intake/fair-{acme.org_id}", key=made.key)
    assert post(client, web, LU | {"id": "1"}).status_code == 201
    assert post(client, fair, {"name": "Wu", "phone": "13900139000", "id": "1"}).status_code == 201


def test_one_phone_posted_twenty_times_at_once_is_one_lead_with_nineteen_touches(client, database, acme, web):
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: post(client, web, LU), range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert (count(database, acme, "person"), count(database, acme, "lead")) == (1, 1)
    assert count(database, acme, "activity where verb = 'touched'") == 19


def test_while_the_database_is_away_the_sender_is_asked_to_come_again(valkey):
    gone = Database("postgresql+psycopg://nobody@/none?host=/nowhere", pool_size=2)
    with TestClient(serve(gone, valkey), raise_server_exceptions=False) as client:
        answer = client.post("/intake/web", json=LU, headers={"Authorization": "Bearer x"})
    gone.close()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_an_organization_without_a_pool_asks_the_sender_to_come_again(client, database, acme, web):
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text("update source set pool_id = null"))
        uow.session.execute(text("delete from pool_scope"))
        uow.session.execute(text("delete from pool"))
    assert post(client, web, LU | {"id": "1"}).status_code == 503
    with database.begin(acme.org_id) as uow:
        uow.session.add(Pool(org_id=acme.org_id, key="new", name="New", created_at=uow.now))
    assert post(client, web, LU | {"id": "1"}).status_code == 201


def test_a_source_whose_key_cannot_be_opened_asks_the_sender_to_come_again(client, database, acme, web):
    with database.begin(acme.org_id) as uow:
        uow.session.get_one(Source, (acme.org_id, web.id)).secret = Vault("another key of sixteen").seal("x")
    assert post(client, web, LU).status_code == 503


def test_who_posts_too_much_is_told_when_to_come_again(database, valkey, acme, web, form):
    rates = Rates(source=3, form=100, address=2)
    with TestClient(serve(database, valkey, rates)) as client:
        keyed = [post(client, web, LU) for _ in range(5)]
        public = [client.post(form.path, json=LU) for _ in range(3)]
    assert [answer.status_code for answer in keyed].count(429) >= 1
    assert [answer.status_code for answer in public].count(429) >= 1
    assert 1 <= int(next(answer for answer in keyed if answer.status_code == 429).headers["Retry-After"]) <= 61


def test_without_redis_nobody_is_turned_away(database, acme, web):
    away = Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2, retry=Retry(NoBackoff(), 0))
    with TestClient(serve(database, away, Rates(source=1))) as client:
        answers = [post(client, web, LU | {"id": str(number)}) for number in range(3)]
    away.close()
    assert [answer.status_code for answer in answers] == [201, 200, 200]


def test_the_list_of_sources_shows_what_came_and_what_was_turned_away(database, valkey, acme, web):
    with TestClient(serve(database, valkey)) as client:
        codes = [post(client, web, body).status_code for body in (LU, LU, {"phone": "12"}, [])]
        forged = client.post(f"/intake/{web.word}", json=LU, headers={"Authorization": "Bearer wrong"})
    assert [*codes, forged.status_code] == [201, 200, 422, 400, 401]
    with database.begin(acme.org_id) as uow:
        row = next(source for source in sources.listing(uow) if source.id == web.id)
        reasons = {(one.field, one.why): one.count for one in source_watch.reasons(uow, web.id)}
    assert (row.accepted, row.rejected) == (2, 3)
    assert row.last_seen_at is not None
    assert reasons == {
        ("phone", "This is not a valid phone number."): 1, ("", "The body must be a JSON object."): 1,
        ("", source_watch.WRONG_KEY): 1,
    }  # fmt: skip


def test_what_could_not_be_counted_is_counted_later(database, acme, web):
    gone = Database("postgresql+psycopg://nobody@/none?host=/nowhere", pool_size=2)
    tally = Tally(gone)
    tally.count(acme.org_id, web.id)
    tally.write()
    tally._database = database
    tally.write()
    gone.close()
    with database.begin(acme.org_id) as uow:
        assert next(source for source in sources.listing(uow) if source.id == web.id).accepted == 1


def test_the_contract_is_in_the_open_api_document(client):
    described = client.get("/openapi.json").json()["paths"]["/intake/{source}"]["post"]
    assert {"200", "201", "202", "401", "404", "413", "415", "422", "429", "503"} <= set(described["responses"])
    assert "application/json" in described["requestBody"]["content"]


def test_a_burst_of_customers_loses_none(client, database, acme, web):
    started = threading.Barrier(16)

    def send(number):
        started.wait()
        bodies = [{"name": "x", "phone": f"+861380{number:02d}0{one:04d}"} for one in range(EACH)]
        return [post(client, web, body).status_code for body in bodies]

    with ThreadPoolExecutor(16) as threads:
        codes = [code for each in threads.map(send, range(16)) for code in each]
    assert codes == [201] * 16 * EACH
    assert count(database, acme, "lead") == 16 * EACH
