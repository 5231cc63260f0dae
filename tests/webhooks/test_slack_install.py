"""Installing the app into a further workspace: a state that is ours, fresh and of the same browser; else nothing."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from pydantic import SecretStr
from sqlalchemy import text

from bot.platforms.base import Workspace
from bot.workspaces import Workspaces
from crm.vault import Vault
from tests import build
from tests.doubles.slack_http import broken
from tests.webhooks.slack_kit import staged
from webhooks import slack_install
from webhooks.slack_install import COOKIE, install_link

KEYS = {
    "slack_client_id": "11.22",
    "slack_client_secret": SecretStr("shh"),
    "secret_key": SecretStr(build.SECRET),
    "base_url": "https://crm.example.com",
}


@pytest.fixture(scope="module")
def running(shared_database):
    with staged(shared_database, **KEYS) as ready:
        yield ready


@pytest.fixture
def org(database):
    return build.company(database).org_id


@pytest.fixture
def visit(stage):
    """Opens a page as a browser with these cookies."""

    def open_page(path: str, cookie: str = "", **query: str) -> requests.Response:
        address = stage.wire.url.replace("/slack/events", path)
        return requests.get(address, params=query, cookies={COOKIE: cookie}, allow_redirects=False, timeout=10)

    return open_page


@pytest.fixture
def begin(stage, visit, org):
    """Follows an installation link; returns the state that Slack will hand back."""

    def follow() -> str:
        link = parse_qs(urlsplit(install_link(stage.settings, org)).query)["link"][0]
        return parse_qs(urlsplit(visit("/slack/install", link=link).headers["location"]).query)["state"][0]

    return follow


def test_the_link_leads_to_slack_with_all_scopes_and_a_state(stage, visit, org):
    link = install_link(stage.settings, org)
    assert link.startswith("https://crm.example.com/slack/install?link=")
    response = visit("/slack/install", link=parse_qs(urlsplit(link).query)["link"][0])
    asked = parse_qs(urlsplit(response.headers["location"]).query)
    cookie = response.headers["set-cookie"]
    assert response.headers["location"].startswith("https://slack.com/oauth/v2/authorize?")
    assert (asked["client_id"], asked["redirect_uri"]) == (["11.22"], ["https://crm.example.com/slack/oauth_redirect"])
    assert "chat:write" in asked["scope"][0].split(",")
    assert all(word in cookie for word in (asked["state"][0], "HttpOnly", "Secure", "Max-Age=600", "SameSite=lax"))


def test_a_code_becomes_a_connected_workspace(stage, visit, begin, org):
    state = begin()
    page = visit("/slack/oauth_redirect", state, code="good-code", state=state)
    connected = stage.installed.find("slack", "T2")
    assert (page.status_code, "Beta is connected" in page.text) == (200, True)
    assert (connected.org_id, connected.secrets, connected.config["bot_user_id"]) == (
        org,
        {"bot_token": "xoxb-new"},
        "UBOT2",
    )
    assert "xoxb" not in page.text


def test_a_state_of_another_browser_is_refused(stage, visit, begin):
    ours, theirs = begin(), begin()
    pages = [visit("/slack/oauth_redirect", cookie, code="good-code", state=ours) for cookie in (theirs, "", "ä")]
    assert [page.status_code for page in pages] == [400] * 3
    assert (len(stage.installed.known), stage.server.calls) == (1, [])


@pytest.mark.parametrize("state", ["", "x", "gAAAAA", "\xff"])
def test_a_state_that_is_not_ours_is_refused(stage, visit, state):
    assert (
        visit(
            "/slack/oauth_redirect", state.encode("ascii", "ignore").decode(), code="good-code", state=state
        ).status_code
        == 400
    )
    assert stage.server.calls == []


def test_a_state_of_eleven_minutes_ago_is_refused(stage, visit, begin, monkeypatch):
    state = begin()
    monkeypatch.setattr(slack_install, "STATE_LIVES", -1)
    assert visit("/slack/oauth_redirect", state, code="good-code", state=state).status_code == 400
    assert stage.server.calls == []


def test_a_workspace_of_another_company_is_not_taken_over(stage, visit, begin):
    stage.installed.known.append(Workspace(9, 999_999, "slack", "T2", "Beta", {"bot_token": "theirs"}))
    state = begin()
    answer = visit("/slack/oauth_redirect", code="good-code", state=state, cookie=state)
    assert answer.status_code == 409
    assert [each.secrets for each in stage.installed.known if each.external_id == "T2"] == [{"bot_token": "theirs"}]


def test_two_admins_install_at_the_same_time_each_into_their_own_workspace(stage, visit, begin):
    first, second = begin(), begin()
    assert visit("/slack/oauth_redirect", code="good-code", state=second, cookie=first).status_code == 400
    done = [visit("/slack/oauth_redirect", code="good-code", state=state, cookie=state) for state in (first, second)]
    assert [answer.status_code for answer in done] == [200, 200]


def test_an_installation_can_be_taken_away_and_made_anew_and_its_token_is_sealed(database):
    org = build.company(database).org_id
    workspaces = Workspaces(database, Vault(build.SECRET))
    teams = [f"T{org}A", f"T{org}B"]
    for team, token in zip(teams, ("xoxb-a", "xoxb-b"), strict=True):
        facts = {"org_id": org, "platform": "slack", "external_id": team, "name": team, "config": {}}
        workspaces.install(**facts, secrets={"bot_token": token})
    with database.begin(org) as uow:
        kept = uow.session.scalars(
            text("select secrets from workspace where external_id = any(:t)"), {"t": teams}
        ).all()
    assert not any(b"xoxb" in bytes(each) for each in kept)
    workspaces.uninstall(workspaces.find("slack", teams[0]).id)
    assert workspaces.find("slack", teams[0]) is None
    assert workspaces.find("slack", teams[1]).secrets == {"bot_token": "xoxb-b"}
    again = workspaces.install(
        org_id=org, platform="slack", external_id=teams[0], name="A", secrets={"bot_token": "xoxb-new"}, config={}
    )
    assert workspaces.find("slack", teams[0]) == again
    assert again.secrets == {"bot_token": "xoxb-new"}


def test_a_code_that_slack_refuses_connects_nothing(stage, visit, begin):
    state = begin()
    assert visit("/slack/oauth_redirect", state, code="used", state=state).status_code == 400
    stage.server.faults.add("oauth.v2.access", broken(502))
    assert visit("/slack/oauth_redirect", state, code="good-code", state=state).status_code == 400
    assert len(stage.installed.known) == 1


def test_an_admin_who_declines_is_told_that_nothing_happened(stage, visit, begin):
    state = begin()
    page = visit("/slack/oauth_redirect", state, error="access_denied", state=state)
    assert (page.status_code, "Nothing was installed" in page.text) == (200, True)
    assert stage.server.calls == []


def test_without_a_link_nobody_installs_where_several_companies_are(visit, database):
    build.company(database)
    build.company(database)
    assert visit("/slack/install").status_code == 403
    assert visit("/slack/install", link="forged").status_code == 403


def test_without_a_client_id_there_is_no_such_page():
    with staged() as stage:
        address = stage.wire.url.replace("/slack/events", "/slack/install")
        assert requests.get(address, timeout=10).status_code == 404
