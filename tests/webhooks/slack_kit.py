"""Slack's door on a real server, with a dispatcher that answers from a script."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr

from bot.app import Bot
from bot.cards.model import Actions, Button, Card, Form, Input, Option, Select
from bot.interaction import Answer, Interaction
from bot.platforms import slack_blocks
from bot.platforms.base import Workspace
from bot.platforms.slack import SlackPlatform
from crm.settings import Settings
from tests.doubles.slack import TOKEN, Message, SlackDouble
from tests.drivers.slack_wire import SECRET, Wire
from tests.drivers.unhurried import unhurried
from tests.serving import serving
from webhooks.slack import router

CLAIM = Card(
    "A lead waits",
    (
        Actions(
            (
                Button("lead.claim", "Claim", "L-12"),
                Select("lead.stage", "Stage", (Option("new", "New"), Option("won", "Won"))),
                Button("lead.why", "Why", "L-12", more=True),
                Button("", "Open", url="https://crm.example.com"),
            )
        ),
    ),
    ref="L-12",
    version=7,
)
IN_DM = {"type": "message", "channel_type": "im", "channel": "D1", "user": "U1", "ts": "1700000001.000100"}
MENTION = {"type": "app_mention", "channel": "C1", "user": "U1", "ts": "1700000001.000100"}
LOG = Form(
    "lead.log", "Log", "Save", (Input("note", "What happened?"), Input("lead", "", "hidden", value="L-12")), "L-12"
)
ACME = Workspace(1, 1, "slack", "T1", "Acme", {"bot_token": TOKEN}, {"bot_user_id": "UBOT"})


@dataclass
class Script:
    """Answers by words or action and remembers what was asked; an exception in the script is raised."""

    answers: dict[str, Answer | Exception] = field(default_factory=dict)
    asked: list[Interaction] = field(default_factory=list)

    def dispatch(self, interaction: Interaction) -> Answer:
        self.asked.append(interaction)
        answer = self.answers.get(interaction.text or interaction.action, Answer())
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Installed:
    """The workspaces, in memory."""

    known: list[Workspace] = field(default_factory=lambda: [ACME])
    error: Exception | None = None

    def find(self, platform: str, external_id: str) -> Workspace | None:
        if self.error:
            raise self.error
        return next((w for w in self.known if (w.platform, w.external_id) == (platform, external_id)), None)

    def install(self, **facts: Any) -> Workspace:
        self.known.append(Workspace(2, facts.pop("org_id"), **facts))
        return self.known[-1]

    def uninstall(self, workspace_id: int) -> None:
        self.known = [workspace for workspace in self.known if workspace.id != workspace_id]


@dataclass
class Stage:
    """What a test of the door gets."""

    wire: Wire
    server: SlackDouble
    script: Script
    installed: Installed
    settings: Settings
    app: FastAPI
    bot: Bot

    def reset(self) -> None:
        """As new, for the next test on the same server."""
        self.server.reset()
        self.server.user("U1", name="Ann", email="ann@example.com")
        self.script.answers.clear()
        self.script.asked.clear()
        self.installed.known, self.installed.error = [ACME], None

    @property
    def asked(self) -> Interaction:
        """The one interaction that reached the dispatcher."""
        (only,) = self.script.asked
        return only


def post(stage: Stage) -> dict[str, Message]:
    """A card of ours in the private chat, and one in the channel."""
    drawn = slack_blocks.message(CLAIM)
    return {place: stage.server.show(Message(place, "1700000009.000100", **drawn)) for place in ("D1", "C1")}


def element(message: Message, label: str) -> dict[str, Any]:
    """The first element of a message in which these words stand."""
    elements = [element for block in message.blocks for element in block.get("elements", ())]
    return next(each for each in elements if label in str(each))


def shows(title: str, **facts: Any) -> Answer:
    return Answer(card=Card(title), **facts)


@contextmanager
def staged(database: Any = None, **settings: Any) -> Iterator[Stage]:
    server, script, installed = SlackDouble(), Script(), Installed()
    secrets = (SecretStr("the former secret"), SecretStr(SECRET))
    known = Settings(slack_signing_secret=secrets, slack_api_url=server.api_url, **settings)
    bot = Bot(known, database, None, installed, {"slack": SlackPlatform(known, timeout=20)}, script)  # type: ignore[arg-type]
    app = FastAPI()
    app.include_router(router(bot))
    with serving(app) as host, unhurried():
        wire = Wire(host, server)
        stage = Stage(wire, server, script, installed, known, app, bot)
        stage.reset()
        yield stage
        wire.close()
    server.stop()
