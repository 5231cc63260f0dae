"""Calling others when something happens: signed as Standard Webhooks, in each lead's order, until somebody answers.

Between the two short transactions of a call no database connection is held.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import structlog
from standardwebhooks import Webhook

from bot import outward
from bot.outward import Forbidden, NoAnswer
from crm.db import Database
from crm.errors import Refusal
from crm.models import Hook
from crm.services import hook_calls, hook_planning, hooks, leads, members
from crm.services.hook_calls import GIVE_UP_AFTER, Call
from crm.uow import UnitOfWork
from crm.vault import Vault

log = structlog.get_logger()

CALLS_OF_A_JOB, SECONDS_OF_A_JOB = 50, 20.0  # who answers slowly shall not keep others' jobs waiting
DISABLE_AFTER = timedelta(days=5)
RESTS_AFTER = 3  # failures in a row: whoever is away gets one call now and then, not one for each lead
LONGEST_OBEYED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ready:
    """A call that can go out now."""

    call: Call
    hook_id: int
    url: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it. `after`: when the receiver wants to be called again."""

    status: int
    cause: str
    after: timedelta | None = None

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


class Calls:
    """The jobs' work. Safe to share by threads. Args: allowed: see `outward.target`."""

    def __init__(self, database: Database, vault: Vault, allowed: Collection[str]) -> None:
        self._database, self._vault, self._allowed = database, vault, allowed

    def plan(self, org_id: int) -> None:
        """Owe calls about what happened."""
        while True:
            with self._database.begin(org_id) as uow:
                if "hooks" in uow.off or not hook_planning.plan(uow):
                    return

    def call(self, org_id: int, hook_id: int) -> None:
        """Make the calls that are owed, one after the other; a job of its own goes on after some."""
        end = time.monotonic() + SECONDS_OF_A_JOB
        for _turn in range(CALLS_OF_A_JOB):
            with self._database.begin(org_id) as uow:
                ready = self._ready(uow, hook_id)
            if ready is None:
                return
            outcome = self._send(ready)
            with self._database.begin(org_id) as uow:
                settle(uow, ready, outcome)
            if time.monotonic() > end:
                break
        with self._database.begin(org_id) as uow:
            hook_calls.start(uow, hook_id)

    def _ready(self, uow: UnitOfWork, hook_id: int) -> Ready | None:
        hook = uow.session.get(Hook, (uow.org_id, hook_id))
        if hook is None or hook.state != "on" or "hooks" in uow.off or _rests(uow, hook):
            return None
        call = hook_calls.take(uow, hook_id)
        if call is None:
            return None
        body = json.dumps(_told(uow, hook, call), ensure_ascii=False, separators=(",", ":"))
        at = self._database.time()
        signed = [Webhook(secret).sign(call.event, at, body) for secret in hooks.secrets(uow, self._vault, hook)]
        headers = {
            "Content-Type": "application/json", "User-Agent": "Sluice", "webhook-id": call.event,
            "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": " ".join(signed),
        }  # fmt: skip
        return Ready(call, hook.id, hook.url, body.encode(), headers)

    def _send(self, ready: Ready) -> Outcome:
        try:
            reply = outward.post(ready.url, ready.body, ready.headers, allowed=self._allowed)
        except Forbidden as exc:
            return Outcome(0, f"address: {exc}")
        except NoAnswer as exc:
            return Outcome(0, str(exc))
        return Outcome(reply.status, str(reply.status), _asked(reply.headers, self._database.time()))


def settle(uow: UnitOfWork, ready: Ready, outcome: Outcome) -> None:
    """Write down what became of a call, and of the hook."""
    hook = uow.session.get(Hook, (uow.org_id, ready.hook_id), with_for_update=True, populate_existing=True)
    if hook is None or hook.state != "on":
        return
    if outcome.good:
        hook_calls.close(uow, ready.call, "sent")
        hook.failures, hook.failing_since, hook.rest_until, hook.cause, hook.called_at = 0, None, None, None, uow.now
        return
    log.info("hook.failed", hook=hook.id, topic=ready.call.topic, cause=outcome.cause)
    hook.failures, hook.failing_since, hook.cause = hook.failures + 1, hook.failing_since or uow.now, outcome.cause
    if outcome.status == 410 or uow.now - hook.failing_since > DISABLE_AFTER:
        hook_calls.close(uow, ready.call, "dead", outcome.cause)
        hooks.fail(uow, hook, outcome.cause)
    elif uow.now - ready.call.created_at > GIVE_UP_AFTER:
        hook_calls.close(uow, ready.call, "dead", outcome.cause)
        hook_calls.start(uow, hook.id)
    else:
        _later(uow, hook, ready.call, outcome)


def _later(uow: UnitOfWork, hook: Hook, call: Call, outcome: Outcome) -> None:
    until = uow.now + (hook_calls.back_off(call.attempt) if outcome.after is None else outcome.after)
    hook_calls.put_off(uow, call, until, outcome.cause)
    if outcome.after is not None:
        hook.rest_until = until
    elif hook.failures >= RESTS_AFTER:
        hook.rest_until = uow.now + hook_calls.back_off(hook.failures - RESTS_AFTER + 1)
    hook_calls.start(uow, hook.id, at=max(until, hook.rest_until) if hook.rest_until else until)


def _rests(uow: UnitOfWork, hook: Hook) -> bool:
    return hook.rest_until is not None and hook.rest_until > uow.now


def _told(uow: UnitOfWork, hook: Hook, call: Call) -> dict[str, Any]:
    """The payload, with the contact where the hook asks for it and whoever made it may see it at this moment."""
    if not (hook.with_contact and call.lead_id and hook.created_by):
        return call.payload
    maker = members.get(uow, hook.created_by)
    try:
        lead = leads.access_id(uow, actor=maker, lead_id=call.lead_id) if maker.active and maker.is_admin else None
    except Refusal:
        lead = None
    if lead is None or lead.masked:
        return call.payload
    contact = {
        "name": lead.name, "company": lead.company, "title": lead.title,
        "contacts": [{"kind": kind, "value": value} for kind, value in lead.contacts],
    }  # fmt: skip
    return call.payload | {"data": call.payload["data"] | {"contact": contact}}


def _asked(headers: Any, now: datetime) -> timedelta | None:
    """How long the receiver wants to be left alone; None where it does not say."""
    word = headers.get("retry-after", "").strip()
    try:
        wait = timedelta(seconds=int(word)) if word.isascii() and word.isdigit() else parsedate_to_datetime(word) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta(seconds=1)), LONGEST_OBEYED)
