"""The job that sends a code to a phone: one signed POST to whatever gateway the operator has put behind an address."""

from __future__ import annotations

import json
from datetime import timedelta

import requests
import structlog
from standardwebhooks import Webhook

from bot.app import Bot
from bot.cards.language import _, translate
from crm import queue
from crm.services import phone_codes
from crm.services.phone_codes import Code

log = structlog.get_logger()
TIMEOUT = (3.0, 8.0)  # seconds to connect, and between two bytes of the answer
TRIES, FIRST_WAIT = 4, 5.0


class Gateway:
    """Safe to run twice and by many at once."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def send_code(self, org_id: int, code_id: int, tries: int = 0) -> None:
        """Make the code and send it; a gateway that is away is tried again for half a minute."""
        with self._bot.database.begin(org_id) as uow:
            code = phone_codes.make(uow, code_id)
        if code is None or self._post(f"code-{org_id}-{code_id}-{tries}", code):
            return
        again = tries + 1 < TRIES
        with self._bot.database.begin(org_id) as uow:
            phone_codes.settle(uow, code_id, again=again)
            if again:
                args = {"org_id": org_id, "code_id": code_id, "tries": tries + 1}
                wait = timedelta(seconds=FIRST_WAIT * 2**tries)
                uow.defer(queue.Order(queue.SMS, args, at=self._bot.database.time() + wait))

    def _post(self, name: str, code: Code) -> bool:
        """Whether the gateway took it. What it says is not kept: it may repeat the phone.

        Args: name: another one for each try, because each has a fresh code, of which the newest counts.
        """
        body = json.dumps({"type": "sms.code", "data": _data(code)})
        at, settings = self._bot.database.time(), self._bot.settings
        headers = {
            "content-type": "application/json", "webhook-id": name, "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(settings.sms_secret.get_secret_value()).sign(name, at, body),
        }  # fmt: skip
        try:
            answer = requests.post(
                settings.sms_url, body.encode(), headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as exc:
            log.warning("sms.unreachable", cause=type(exc).__name__)
            return False
        if answer.status_code >= 300:
            log.warning("sms.refused", status=answer.status_code)
        return answer.status_code < 300


def _data(code: Code) -> dict[str, str]:
    words = translate(code.locale, _("{code} is your code for {organization}. It is good for 10 minutes."))
    return {
        "phone": code.phone, "code": code.code, "locale": code.locale,
        "text": words.format(code=code.code, organization=code.organization),
    }  # fmt: skip
