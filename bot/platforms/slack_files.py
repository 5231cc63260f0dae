"""Pictures for messages: uploaded first, so that a block can show them."""

from __future__ import annotations

import structlog
from slack_sdk import WebClient

from bot.cards import fit
from bot.cards.model import Image
from bot.platforms.base import InstallationDead, PlatformError, Throttled
from bot.platforms.slack_errors import meaning

log = structlog.get_logger()


def upload(client: WebClient, image: Image) -> str:
    """The id of the uploaded file, or an empty text when Slack would not take it.

    Raises: Throttled and InstallationDead, for then the message cannot go either.
    """
    alt = fit.cut(fit.one_line(image.alt), 1000)
    try:
        done = client.files_upload_v2(filename=image.name, content=image.png, title=alt or image.name, alt_txt=alt)
        return str(done["files"][0]["id"])
    except Exception as error:  # noqa: BLE001 - a picture is never worth losing its message
        return _without(meaning(error))


def _without(failure: PlatformError) -> str:
    if isinstance(failure, Throttled | InstallationDead):
        raise failure
    log.warning("slack.upload_failed", cause=failure.cause)
    return ""
