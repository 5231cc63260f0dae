"""Leads that a vendor announces by their id: safe before the vendor hears OK, fetched until that succeeds."""

import json

import pytest
from requests.exceptions import ReadTimeout
from sqlalchemy import text

from crm import jobs
from crm.services import fetches, source_formats
from crm.settings import Settings
from tests import build
from tests.doubles import graph
from tests.webhooks.intake import kit
from webhooks.intake import vendors
from webhooks.intake.fetching import TRIES, LeadFetches

META = {"app_secret": graph.APP_SECRET, "page_token": graph.TOKEN}
FIRST = "123123123123"


@pytest.fixture
def api():
    with graph.serving() as api:
        api.leads = {FIRST: kit.sample("meta-lead"), "123123123124": kit.sample("meta-lead") | {"id": "123123123124"}}
        yield api


@pytest.fixture
def meta(database, acme):
    return kit.make(database, acme, "meta", vendor=META)


def announce(posting, source, content=None, secret=graph.APP_SECRET):
    body = json.dumps(content or kit.sample("meta")).encode()
    headers = {"X-Hub-Signature-256": "sha256=" + kit.hexed(secret, body), "Content-Type": "application/json"}
    return posting.post(source.path, content=body, headers=headers)


def owed(database, acme):
    with database.begin(acme.org_id) as uow:
        return uow.session.execute(text("select id, state, tries, cause from owed_fetch order by id")).all()


def waiting_jobs(database, acme):
    with database.begin(acme.org_id) as uow:
        found = text("select count(*) from procrastinate_jobs where task_name = 'fetch_lead' and args->>'org_id' = :o")
        return uow.session.scalar(found, {"o": str(acme.org_id)})


def work(database, acme, api, **settings):
    """What the worker does with all that is owed."""
    given = {"meta_api_url": api.url, "linkedin_api_url": api.url} | settings
    job = LeadFetches(database, Settings(secret_key=build.SECRET, **given))
    for row in owed(database, acme):
        job.fetch(acme.org_id, row.id)


def test_announced_leads_are_safe_before_the_vendor_hears_ok_and_become_leads(posting, database, acme, meta, api):
    answer = announce(posting, meta)
    assert (answer.status_code, answer.json()) == (200, {"leads": [{"status": "announced"}] * 2})
    assert [row.state for row in owed(database, acme)] == ["owed", "owed"]
    assert waiting_jobs(database, acme) == 2
    work(database, acme, api)
    assert [row.state for row in owed(database, acme)] == ["done", "done"]
    # Both are the same customer: one lead, and a touch.
    (row,) = kit.leads(database, acme)
    assert tuple(row[:3]) == ("Lu Wei", "Spring", "meta")
    assert row.custom["which_products?"] == "tea;coffee"
    assert kit.count(database, acme, "activity where verb = 'touched'") == 1
    work(database, acme, api)
    assert kit.count(database, acme, "activity where verb = 'touched'") == 1


def test_an_announcement_that_comes_again_is_fetched_once(posting, database, acme, meta, api):
    assert [announce(posting, meta).status_code for _ in range(3)] == [200] * 3
    assert (len(owed(database, acme)), waiting_jobs(database, acme)) == (2, 2)


@pytest.mark.parametrize("signature", ["sha256=", "sha256=00", "sha1=abc", "", "sha256=zz", "äö"])
def test_a_wrong_signature_of_the_app_is_refused(posting, database, acme, meta, signature):
    body = json.dumps(kit.sample("meta")).encode()
    headers = {"X-Hub-Signature-256": signature.encode(), "Content-Type": "application/json"}
    assert posting.post(meta.path, content=body, headers=headers).status_code == 401
    assert announce(posting, meta, secret="another app's secret").status_code == 401
    assert owed(database, acme) == []


def test_what_is_no_lead_is_answered_with_ok_and_ignored(posting, database, acme, meta):
    content = {"object": "page", "entry": [{"id": "1", "changes": [{"field": "feed", "value": {}}]}]}
    assert announce(posting, meta, content).json() == {"leads": [{"ignored": "Nothing in this post is a new lead."}]}


@pytest.mark.parametrize(
    "content",
    [
        {"object": "page"}, {"entry": {}}, {"entry": [7]}, {"entry": [{"changes": "x"}]}, {"entry": [{"changes": [7]}]},
        {"entry": [{"changes": [{"field": "leadgen", "value": {}}]}]},
        {"entry": [{"changes": [{"field": "leadgen", "value": {"leadgen_id": "1"}}] * 101}]},
    ],
)  # fmt: skip
def test_an_announcement_of_wrong_types_is_refused(posting, database, acme, meta, content):
    assert announce(posting, meta, content).status_code == 422
    assert owed(database, acme) == []


def ask(posting, source, **change):
    asked = {"hub.mode": "subscribe", "hub.verify_token": source.key, "hub.challenge": "1158201444"} | change
    return posting.get(source.path, params=asked)


def test_the_address_is_verified_with_the_sources_key(posting, meta):
    answer = ask(posting, meta)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "change",
    [
        {"hub.verify_token": "wrong"}, {"hub.verify_token": ""}, {"hub.mode": "unsubscribe"}, {"hub.challenge": ""},
        {"hub.challenge": "x" * 300},
    ],
)  # fmt: skip
def test_a_wrong_question_is_refused(posting, meta, change):
    assert ask(posting, meta, **change).status_code == 403


def test_a_source_that_expects_no_question_says_so(posting, database, acme):
    assert ask(posting, kit.make(database, acme, "typeform")).status_code == 403
    assert posting.get("/intake/nowhere").status_code == 404


PASSING = [
    (500, {}), (503, {}), (429, {}), (400, graph.error(4, "Application request limit reached")),
    (400, graph.error(613, "Calls have exceeded the rate limit")), (400, graph.error(2, "Service unavailable")),
    (400, graph.error(190, "x") | {"error": {"code": 999, "is_transient": True}}),
]  # fmt: skip


@pytest.mark.parametrize("failure", PASSING, ids=lambda failure: str(failure[0]))
def test_what_fails_for_now_is_tried_again(posting, database, acme, meta, api, failure):
    announce(posting, meta)
    api.fails = [failure]
    work(database, acme, api)
    first, second = owed(database, acme)
    assert (first.state, first.tries, second.state) == ("owed", 1, "done")
    assert waiting_jobs(database, acme) == 3
    work(database, acme, api)
    assert [row.state for row in owed(database, acme)] == ["done", "done"]


def test_a_vendor_that_cannot_be_reached_is_asked_again(posting, database, acme, meta, api, monkeypatch):
    announce(posting, meta)

    def late(*_, **__):
        raise ReadTimeout

    monkeypatch.setattr(vendors.requests, "get", late)
    work(database, acme, api)
    assert {(row.state, row.tries) for row in owed(database, acme)} == {("owed", 1)}


def test_a_token_that_is_over_waits_for_a_new_one(posting, database, acme, meta, api):
    announce(posting, meta)
    api.tokens = {"fresh"}
    work(database, acme, api)
    assert [(row.state, row.cause) for row in owed(database, acme)] == [
        ("failed", "page token refused (HTTP 400, code 190)")
    ] * 2
    with database.begin(acme.org_id) as uow:
        again = source_formats.keep_vendor_secret(
            uow, kit.VAULT, actor=None, key=meta.word, name="page_token", value="fresh"
        )
    assert again == 2
    work(database, acme, api)
    assert [row.state for row in owed(database, acme)] == ["done", "done"]


def test_a_lead_that_is_gone_is_given_up_with_the_reason(posting, database, acme, meta, api):
    announce(posting, meta)
    api.leads = {}
    work(database, acme, api)
    assert {(row.state, row.cause) for row in owed(database, acme)} == {("failed", "no such lead (HTTP 400, code 100)")}


def test_a_fetch_that_never_succeeds_ends(posting, database, acme, meta, api):
    announce(posting, meta)
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text("update owed_fetch set tries = :n"), {"n": TRIES - 1})
    api.fails = [(500, {})] * 2
    work(database, acme, api)
    assert {row.state for row in owed(database, acme)} == {"failed"}


def test_without_a_token_nothing_is_asked(posting, database, acme, api):
    source = kit.make(database, acme, "meta", vendor={"app_secret": graph.APP_SECRET})
    announce(posting, source)
    work(database, acme, api)
    assert {(row.state, row.cause) for row in owed(database, acme)} == {("failed", "page_token is missing")}
    assert api.calls == []


def test_a_fetched_lead_without_a_contact_is_done_with_the_reason(posting, database, acme, meta, api):
    announce(posting, meta)
    bare = kit.sample("meta-lead") | {"field_data": [{"name": "full_name", "values": ["Lu"]}]}
    api.leads = dict.fromkeys(api.leads, bare)
    work(database, acme, api)
    assert {(row.state, row.cause) for row in owed(database, acme)} == {
        ("done", "phone: A phone, e-mail or WeChat id is needed.")
    }
    with database.begin(acme.org_id) as uow:
        assert uow.session.scalar(text("select rejected from source where id = :s"), {"s": meta.id}) == 2


def test_linkedin_checks_the_address_with_the_clients_secret(posting, database, acme):
    source = kit.make(database, acme, "linkedin", vendor={"client_secret": "client"})
    code = "890e4665-4dfe-4ab1-b689-ed553bceeed0"
    answer = posting.get(source.path, params={"challengeCode": code})
    assert answer.json() == {"challengeCode": code, "challengeResponse": kit.hexed("client", code.encode())}


@pytest.mark.parametrize("code", ['hmacsha256={"type":"LEAD_ACTION"}', "hmacsha256=", "{}", "x" * 65, "a b"])
def test_nothing_is_signed_that_could_be_a_post(posting, database, acme, code):
    source = kit.make(database, acme, "linkedin", vendor={"client_secret": "client"})
    assert posting.get(source.path, params={"challengeCode": code}).status_code == 403


def test_linkedin_announces_with_its_own_signature_and_is_asked_for_the_form(posting, database, acme, api, monkeypatch):
    source = kit.make(database, acme, "linkedin", vendor={"client_secret": "client", "access_token": "AQX"})
    body = json.dumps(kit.sample("linkedin")).encode()
    sent = {"X-LI-Signature": kit.hexed("client", body, "hmacsha256="), "Content-Type": "application/json"}
    assert posting.post(source.path, content=body, headers=sent).status_code == 202
    wrong = sent | {"X-LI-Signature": kit.hexed("client", body)}
    assert posting.post(source.path, content=body, headers=wrong).status_code == 401
    held = {f"/{graph.VERSION}/leadFormResponses/1a2b3c-4": kit.sample("linkedin-lead")}
    api.answer = lambda _method, address: (200, held[address.partition("?")[0]])
    work(database, acme, api)
    assert [tuple(row) for row in kit.leads(database, acme)] == [
        ("Wei Lu", "Spring", "linkedin", {"When do you start?": "next month"})
    ]


def test_what_is_still_open_is_counted(posting, database, acme, meta, api):
    announce(posting, meta)
    api.fails = [(400, graph.error(190, "over"))]
    work(database, acme, api)
    with database.begin(acme.org_id) as uow:
        found = fetches.still_open(uow, meta.id)
    assert (found.owed, found.failed, found.cause) == (0, 1, "page token refused (HTTP 400, code 190)")


def test_leads_that_were_fetched_long_ago_are_not_kept(posting, database, acme, meta, api, time):
    announce(posting, meta)
    work(database, acme, api)
    time.advance(days=40)
    jobs.tidy(database, acme.org_id)
    assert owed(database, acme) == []
