"""The door for leads: who may post, and what strangers and hostile bodies learn: nothing."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from crm.models import Source
from crm.services import members, sources
from tests import build
from tests.rounds import rounds
from tests.webhooks.intake.posts import LU, VAULT, bearer, count, post, signed
from webhooks.intake.post import MAX_BODY


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
