"""The door for leads: who may post, in which shapes, once however often it comes, and what strangers learn: nothing."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import text
from standardwebhooks import Webhook

from crm.db import Database
from crm.models import Pool, Source
from crm.services import members, source_watch, sources
from crm.settings import Settings
from crm.vault import Vault
from tests import build
from tests.rounds import rounds
from webhooks.intake.post import MAX_BODY
from webhooks.intake.rates import Rates
from webhooks.intake.router import router
from webhooks.intake.tally import Tally

EACH = rounds(short=10, full=313)  # posts of each of sixteen threads, 5,008 in all
LU = {"name": "Lu Wei", "phone": "13800138000"}
VAULT = Vault(build.SECRET)


def serve(database, redis, rates=None):
    bot = SimpleNamespace(database=database, redis=redis, settings=Settings(secret_key=build.SECRET))
    app = FastAPI()
    app.include_router(router(bot, rates))
    return app


@pytest.fixture(scope="module")
def redis(engines):
    client = Redis.from_url(engines.redis_url)
    yield client
    client.close()


@pytest.fixture
def acme(database):
    return build.company(database, rules="{}")


@pytest.fixture
def client(database, redis):
    with TestClient(serve(database, redis), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def web(database, acme):
    return make_source(database, acme, "keyed")


@pytest.fixture
def form(database, acme):
    return make_source(database, acme, "form")


def make_source(database, acme, kind):
    """A source under a word of its own, so that the organizations of other tests do not answer for it."""
    with database.begin(acme.org_id) as uow:
        made = sources.create(uow, VAULT, actor=None, key=f"{kind}-{acme.org_id}", kind=kind, pool_id=acme.pool["open"])
        return SimpleNamespace(path=f"/intake/{made.source.key}", key=made.key, word=made.source.key, id=made.source.id)


def bearer(source, **more):
    return {"Authorization": f"Bearer {source.key}", **more}


def post(client, source, values, **headers):
    return client.post(source.path, json=values, headers=bearer(source, **headers))


def signed(key, body, *, at=None, message="msg_1"):
    at = at or datetime.now(UTC)
    signature = Webhook(key).sign(message, at, body)
    return {
        "webhook-id": message, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature,
        "content-type": "application/json",
    }  # fmt: skip


def count(database, acme, what):
    with database.begin(acme.org_id) as uow:
        return uow.session.scalar(text(f"select count(*) from {what}"))


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


def test_a_signed_post_is_taken_in_and_its_replay_is_a_repeat(client, database, acme, web):
    body = json.dumps(LU)
    headers = signed(web.key, body)
    assert client.post(web.path, content=body, headers=headers).status_code == 201
    assert client.post(web.path, content=body, headers=headers).status_code == 200
    assert count(database, acme, "activity where verb = 'touched'") == 0


def forged(**change):
    return lambda key, body: signed(key, body) | change


FORGERIES = {
    "another key": lambda key, body: signed(sources.fresh_secret(), body),
    "another body": lambda key, body: signed(key, body + " "),
    "five minutes old": lambda key, body: signed(key, body, at=datetime.now(UTC) - timedelta(seconds=310)),
    "from the future": lambda key, body: signed(key, body, at=datetime.now(UTC) + timedelta(seconds=310)),
    "another message": forged(**{"webhook-id": "msg_2"}),
    "no message": forged(**{"webhook-id": ""}),
    "no signature": forged(**{"webhook-signature": ""}),
    "not base64": forged(**{"webhook-signature": "v1,%%%"}),
    "no version": forged(**{"webhook-signature": "abc"}),
    "many commas": forged(**{"webhook-signature": "v1,a,b,c"}),
    "an old version": forged(**{"webhook-signature": "v0,abc"}),
    "time in words": forged(**{"webhook-timestamp": "now"}),
    "time that is none": forged(**{"webhook-timestamp": "nan"}),
    "time without end": forged(**{"webhook-timestamp": "1e400"}),
    "key beside a bad signature": lambda key, body: signed(key, body + " ") | {"authorization": f"Bearer {key}"},
    "nothing at all": lambda key, body: {"content-type": "application/json"},
    "a wrong key": lambda key, body: {"content-type": "application/json", "authorization": "Bearer wrong"},
    "an empty key": lambda key, body: {"content-type": "application/json", "authorization": "Bearer "},
    "another scheme": lambda key, body: {"content-type": "application/json", "authorization": f"Basic {key}"},
    "a key beyond ASCII": lambda key, body: {"content-type": "application/json", "authorization": b"Bearer k\xe9y"},
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_is_refused(client, database, acme, web, forge):
    body = json.dumps(LU)
    answer = client.post(web.path, content=body, headers=forge(web.key, body))
    assert answer.status_code == 401
    assert count(database, acme, "lead") == 0


def test_the_former_key_works_for_a_day_after_a_rotation(client, database, acme, web):
    with database.begin(acme.org_id) as uow:
        ada = members.get(uow, acme.member["ada"])
        fresh = sources.rotate(uow, VAULT, actor=ada, key=web.word)
    new = SimpleNamespace(path=web.path, key=fresh.key)
    assert post(client, web, LU | {"id": "1"}).status_code == 201
    assert post(client, new, LU | {"id": "1"}).status_code == 200
    body = json.dumps(LU)
    assert client.post(web.path, content=body, headers=signed(web.key, body)).status_code == 200
    with database.begin(acme.org_id) as uow:
        uow.session.get_one(Source, (acme.org_id, web.id)).old_secret_until = uow.now - timedelta(seconds=1)
    assert post(client, web, LU).status_code == 401
    assert post(client, new, LU).status_code == 200


@pytest.mark.parametrize("word", ["nowhere", "%00", "a%2Fb", "x" * 500, "线索", "..", "'; drop table lead"])
def test_an_unknown_source_is_not_found(client, acme, word):
    assert client.post(f"/intake/{word}", json=LU, headers={"Authorization": "Bearer x"}).status_code == 404


def test_a_disabled_source_is_not_found(client, database, acme, web):
    with database.begin(acme.org_id) as uow:
        sources.set_enabled(uow, actor=members.get(uow, acme.member["ada"]), key=web.word, enabled=False)
    assert post(client, web, LU).status_code == 404


def test_two_organizations_may_use_one_word_and_the_key_tells_them_apart(client, database, acme, web):
    other = build.company(database, rules="{}")
    with database.begin(other.org_id) as uow:
        theirs = sources.create(uow, VAULT, actor=None, key=web.word, pool_id=other.pool["open"])
    assert post(client, SimpleNamespace(path=web.path, key=theirs.key), LU).status_code == 201
    assert (count(database, acme, "lead"), count(database, other, "lead")) == (0, 1)


def test_a_public_form_says_the_same_to_everybody(client, database, acme, form):
    bodies = [LU, LU, LU | {"id": "1"}, LU | {"id": "1"}, {"name": "Lu", "phone": "12"}, {}]
    answers = [client.post(form.path, json=body) for body in bodies]
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, '{"status":"received"}')}
    assert count(database, acme, "lead") == 1
    assert count(database, acme, "activity where verb = 'touched'") == 2


def test_a_public_form_that_two_organizations_have_needs_the_full_word(client, database, acme, form):
    other = build.company(database, rules="{}")
    with database.begin(other.org_id) as uow:
        sources.create(uow, VAULT, actor=None, key=form.word, kind="form", pool_id=other.pool["open"])
        key = uow.session.scalar(text("select key from organization where id = :o"), {"o": other.org_id})
    assert client.post(form.path, json=LU).status_code == 401
    assert client.post(f"/intake/{key}.{form.word}", json=LU).status_code == 202
    assert (count(database, acme, "lead"), count(database, other, "lead")) == (0, 1)


def test_a_body_beyond_the_limit_is_refused_also_when_it_is_sent_in_pieces(client, web):
    large = b'{"name": "' + b"x" * MAX_BODY + b'"}'
    headers = bearer(web, **{"Content-Type": "application/json"})
    assert client.post(web.path, content=large, headers=headers).status_code == 413
    pieces = (large[start : start + 60_000] for start in range(0, len(large), 60_000))
    assert client.post(web.path, content=pieces, headers=headers).status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", "application/json-seq", "image/png"])
def test_a_body_of_another_kind_is_refused(client, web, kind):
    answer = client.post(web.path, content=b"{}", headers=bearer(web, **{"Content-Type": kind}))
    assert answer.status_code == 415


JSON, FORM = "application/json", "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
HOSTILE = {
    "nothing": (JSON, b""),
    "half an object": (JSON, b'{"name": '),
    "two objects": (JSON, b"{}{}"),
    "a list": (JSON, b"[]"),
    "a list of leads": (JSON, b'[{"phone": "13800138000"}]'),
    "a number": (JSON, b"1"),
    "a text": (JSON, b'"name"'),
    "null": (JSON, b"null"),
    "not a number": (JSON, b'{"amount": NaN}'),
    "no end": (JSON, b'{"amount": -Infinity}'),
    "a number too long to convert": (JSON, b'{"amount": ' + b"9" * 10_000 + b"}"),
    "an enormous exponent": (JSON, b'{"amount": 1e999999}'),
    "deep lists": (JSON, b"[" * 100_000),
    "deep objects": (JSON, b'{"a":' * 40_000 + b"1" + b"}" * 40_000),
    "deep inside a field": (JSON, b'{"name":' + b"[" * 900 + b"]" * 900 + b"}"),
    "not UTF-8": (JSON, b'{"name": "\xff\xfe"}'),
    "UTF-16": (JSON, '{"name": "Lu"}'.encode("utf-16")),
    "half a pair": (JSON, b'{"name": "\\ud800", "phone": "\\udfff"}'),
    "half a pair as id": (JSON, b'{"id": "\\ud800", "name": "x"}'),
    "NUL": (JSON, b'{"name": "a\\u0000b", "phone": "\\u0000"}'),
    "NUL as a field": (JSON, b'{"\\u0000": "x", "": "y"}'),
    "a field twice": (JSON, b'{"name": "a", "name": {"b": 1}}'),
    "objects for texts": (JSON, b'{"name": {}, "phone": [], "email": [[]], "id": {}, "tags": {"a": 1}}'),
    "truth for texts": (JSON, b'{"name": true, "phone": false, "external_id": true}'),
    "a wrapper in a wrapper": (JSON, b'{"data": {"data": {"data": {"phone": "1"}}}}'),
    "a thousand fields": (JSON, json.dumps({f"f{n}": "x" for n in range(5000)}).encode()),
    "a very long name": (JSON, json.dumps({"name": "x" * 200_000}).encode()),
    "a very long phone": (JSON, json.dumps({"phone": "1" * 200_000}).encode()),
    "a phone of signs": (JSON, json.dumps({"phone": "(" * 50_000}).encode()),
    "an e-mail of dots": (JSON, json.dumps({"email": "a@" + "a." * 50_000}).encode()),
    "an e-mail of signs": (JSON, json.dumps({"email": "a-" * 60_000 + "@x"}).encode()),
    "an amount of digits": (JSON, json.dumps({"amount": "1," * 60_000}).encode()),
    "direction marks": (JSON, json.dumps({"name": "\u202e\u2066", "wechat": "\u200b"}).encode()),
    "SQL": (JSON, json.dumps({"name": "'; drop table lead; --", "phone": "' or 1=1"}).encode()),
    "mass assignment": (JSON, json.dumps({"owner_id": 1, "org_id": 1, "status": "won", "phone": "1"}).encode()),
    "a broken escape": (FORM, b"name=%zz&phone=%"),
    "a form that is not UTF-8": (FORM, b"name=%ff%fe&phone=1"),
    "raw bytes in a form": (FORM, b"name=\xff"),
    "too many fields": (FORM, b"a=1&" * 20_000),
    "only signs": (FORM, b"&&&===&&&"),
    "no boundary": ("multipart/form-data", b"--b\r\n"),
    "an unknown boundary": (MULTIPART, b"--c\r\n\r\n--c--"),
    "an open part": (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nLu'),
    "a part without a name": (MULTIPART, b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
    "a part without a head": (MULTIPART, b"--b\r\n\r\nx\r\n--b--\r\n"),
    "a part that is not UTF-8": (
        MULTIPART,
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--b--\r\n',
    ),
    "a boundary without end": ("multipart/form-data; boundary=" + "b" * 5000, b"--b"),
}


@pytest.mark.parametrize(("kind", "body"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_is_the_senders_mistake(client, database, acme, web, kind, body):
    answer = client.post(web.path, content=body, headers=bearer(web, **{"Content-Type": kind}))
    assert answer.status_code in (400, 422)
    assert count(database, acme, "lead") == 0


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
WORDS = st.text(max_size=12)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4))
NAMES = st.sampled_from(["name", "phone", "email", "id", "手机", "amount", "tags", "data", "custom", "level"]) | WORDS


@settings(max_examples=rounds(short=60, full=2000), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(NAMES, VALUES, max_size=8))
def test_no_json_object_whatsoever_is_our_mistake(client, acme, web, values):
    content = json.dumps(values).encode("utf-8", "surrogatepass")
    answer = client.post(web.path, content=content, headers=bearer(web, **{"Content-Type": "application/json"}))
    assert answer.status_code in (200, 201, 400, 422)


@settings(max_examples=rounds(short=60, full=2000), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.sampled_from([JSON, FORM, MULTIPART]))
def test_no_bytes_whatsoever_are_our_mistake(client, acme, web, body, kind):
    answer = client.post(web.path, content=body, headers=bearer(web, **{"Content-Type": kind}))
    assert answer.status_code in (200, 201, 400, 422)


def test_while_the_database_is_away_the_sender_is_asked_to_come_again(redis):
    gone = Database("postgresql+psycopg://nobody@/none?host=/nowhere", pool_size=2)
    with TestClient(serve(gone, redis), raise_server_exceptions=False) as client:
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


def test_who_posts_too_much_is_told_when_to_come_again(database, redis, acme, web, form):
    rates = Rates(source=3, form=100, address=2)
    with TestClient(serve(database, redis, rates)) as client:
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


def test_the_list_of_sources_shows_what_came_and_what_was_turned_away(database, redis, acme, web):
    with TestClient(serve(database, redis)) as client:
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
