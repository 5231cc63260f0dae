"""A playground without the CRM behind it: its real door, store and push, and a bot that answers from a script."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bot.app import Bot
from bot.cards.model import (
    Actions,
    Button,
    Card,
    Divider,
    Field,
    Fields,
    Form,
    Input,
    Option,
    Row,
    Select,
    Text,
)
from bot.interaction import Answer, Interaction
from bot.platforms.base import Workspace
from bot.platforms.playground import PlaygroundPlatform
from bot.platforms.slack import SlackPlatform
from crm.db import Database
from crm.settings import Settings
from ops.sockets import Sockets
from tests import build
from webhooks.playground import router

LEAD = Card(
    "Chen Wei · 宏达科技",
    (
        Text("Asks for a quote for 40 seats."),
        Fields((Field("Phone", "+86 138 0013 8000"), Field("Source", "Website"))),
        Row("Call back", "today 15:00", (Button("task.done", "Done", "7"),)),
        Divider(),
        Actions(
            (
                Button("lead.log", "Log", "L-12", "primary"),
                Button("lead.release", "Release", "L-12", "danger", confirm="Give L-12 back?"),
                Select("lead.stage", "Stage", (Option("new", "New"), Option("quote", "Quote")), "new"),
            )
        ),
    ),
    ref="L-12",
    tone="good",
    footer="Dealt by rule 1",
    version=3,
)
POOL = Card("A lead waits", (Actions((Button("lead.claim", "Claim", "L-12", "primary"),)),), ref="L-12", version=1)
TAKEN = Card("Ann took it", (Text("A colleague was faster."),), ref="L-12", tone="warn", version=2)
LOG = Form(
    "lead.log",
    "Log a follow-up",
    "Save",
    (Input("note", "What was said", "multiline"), Input("next", "Next contact", "datetime", optional=True)),
    "L-12",
)


@dataclass
class Script:
    """A dispatcher that answers by text or action and, like the real one, answers a repeated key as before."""

    answers: dict[str, Answer | Exception] = field(default_factory=dict)
    asked: list[Interaction] = field(default_factory=list)
    _given: dict[str, Answer] = field(default_factory=dict)

    def dispatch(self, interaction: Interaction) -> Answer:
        """The answer in the script; else the words come back on a card."""
        if interaction.key in self._given:
            return self._given[interaction.key]
        if interaction.kind != "home":  # the side panel asks by itself, whenever it likes
            self.asked.append(interaction)
        name = interaction.text or interaction.action
        answer = self.answers.get(f"{interaction.kind} {name}", self.answers.get(name, Answer(Card(name or "nothing"))))
        if isinstance(answer, Exception):
            raise answer
        return self._given.setdefault(interaction.key, answer)


class OneWorkspace:
    """Finds the one playground of this test."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def find(self, platform: str, external_id: str) -> Workspace | None:
        return self._workspace if external_id == "playground" else None


@dataclass(frozen=True)
class Stage:
    """What a test gets: the company, the script to fill, the adapter to push with, and the app to talk to."""

    company: build.Company
    workspace: Workspace
    script: Script
    platform: PlaygroundPlatform
    bot: Bot
    app: FastAPI

    def who(self, name: str) -> str:
        """The persona's id in the playground."""
        return build.external("playground", name, self.company.org_id)


def set_up(database: Database, redis: Redis, **settings: Any) -> Stage:
    """A stage with a company of its own."""
    company = build.company(database)
    workspace = Workspace(
        id=company.workspace["playground"],
        org_id=company.org_id,
        platform="playground",
        external_id="playground",
        name="Acme",
    )
    platform, script = PlaygroundPlatform(database, redis), Script()
    known = Settings(playground=True, **settings)
    bot = Bot(
        known, database, redis, OneWorkspace(workspace), {"playground": platform, "slack": SlackPlatform(known)}, script
    )  # type: ignore[arg-type]
    app = FastAPI()
    app.include_router(router(bot))
    return Stage(company, workspace, script, platform, bot, app)


def valkey(sockets: Sockets) -> Redis:
    """A client of this run's Valkey."""
    return Redis(unix_socket_path=str(sockets.valkey_socket), socket_timeout=5)


def no_valkey() -> Redis:
    """A client of a Valkey that is away, which does not try twice: as the real ones are made."""
    return Redis(unix_socket_path="/nonexistent/valkey.sock", retry=Retry(NoBackoff(), 0))


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The app behind a real server; yields its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1, lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
