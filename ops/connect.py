"""Connects the first chat installation from settings alone: a token in the environment is enough to begin.

What is connected already, by a company file or an installation in the browser, is left as it is.
"""

from __future__ import annotations

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from bot.app import Bot
from bot.platforms.slack_errors import quiet
from crm.models import Organization
from crm.settings import Settings

log = structlog.get_logger()

PATIENCE = 5  # seconds that the start waits for Slack


def connect(bot: Bot) -> None:
    """Install what the settings name and nobody installed yet, where there is one organization to install it for.

    A failure is one warning in the log; the start goes on.
    """
    try:
        with bot.database.begin() as uow:
            organizations = uow.session.execute(select(Organization.id, Organization.name)).all()
    except SQLAlchemyError as exc:
        log.warning("connect.no_database", cause=type(exc).__name__)
        return
    if len(organizations) != 1:
        return
    org_id, name = organizations[0]
    _slack(bot, org_id)
    _wecom(bot, org_id, name)


def _slack(bot: Bot, org_id: int) -> None:
    token = bot.settings.slack_bot_token.get_secret_value()
    known = bot.workspaces.all("slack")
    if not token or any(workspace.secrets.get("bot_token") == token for workspace in known):
        return
    try:
        team, name = _team_of(bot.settings, token)
    except (SlackClientError, OSError) as exc:
        log.warning("connect.slack_failed", cause=_cause(exc))
        return
    if any(workspace.external_id == team for workspace in known):
        return
    bot.workspaces.install(
        org_id=org_id, platform="slack", external_id=team, name=name, secrets={"bot_token": token}, config={}
    )
    log.info("connect.slack", team=team)


def _team_of(settings: Settings, token: str) -> tuple[str, str]:
    client = WebClient(token, settings.slack_api_url, PATIENCE, retry_handlers=[], logger=quiet)
    answer = client.auth_test()
    return str(answer["team_id"]), str(answer.get("team", ""))


def _cause(failure: Exception) -> str:
    """In a word, without the token."""
    response = getattr(failure, "response", None)
    return str(response.get("error")) if response is not None else type(failure).__name__


def _wecom(bot: Bot, org_id: int, name: str) -> None:
    settings = bot.settings
    secrets = {
        "secret": settings.wecom_secret.get_secret_value(),
        "token": settings.wecom_token.get_secret_value(),
        "aes_key": settings.wecom_aes_key.get_secret_value(),
    }
    config = {"corp_id": settings.wecom_corp_id, "agent_id": settings.wecom_agent_id}
    given = [*secrets.values(), *config.values()]
    if not settings.wecom_secret or not all(given):
        if any(secrets.values()):
            log.warning("connect.wecom_incomplete", needs="corp id, agent id, secret, token and AES key")
        return
    external_id = "{corp_id}/{agent_id}".format(**config)
    if bot.workspaces.find("wecom", external_id) is None:
        bot.workspaces.install(
            org_id=org_id, platform="wecom", external_id=external_id, name=name, secrets=secrets, config=config
        )
        log.info("connect.wecom", app=external_id)
