"""`sluice demo`: private engines, a company, web and worker, until Ctrl-C. Nothing outlives it."""

from __future__ import annotations

import os
import secrets
import sys
import time
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from rich.console import Console

from crm.db import Database
from crm.settings import Settings
from crm.vault import Vault
from ops import demo_data, migrate
from ops.children import Command
from ops.embedded import Engines, wipe
from ops.errors import StartError
from ops.preflight import check_data_dir, check_port
from ops.sockets import ADDRESS_OF_DEMO, Sockets
from ops.supervise import Program, Supervisor, stop_on_signals
from webhooks.playground.guard import check_settings

PATIENCE = 180.0  # seconds
THINGS_TO_TRY = (
    ("claim next", "take the best lead of the pool; its contact opens"),
    ("log called, wants a quote, call back tomorrow 3pm", "a follow-up and a reminder from one sentence"),
    ("today", "what to do now, and which leads are at risk"),
    ("new Mei Lin, Lotus Tea, 13800138000", "a customer of your own, in two steps"),
    ("+1 day (the clock at the top)", "watch reminders, warnings and recycles happen"),
)


def run(settings: Settings, *, reset: bool, out: Console) -> None:
    """Start everything and return when it is stopped. Raises StartError or SettingsError with one sentence."""
    data_dir = check_data_dir(settings.data_dir)
    if reset:
        wipe(data_dir)
        out.print("The demo's data is gone; make demo starts over.")
        return
    check_settings(settings)
    check_port(settings.host, settings.port)
    with stop_on_signals() as stop, Engines(data_dir) as sockets:
        environment = _environment(settings, data_dir, sockets)
        migrate.upgrade(sockets.database_url)
        _first_data(environment, sockets, out)
        with Supervisor(
            _programs(environment, data_dir), say=lambda words: out.print(words, style="yellow")
        ) as programs:
            programs.watch(stop, until=_Patience(settings).is_over)
            if not stop.is_set():
                (data_dir / ADDRESS_OF_DEMO).write_text(settings.public_url, encoding="utf-8")
                _welcome(settings, out)
            Thread(target=_more_data, args=(sockets, out, stop), daemon=True).start()
            programs.watch(stop)
    out.print("Stopped. The data is kept; make demo goes on with it, make demo-reset starts over.")


def _environment(settings: Settings, data_dir: Path, sockets: Sockets) -> dict[str, str]:
    return os.environ | {
        "SLUICE_DATABASE_URL": sockets.database_url, "SLUICE_REDIS_URL": sockets.redis_url, "SLUICE_PLAYGROUND": "1",
        "SLUICE_SECRET_KEY": _secret(data_dir), "SLUICE_HOST": settings.host, "SLUICE_PORT": str(settings.port),
        "SLUICE_DATA_DIR": str(data_dir),
    }  # fmt: skip


def _secret(data_dir: Path) -> str:
    """A key of this data folder's own, made at the first start."""
    given = os.environ.get("SLUICE_SECRET_KEY")
    if given:
        return given
    file = data_dir / "secret.key"
    if not file.exists():
        with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as handle:
            handle.write(secrets.token_urlsafe(32))
    return file.read_text()


def _programs(environment: Mapping[str, str], data_dir: Path) -> list[Program]:
    def program(name: str, *words: str) -> Program:
        command = Command([sys.executable, "-m", "ops", *words], env=environment, log=data_dir / "log" / f"{name}.log")
        return Program(name, command)

    return [program("web", "serve"), program("worker", "worker")]


def _first_data(environment: Mapping[str, str], sockets: Sockets, out: Console) -> None:
    vault = Vault(environment["SLUICE_SECRET_KEY"])
    database = Database(sockets.database_url, pool_size=4, statement_timeout_ms=60_000, vault=vault)
    try:
        demo_data.begin(database, secret_key=environment["SLUICE_SECRET_KEY"], out=out)
    finally:
        database.close()


def _more_data(sockets: Sockets, out: Console, stop: Event) -> None:
    """The rest of the history, while the demo is in use; whatever is missing is made at the next start."""
    database = Database(sockets.database_url, pool_size=2, statement_timeout_ms=60_000)
    try:
        demo_data.fill(database, out=out)
    except Exception as exc:  # noqa: BLE001  (a demo goes on without the rest of its past)
        if not stop.is_set():
            out.print(f"The rest of the demo's history could not be made: {type(exc).__name__}.", style="yellow")


class _Patience:
    """Waits for the web; on a busy machine the very first start may take a minute."""

    def __init__(self, settings: Settings) -> None:
        self.address = f"http://{settings.host}:{settings.port}/readyz"
        self.until = time.monotonic() + PATIENCE

    def is_over(self) -> bool:
        """Whether the web answers. Raises StartError when it has not for too long."""
        with suppress(OSError), urllib.request.urlopen(self.address, timeout=2):  # noqa: S310  (our own address)
            return True
        if time.monotonic() > self.until:
            raise StartError("The web process does not answer; its log is in the data folder, log/web.log.")
        return False


def _welcome(settings: Settings, out: Console) -> None:
    out.print(f"\nSluice is ready: [bold]{settings.public_url}/playground[/bold]\n")
    out.print("Five things to try:")
    for words, what in THINGS_TO_TRY:
        out.print(f"  [cyan]{words}[/cyan]\n      {what}", soft_wrap=True)
    out.print("\nCtrl-C stops everything and keeps the data.")
