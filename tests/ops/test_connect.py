"""A token in the environment connects the first chat installation."""

from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from structlog.testing import capture_logs

from bot.app import Bot
from crm.db import Database
from crm.settings import Settings
from ops.connect import connect
from ops.migrate import upgrade
from ops.runtime import compose
from tests import build
from tests.doubles.slack import TOKEN, SlackDouble
from tests.doubles.slack_http import refused

WECOM = {
    "wecom_corp_id": "ww1", "wecom_agent_id": "7", "wecom_secret": SecretStr("s"), "wecom_token": SecretStr("t"),
    "wecom_aes_key": SecretStr("k" * 43),
}  # fmt: skip


@pytest.fixture(scope="module")
def empty_url(engines, worker_id) -> Iterator[str]:
    """A database with the schema and no organization: whoever connects looks at all of them."""
    url = engines.create_database(f"connect_{worker_id}")
    upgrade(url)
    yield url
    engines.drop_database(f"connect_{worker_id}")


@pytest.fixture
def slack() -> Iterator[SlackDouble]:
    double = SlackDouble()
    yield double
    double.stop()


@pytest.fixture
def bot(empty_url, redis_url, slack) -> Iterator[Callable[..., Bot]]:
    """A bot with these settings, over an organization that has no chat yet."""
    made: list[Bot] = []

    def compose_with(**given: object) -> Bot:
        base = Settings(database_url=empty_url, redis_url=redis_url, secret_key=SecretStr(build.SECRET),
                        slack_api_url=slack.api_url)  # fmt: skip
        made.append(compose(base.model_copy(update=given)))
        return made[-1]

    yield compose_with
    database = Database(empty_url, pool_size=2)
    with database.begin() as uow:
        for table in ("platform_token", "workspace", "organization"):
            uow.session.execute(text(f"delete from {table}"))
    database.close()
    for one in made:
        one.database.close()
        one.redis.close()


def organization(bot: Bot, key: str = "acme") -> int:
    with bot.database.begin() as uow:
        made = text(
            "insert into organization (key, name, timezone, locale, created_at)"
            " values (:key, 'Acme', 'Asia/Shanghai', 'en', :now) returning id"
        )
        return uow.session.scalar(made, {"key": key, "now": uow.now})


def test_slacks_token_names_its_team(bot):
    one = bot(slack_bot_token=SecretStr(TOKEN))
    org_id = organization(one)
    connect(one)
    found = one.workspaces.find("slack", "T1")
    assert (found.org_id, found.secrets, found.name) == (org_id, {"bot_token": TOKEN}, "Acme")


def test_a_second_start_asks_slack_nothing(bot, slack):
    one = bot(slack_bot_token=SecretStr(TOKEN))
    organization(one)
    connect(one)
    asked = slack.count("auth.test")
    connect(one)
    assert (asked, slack.count("auth.test")) == (1, 1)


def test_what_is_installed_already_stays_as_it_is(bot):
    one = bot(slack_bot_token=SecretStr(TOKEN))
    org_id = organization(one)
    one.workspaces.install(
        org_id=org_id, platform="slack", external_id="T1", name="By browser", secrets={"bot_token": "newer"}, config={}
    )
    connect(one)
    assert one.workspaces.find("slack", "T1").secrets == {"bot_token": "newer"}


def test_a_refused_token_is_one_warning_and_the_start_goes_on(bot, slack):
    one = bot(slack_bot_token=SecretStr(TOKEN))
    organization(one)
    slack.faults.add("auth.test", refused("invalid_auth"))
    with capture_logs() as logs:
        connect(one)
    assert [(entry["event"], entry["cause"]) for entry in logs] == [("connect.slack_failed", "invalid_auth")]
    assert TOKEN not in str(logs)
    assert one.workspaces.all("slack") == []


def test_slack_being_away_is_no_reason_not_to_start(bot):
    one = bot(slack_bot_token=SecretStr(TOKEN), slack_api_url="http://127.0.0.1:9/api/")
    organization(one)
    with capture_logs() as logs:
        connect(one)
    assert [entry["event"] for entry in logs] == ["connect.slack_failed"]


def test_a_database_that_is_away_keeps_nobody_from_starting(bot, slack):
    one = bot(slack_bot_token=SecretStr(TOKEN), database_url="postgresql+psycopg://nobody@127.0.0.1:9/none")
    with capture_logs() as logs:
        connect(one)
    assert [entry["event"] for entry in logs] == ["connect.no_database"]


def test_wecoms_settings_make_its_app(bot):
    one = bot(**WECOM)
    org_id = organization(one)
    connect(one)
    connect(one)
    found = one.workspaces.find("wecom", "ww1/7")
    assert (found.org_id, found.secrets["aes_key"], found.config["agent_id"]) == (org_id, "k" * 43, "7")


def test_half_of_wecoms_settings_are_named_in_the_log(bot):
    one = bot(**WECOM | {"wecom_aes_key": SecretStr("")})
    organization(one)
    with capture_logs() as logs:
        connect(one)
    assert [entry["event"] for entry in logs] == ["connect.wecom_incomplete"]
    assert one.workspaces.all("wecom") == []


@pytest.mark.parametrize("organizations", [(), ("acme", "bolt")])
def test_nothing_is_connected_where_it_is_not_clear_for_whom(bot, slack, organizations):
    one = bot(slack_bot_token=SecretStr(TOKEN), **WECOM)
    for key in organizations:
        organization(one, key)
    connect(one)
    assert (slack.count("auth.test"), one.workspaces.all("wecom")) == (0, [])
