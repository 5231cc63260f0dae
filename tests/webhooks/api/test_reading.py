"""The read API: what a token opens, page by page, and what it does not."""

from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from redis import Redis
from sqlalchemy import text

from crm.services import api_tokens, follow_ups, leads, members, pipeline
from crm.services.follow_ups import FollowUp
from tests import build
from webhooks.api import router

ALL = api_tokens.SCOPES


@pytest.fixture
def acme(database, time):
    return build.company(database)


@pytest.fixture
def client(database, redis_url):
    app, redis = FastAPI(), Redis.from_url(redis_url)
    app.include_router(router(SimpleNamespace(database=database, redis=redis), per_minute=20))
    with TestClient(app) as client:
        yield client
    redis.close()


def token(database, acme, *scopes, days=None):
    with database.begin(acme.org_id) as uow:
        return api_tokens.create(uow, actor=None, name="warehouse", scopes=scopes or ALL, days=days)[1]


def get(client, word, path, **params: Any):
    return client.get(f"/api/v1/{path}", params=params, headers={"Authorization": f"Bearer {word}"})


def made(database, acme, **lead: Any):
    with database.begin(acme.org_id) as uow:
        return build.read(uow, build.lead(uow, acme, **lead)).ref


def as_ann(database, acme, ref, deed, **said: Any):
    with database.begin(acme.org_id) as uow:
        ann = members.get(uow, acme.member["ann"])
        return deed(uow, actor=ann, lead=leads.access(uow, actor=ann, ref=ref), **said)


def test_a_lead_is_told_with_its_person_owner_and_source(client, database, acme):
    ref = made(database, acme, owner="ann", phone="+8613800138000", amount=1200)
    lead = get(client, token(database, acme), f"leads/{ref}").json()
    assert (lead["ref"], lead["owner"], lead["source"], lead["stage"]) == (ref, "Ann Li", "web", "new")
    assert lead["person"]["contacts"] == [{"kind": "phone", "value": "+8613800138000"}]
    assert (lead["person"]["name"], lead["amount"]) == ("Lu Wei", "1200.00")


@pytest.mark.parametrize("origin", ["company", "self"])
def test_contacts_are_masked_without_their_scope_and_always_where_somebody_found_the_customer(
    client, database, acme, origin
):
    ref = made(database, acme, owner="ann", phone="+8613800138000", origin=origin)
    word = token(database, acme, *(("leads:read",) if origin == "company" else ALL))
    lead = get(client, word, f"leads/{ref}").json()
    person = get(client, word, f"persons/{lead['person']['id']}").json()
    assert [lead["person"]["contacts"], person["contacts"]] == [[{"kind": "phone", "value": "+86138****8000"}]] * 2
    assert {lead["person"]["name"], person["name"]} == {"L***"}


def test_pages_follow_each_other_without_gap_or_repeat(client, database, acme):
    refs = [made(database, acme) for _ in range(5)]
    word, seen, after = token(database, acme), [], "0"
    while after:
        page = get(client, word, "leads", after=after, limit=2).json()
        seen += [lead["ref"] for lead in page["data"]]
        after = page["next"]
    assert seen == refs


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"stage": "quote"}, [0]), ({"owner": "ANN@acme.example"}, [0]), ({"source": "web"}, [0, 1]),
        ({"pool": "open"}, [1]), ({"status": "won"}, []),
        ({"stage": "new", "pool": "open"}, [1]),
    ],
)  # fmt: skip
def test_filters_go_together(client, database, acme, asked, found):
    refs = [made(database, acme, owner="ann", stage="quote"), made(database, acme)]
    page = get(client, token(database, acme), "leads", **asked).json()
    assert [lead["ref"] for lead in page["data"]] == [refs[each] for each in found]


def test_only_leads_to_which_something_happened_since(client, database, acme, time):
    quiet, busy = made(database, acme, owner="ann"), made(database, acme, owner="ann")
    time.advance(hours=1)
    since = time()
    as_ann(database, acme, busy, follow_ups.log, said=FollowUp(note="called"))
    page = get(client, token(database, acme), "leads", updated_since=since.isoformat()).json()
    assert [lead["ref"] for lead in page["data"]] == [busy] != [quiet]


def test_credit_is_told_when_it_is_earned_and_when_it_is_void(client, database, acme):
    ref, word = made(database, acme, owner="ann"), token(database, acme, "credits:read")
    as_ann(database, acme, ref, pipeline.won, amount=900, currency="CNY")
    credit = get(client, word, "credits").json()["data"][0]
    assert (credit["lead"], credit["member"], credit["share"]) == (ref, "Ann Li", "1.0000")
    assert (credit["amount"], credit["voided_at"]) == ("900.00", None)
    with database.begin(acme.org_id) as uow:
        ann = members.get(uow, acme.member["ann"])
        lead = leads.access(uow, actor=ann, ref=ref)
        quote = next(stage for stage in pipeline.stages(uow, lead.id) if stage.key == "quote")
        pipeline.move(uow, actor=ann, lead=lead, stage=quote)
    assert get(client, word, "credits").json()["data"][0]["voided_at"]


def test_members_are_named_with_their_department(client, database, acme):
    told = get(client, token(database, acme), "members").json()["data"]
    assert {one["name"]: one["department"] for one in told}["Ann Li"] == "north"


@pytest.mark.parametrize("path", ["leads", "leads/L-1", "persons/1", "members", "changes", "credits"])
@pytest.mark.parametrize("word", ["", "x", "slc_1_" + "a" * 32, "slc_999999999999999_" + "a" * 32])
def test_nobody_reads_without_a_good_token(client, acme, path, word):
    answer = get(client, word, path)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert "Bearer" in answer.headers["WWW-Authenticate"]


def test_a_token_ends_when_it_is_revoked_and_when_its_days_are_over(client, database, acme, time):
    word, short = token(database, acme), token(database, acme, days=1)
    assert [get(client, each, "members").status_code for each in (word, short)] == [200, 200]
    time.advance(days=1)
    assert get(client, short, "members").status_code == 401
    with database.begin(acme.org_id) as uow:
        api_tokens.revoke(uow, actor=None, number=1)
    assert get(client, word, "members").status_code == 401


def test_when_a_token_was_used_is_known_to_the_minute(client, database, acme, time):
    word = token(database, acme)
    get(client, word, "members")
    first = time()
    time.advance(seconds=30)
    get(client, word, "members")
    with database.begin(acme.org_id) as uow:
        assert api_tokens.listing(uow)[0].last_used_at == first


@pytest.mark.parametrize(
    ("scope", "path"), [("credits:read", "leads"), ("leads:read", "credits"), ("contacts:read", "changes")]
)
def test_a_token_opens_its_scopes_only(client, database, acme, scope, path):
    answer = get(client, token(database, acme, scope), path)
    assert (answer.status_code, answer.json()["title"]) == (403, "Forbidden")


def test_another_company_is_not_there(client, database, acme):
    theirs = build.company(database)
    ref = made(database, acme)
    made(database, theirs, owner="ann")
    word = token(database, theirs)
    with database.begin(acme.org_id) as uow:
        person = uow.session.scalar(text("select max(id) from person"))
    assert get(client, word, f"persons/{person}").status_code == 404
    told = get(client, word, f"leads/{ref}").json()
    assert told["owner_email"] == "ann@acme.example"
    assert len(get(client, word, "leads").json()["data"]) == 1


@pytest.mark.parametrize(
    "path",
    [
        "leads/L-x", "leads?limit=0", "leads?after=x", "leads?status=odd", "leads?colour=red", "persons/0",
        "leads?updated_since=2026-11-01T00:00:00", "leads?stage=%00", "changes?after=1-2-3", "changes?after=x",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(client, database, acme, path):
    answer = client.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {token(database, acme)}"})
    assert (answer.status_code, answer.json()["status"]) == (422, 422)
    assert answer.json()["errors"][0]["name"]


@pytest.mark.parametrize("path", ["leads?stage=Quote", "leads?owner=ann", "leads?source=nowhere", "leads?pool=sea"])
def test_a_filter_by_what_is_not_here_is_told_what_is(client, database, acme, path):
    answer = client.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {token(database, acme)}"})
    assert answer.status_code == 422
    assert "is none of: " in answer.json()["errors"][0]["reason"]


def test_who_asks_too_often_is_told_when_to_come_again(client, database, acme):
    word = token(database, acme)
    codes = [get(client, word, "members").status_code for _ in range(21)]
    assert (codes[:20], codes[20]) == ([200] * 20, 429)
    assert 1 <= int(get(client, word, "members").headers["Retry-After"]) <= 61
    assert get(client, token(database, acme), "members").status_code == 200


def test_who_has_it_already_is_sent_nothing(client, database, acme):
    word = token(database, acme)
    first = get(client, word, "members")
    known = {"Authorization": f"Bearer {word}", "If-None-Match": first.headers["ETag"]}
    again = client.get("/api/v1/members", headers=known)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])


def test_an_organization_that_does_without_has_no_such_route(client, database, acme):
    word = token(database, acme)
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text("update organization set modules_off = '{api}' where id = :o"), {"o": acme.org_id})
    assert get(client, word, "leads").status_code == get(client, word, "nothing").status_code == 404
