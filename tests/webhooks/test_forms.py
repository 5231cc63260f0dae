"""The hosted form of a source: what it asks, whom it believes, what it keeps, and what a stranger learns: nothing."""

import re
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from redis import Redis
from sqlalchemy import text

from bot.cards.language import translate
from crm.clock import DrivenClock
from crm.db import Database
from crm.rules import forms as rules
from crm.services import forms, members, sources
from crm.settings import Settings
from crm.vault import Vault
from tests import build
from webhooks.forms.hosted import AGREE
from webhooks.forms.router import router
from webhooks.forms.stamp import DAMAGED, TOO_LATE, TOO_SOON
from webhooks.forms.visit import TRAP
from webhooks.intake.rates import Rates

VAULT = Vault(build.SECRET)
LU = {"name": "Lu Wei", "phone": "13800138000", "consent": "yes"}


@dataclass
class Site:
    """One company's form in somebody's browser."""

    database: Database
    acme: build.Company
    client: TestClient
    time: DrivenClock
    word: str
    form_id: int
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, query: str = "", **headers: str) -> Any:
        return self.client.get(f"/f/{self.word}{query}", headers=headers)

    def stamp(self, query: str = "") -> str:
        """Of a page that was opened a while ago."""
        stamp = stamp_in(self.get(query).text)
        self.time.advance(seconds=30)
        return stamp

    def send(self, query: str = "", *, stamp: str | None = None, **typed: str) -> Any:
        data = {"stamp": self.stamp(query) if stamp is None else stamp} | typed
        return self.client.post(f"/f/{self.word}{query}", data=data)

    def ask(self, words: str) -> None:
        self.change(lambda uow, actor, form: forms.ask(uow, actor=actor, form=form, words=words))

    def change(self, work: Any) -> None:
        with self.database.begin(self.acme.org_id) as uow:
            page = forms.page(uow, self.form_id)
            work(uow, members.get(uow, self.acme.member["ada"]), forms.of_source(uow, page.source_id))

    def leads(self) -> list[Any]:
        with self.database.begin(self.acme.org_id) as uow:
            return list(uow.session.execute(LEADS, {"o": self.acme.org_id}))

    def number(self, statement: str) -> int:
        with self.database.begin(self.acme.org_id) as uow:
            return int(uow.session.scalar(text(statement), {"o": self.acme.org_id}) or 0)


LEADS = text(
    """
    select l.id, l.number, p.name, p.company, l.channel, l.campaign, l.referrer, l.custom, l.touches, l.source_id,
           k.value as phone, k.verified
    from lead l join person p on p.org_id = l.org_id and p.id = l.person_id
    left join person_key k on k.org_id = l.org_id and k.person_id = l.person_id and k.kind = 'phone'
    where l.org_id = :o order by l.id
    """
)


def stamp_in(page: str) -> str:
    found = re.search(r'name="stamp" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.fixture(scope="module")
def redis(engines):
    client = Redis.from_url(engines.redis_url)
    yield client
    client.close()


@pytest.fixture
def site(database, redis, time):
    acme = build.company(database, rules="{}")
    with database.begin(acme.org_id) as uow:
        source = sources.get(uow, acme.source_id)
        made = forms.make(uow, actor=members.get(uow, acme.member["ada"]), source=source)
        word, form_id = made.word, made.id
    settings = Settings(secret_key=build.SECRET, base_url="https://crm.example.com")
    app = FastAPI()
    app.include_router(router(SimpleNamespace(database=database, redis=redis, settings=settings), Rates(address=1000)))
    with TestClient(app, raise_server_exceptions=False, base_url="https://crm.example.com") as client:
        yield Site(database, acme, client, time, word, form_id)


def test_what_somebody_sends_is_a_lead_of_the_source_with_how_they_came(site):
    query = "?utm_source=wechat&utm_medium=post&utm_campaign=spring&evil=1"
    before = site.get(query, referer="https://news.example.org/a/b?who=me").text
    assert 'value="https://news.example.org/a/b"' in before
    answer = site.send(
        query, **LU, came_from="https://news.example.org/a/b", company="Lucky Tea", note="A quote please"
    )
    assert answer.status_code == 200
    assert "Thank you!" in answer.text
    [lead] = site.leads()
    assert (lead.name, lead.company, lead.phone) == ("Lu Wei", "Lucky Tea", "+8613800138000")
    assert (lead.channel, lead.campaign, lead.source_id) == ("wechat", "spring", site.acme.source_id)
    assert lead.custom == {"utm_medium": "post", "page": "https://news.example.org/a/b"}


def test_somebody_known_reads_the_same_answer_as_a_stranger_and_is_a_touch(site):
    first = site.send(**LU)
    second = site.send(**LU, company="Lucky Tea")
    assert first.text == second.text
    assert [lead.touches for lead in site.leads()] == [2]


def test_what_is_sent_twice_counts_once(site):
    stamp = site.stamp()
    answers = [site.send(stamp=stamp, **LU) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [lead.touches for lead in site.leads()] == [1]
    assert site.number("select count(*) from activity where org_id = :o and verb = 'agreed'") == 1


def test_the_consent_is_kept_with_its_words_and_time(site):
    site.send(**LU)
    with site.database.begin(site.acme.org_id) as uow:
        found = text("select at, data->>'consent' as words from activity where org_id = :o and verb = 'agreed'")
        row = uow.session.execute(found, {"o": site.acme.org_id}).one()
        assert row.at == uow.now
    assert row.words == AGREE.format(organization="Acme")


def test_without_consent_nobody_is_kept(site):
    answer = site.send(name="Lu Wei", phone="13800138000")
    assert answer.status_code == 422
    assert 'href="#consent"' in answer.text
    assert site.leads() == []


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"name": ""}, "name"),
        ({"phone": ""}, "phone"),
        ({"phone": "12"}, "phone"),
        ({"email": "nobody"}, "email"),
        ({"name": "Buy at www.spam.example"}, "name"),
        ({"company": "http://spam.example"}, "company"),
        ({"note": "a.com b.com c.com https://d.example"}, "note"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(site, typed, wrong):
    answer = site.send(**{**LU, "company": "Tea <b>& Sons</b>", **typed})
    assert answer.status_code == 422
    assert f'href="#{wrong}"' in answer.text
    assert f'aria-describedby="{wrong}-why"' in answer.text
    assert ("Tea &lt;b&gt;&amp; Sons&lt;/b&gt;" in answer.text) == ("company" not in typed)
    assert site.leads() == []


def test_a_mended_form_is_taken_in_with_the_stamp_of_the_page_that_showed_the_mistake(site):
    wrong = site.send(**{**LU, "phone": "12"})
    site.time.advance(seconds=5)
    assert site.send(stamp=stamp_in(wrong.text), **LU).status_code == 200
    assert len(site.leads()) == 1


def test_who_mends_a_mistake_at_once_need_not_wait_anew(site):
    wrong = site.send(**{**LU, "phone": "12"})
    assert site.send(stamp=stamp_in(wrong.text), **LU).status_code == 200
    assert len(site.leads()) == 1


def test_who_fills_in_what_people_do_not_see_is_thanked_and_forgotten(site):
    answer = site.send(**LU, **{TRAP: "123"})
    assert answer.status_code == 200
    assert "Thank you!" in answer.text
    assert site.leads() == []


def test_a_stamp_is_too_young_too_old_forged_or_of_another_page(site):
    young = stamp_in(site.get().text)
    assert_again(site.send(stamp=young, **LU), 422, TOO_SOON)
    old = site.stamp()
    site.time.advance(hours=7)
    assert_again(site.send(stamp=old, **LU), 422, TOO_LATE)
    for forged in ("", "x", old[:-4] + "AAAA", VAULT.seal('["page", "other", 1]').decode()):
        assert_again(site.send(stamp=forged, **LU), 400, DAMAGED)
    assert site.leads() == []


def assert_again(answer: Any, status: int, why: str) -> None:
    assert answer.status_code == status
    assert why in answer.text
    assert 'value="Lu Wei"' in answer.text


def test_too_many_from_one_address_are_asked_to_wait_and_lose_nothing_they_typed(site, redis):
    app = FastAPI()
    settings = Settings(secret_key=build.SECRET)
    bot = SimpleNamespace(database=site.database, redis=redis, settings=settings)
    app.include_router(router(bot, Rates(address=1)))
    with TestClient(app) as client:
        stamp = site.stamp()
        answers = [client.post(f"/f/{site.word}", data={"stamp": stamp, **LU}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert int(answers[1].headers["retry-after"]) > 0
    assert 'value="Lu Wei"' in answers[1].text


def test_the_page_speaks_the_language_of_its_reader(site):
    assert 'lang="zh-CN"' in site.get("?lang=zh").text
    assert 'lang="zh-CN"' in site.get("", **{"accept-language": "fr;q=0.9, zh-TW;q=0.8, en;q=0.2"}).text
    assert 'lang="en"' in site.get("?lang=en", **{"accept-language": "zh"}).text
    assert 'lang="en"' in site.get("", **{"accept-language": "fr, ;;q=x"}).text
    assert translate("zh", "Please fill this in.") in site.send("?lang=zh", name="Lu").text


def test_the_form_asks_what_the_source_wants_with_the_texts_of_the_organization(site):
    site.ask("name*, wechat*, note")
    site.change(lambda uow, actor, form: forms.say(uow, actor=actor, form=form, name="title", words="<Tea> for two"))
    site.change(
        lambda uow, actor, form: forms.say(uow, actor=actor, form=form, name="title", words="两人喝茶", locale="zh")
    )
    page = site.get().text
    assert re.findall(r'name="(\w+)" (?:type="text"|type="tel"|maxlength)', page) == ["name", "wechat", "note", TRAP]
    assert "<h1>&lt;Tea&gt; for two</h1>" in page
    assert "<h1>两人喝茶</h1>" in site.get("?lang=zh").text
    assert site.send(name="Lu", wechat="lu_wei", consent="yes", phone="12").status_code == 200


def test_own_fields_of_the_organization_are_asked_and_kept(site):
    with site.database.begin(site.acme.org_id) as uow:
        for statement in OWN:
            uow.session.execute(text(statement), {"o": site.acme.org_id, "now": uow.now})
    site.ask("name, phone*, Seats*")
    assert '<option value="small">up to ten</option>' in site.get().text
    assert site.send(**LU, seats="huge").status_code == 422
    assert site.send(**LU, seats="small").status_code == 200
    assert [lead.custom["seats"] for lead in site.leads()] == ["small"]


OWN = (
    """
    insert into custom_field (org_id, key, name, name_zh, kind, position, created_at)
    values (:o, 'seats', 'Seats', '座位', 'choice', 1, :now)
    """,
    """
    insert into list_entry (org_id, list, key, name, name_zh, position, created_at)
    values (:o, 'custom.seats', 'small', 'up to ten', '十个以内', 1, :now)
    """,
)


def test_only_the_sites_that_were_named_may_show_the_form_in_a_frame(site):
    assert "frame-ancestors 'none'" in site.get().headers["content-security-policy"]
    sites = ["https://www.Example.com/contact", "shop.example.com"]
    site.change(lambda uow, actor, form: forms.embed(uow, actor=actor, form=form, sites=sites))
    policy = site.get().headers["content-security-policy"]
    assert policy.endswith("frame-ancestors https://www.example.com https://shop.example.com")
    assert "script-src" not in policy
    assert "default-src 'none'" in policy


def test_pages_load_nothing_from_elsewhere_and_run_nothing(site):
    page = site.get().text
    assert {found.partition("?")[0] for found in re.findall(r'(?:src|href|action)="([^"]+)"', page)} == {
        "/f/page.css",
        "",
    }
    assert "<script" not in page
    assert site.client.get("/f/page.css").headers["content-type"].startswith("text/css")


def test_a_closed_form_and_an_unknown_one_say_what_to_do(site):
    unknown = site.client.get("/f/nobody-here")
    assert unknown.status_code == 404
    assert unknown.headers["content-security-policy"].endswith("frame-ancestors *")
    assert site.client.post("/f/%00", data=LU).status_code == 404
    stamp = site.stamp()
    site.change(lambda uow, actor, form: forms.open_(uow, actor=actor, form=form, enabled=False))
    answers = [site.get(), site.send(stamp=stamp, **LU)]
    assert [answer.status_code for answer in answers] == [410, 410]
    assert "Please ask Acme directly." in answers[0].text


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x" * 300_000, "application/x-www-form-urlencoded", 413),
        (b"name=%ff%fe", "application/x-www-form-urlencoded", 400),
        (b"<a/>", "text/xml", 415),
        (b"[1]", "application/json", 400),
        (b'{"name": {"a": 1}, "stamp": [1, null]}', "application/json", 422),
        (b"--", "multipart/form-data", 400),
    ],
)
def test_hostile_bodies_are_answered_with_a_page(site, body, kind, status):
    answer = site.client.post(f"/f/{site.word}", content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert "<main" in answer.text


def test_a_phone_that_nobody_has_proven_is_marked(site):
    site.send(**LU)
    assert [lead.verified for lead in site.leads()] == [False]


def test_a_form_without_a_way_to_reach_somebody_is_refused(site):
    with pytest.raises(Exception, match="contact_field_wanted"):
        site.ask("name*, company")
    with pytest.raises(Exception, match="form_field_unknown"):
        site.ask("name, shoe size")


def test_fields_are_understood_in_both_languages():
    assert rules.understood("姓名*，手机号＊、 公司", {}) == ([("name", True), ("phone", True), ("company", False)], "")


HOSTILE = (
    "\x00", "\ud7ff\uffff", "\u202e", "'; drop table lead; --", "{{ 7*7 }}", "{organization}", "%s%n", "<script>",
    "http://[", "https://user:pw@host:x/", "javascript:alert(1)", "A" * 6000, "-1", "9" * 400, "٣٣٣٣٣٣",
)  # fmt: skip


def test_hostile_words_anywhere_are_never_an_error_of_ours(site):
    tried = []
    for word in HOSTILE:
        query = httpx.QueryParams({"h": word, "lang": word, "utm_source": word, "utm_term": word})
        typed = dict.fromkeys(("name", "company", "phone", "email", "note", "consent", "came_from", "unknown"), word)
        tried.append(site.client.get(f"/f/{site.word}?{query}", headers={"referer": ascii(word)}))
        tried.append(site.send(f"?{query}", **typed))
        tried.append(site.send(f"?{query}", **LU | {"note": word, "came_from": word}))
        tried.append(site.client.post(f"/f/{site.word}/code", data={"ticket": word, "code": word}))
        tried.append(site.client.get(f"/f/{quote(word[:200])}"))
    assert {answer.status_code for answer in tried} <= {200, 400, 404, 422}
    assert all("<script>" not in answer.text for answer in tried)


def test_while_the_database_is_away_a_page_asks_to_come_again(redis):
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing", pool_size=2, statement_timeout_ms=1000)
    app = FastAPI()
    settings = Settings(secret_key=build.SECRET)
    app.include_router(router(SimpleNamespace(database=database, redis=redis, settings=settings)))
    with TestClient(app, raise_server_exceptions=False) as client:
        answers = [client.get("/f/website-abc234"), client.post("/e/expo-abc234", data=LU)]
    database.close()
    assert [answer.status_code for answer in answers] == [503, 503]
    assert "nothing is sent twice" in answers[0].text
    assert answers[0].headers["retry-after"]
