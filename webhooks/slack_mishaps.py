"""What is told when an answer fails: Slack may repeat an event; a person gets a sentence, never an error of HTTP."""

from __future__ import annotations

import secrets

import structlog
from slack_bolt import BoltResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.dispatcher import DatabaseAway
from webhooks.slack_answers import Answers
from webhooks.slack_bolt import NotInstalled
from webhooks.slack_payloads import BadShape, Command, EventCallback, ViewSubmission
from webhooks.slack_visit import Visit

log = structlog.get_logger()

AWAY = "Sluice cannot reach its database right now. Please try again in a minute. / 数据库暂时连不上，请稍后再试。"
UNKNOWN = "This workspace is not connected to Sluice: ask your admin. / 本工作区尚未接入 Sluice，请联系管理员。"
FAILED = "That did not work. Tell your admin this code: {code} / 出错了，请把代码告诉管理员：{code}"


class Mishaps:
    """Turns exceptions into responses."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def response(self, error: Exception, visit: Visit) -> BoltResponse:
        """The response to an exception out of a listener or of finding the installation."""
        is_event = isinstance(visit.payload, EventCallback)
        match error:
            case BadShape():
                return BoltResponse(status=400)
            case NotInstalled():
                # A repeat would not help, and failures make Slack switch the address off for everybody.
                return BoltResponse(status=200) if is_event else self._told(visit, UNKNOWN)
            case DatabaseAway() | DBAPIError() | PoolTimeout():
                return BoltResponse(status=503) if is_event else self._told(visit, AWAY)
        code = secrets.token_hex(4)
        log.error("slack.failed", code=code, exc_info=error)
        return BoltResponse(status=500) if is_event else self._told(visit, FAILED.format(code=code))

    def _told(self, visit: Visit, words: str) -> BoltResponse:
        if isinstance(visit.payload, Command):
            return BoltResponse(status=200, body={"response_type": "ephemeral", "text": words})
        if isinstance(visit.payload, ViewSubmission) and visit.payload.view.state:
            return BoltResponse(status=200, body=visit.errors({"": words}))
        if visit.workspace is not None and visit.asked is not None:
            self._answers.tell(visit.workspace, visit.asked, words)
        return BoltResponse(status=200)
