"""WeCom's door with a dispatcher that says what a test wants, behind a real server."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from fastapi import FastAPI
from sqlalchemy.exc import OperationalError

from bot.app import Bot
from bot.interaction import Answer, Interaction
from bot.platforms.base import Workspace
from crm.settings import Settings
from tests.bot.platforms.wecom_kit import adapter, installed
from tests.doubles.wecom import Sent, WeComDouble
from tests.doubles.wecom_caller import Caller
from tests.serving import call, serving
from webhooks import wecom as door


@dataclass
class Scripted:
    """A dispatcher: remembers what it was given and answers as told, once per delivery key."""

    answer: Callable[[Interaction], Answer] = field(default=lambda _: Answer())
    seen: list[Interaction] = field(default_factory=list)
    effects: dict[str, Answer] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def dispatch(self, interaction: Interaction) -> Answer:
        with self.lock:
            self.seen.append(interaction)
            if interaction.key not in self.effects:
                self.effects[interaction.key] = self.answer(interaction)
            return self.effects[interaction.key]


@dataclass
class Installed:
    """The installations there are, or a database that is away."""

    known: list[Workspace]
    away: bool = False

    def of_company(self, platform: str, company: str = "", app: str = "") -> list[Workspace]:
        if self.away:
            raise OperationalError("select", {}, Exception("gone"))
        return [each for each in self.known if each.platform == platform and _fits(each, company, app)]


def _fits(workspace: Workspace, company: str, app: str) -> bool:
    apps = ("", workspace.external_id, str(workspace.config["agent_id"]))
    return company in ("", workspace.config["corp_id"]) and app in apps


@dataclass
class Doorstep:
    """All that a test of the door needs."""

    host: str
    wecom: WeComDouble
    dispatcher: Scripted
    workspaces: Installed
    caller: Caller

    def fresh(self) -> "Doorstep":
        """As if nothing had happened yet."""
        self.dispatcher.answer, self.workspaces.away = lambda _: Answer(), False
        self.dispatcher.seen.clear()
        self.dispatcher.effects.clear()
        self.wecom.sent.clear()
        self.caller.path = "/wecom/callback"
        return self

    def next_message(self, to: str) -> Sent:
        """The first message to somebody, which may follow the response by a moment."""
        deadline = time.monotonic() + 30
        while not self.wecom.messages(to) and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.wecom.messages(to)[0]

    def post(self, path: str, body: bytes | Iterator[bytes]) -> tuple[int, bytes]:
        return call(self.host, "POST", path, body)

    def get(self, path: str) -> tuple[int, bytes]:
        return call(self.host, "GET", path)


@contextmanager
def doorstep() -> Iterator[Doorstep]:
    """The door, served."""
    with WeComDouble() as wecom:
        dispatcher, workspaces = Scripted(), Installed([installed(wecom)])
        parts: dict[str, Any] = {"database": None, "redis": None, "settings": Settings()}
        bot = Bot(
            **parts,
            workspaces=cast("Any", workspaces),
            platforms={"wecom": adapter(wecom)},
            dispatcher=cast("Any", dispatcher),
        )
        app = FastAPI()
        app.include_router(door.router(bot))
        with serving(app) as host:
            caller = Caller(
                post=lambda path, body: call(host, "POST", path, body),
                corp_id=wecom.corp_id,
                agent_id=wecom.agent_id,
                token=wecom.token,
                aes_key=wecom.aes_key,
            )
            yield Doorstep(host, wecom, dispatcher, workspaces, caller)
