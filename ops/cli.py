"""The command `sluice`: thin, every subcommand a few lines over a service or another file of this room."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

import structlog
import typer

from bot.understanding.warm import warm_up
from crm import clock, queue
from crm.settings import load
from ops import (
    cli_backup,
    cli_company,
    cli_dead,
    cli_lists,
    cli_platforms,
    cli_privacy,
    cli_rewind,
    cli_rules,
    cli_sources,
    cli_systems,
)
from ops import demo as demo_run
from ops import migrate as migrations
from ops.cli_frame import REFUSED, AsJson, address, beside, fail, open_database, out, say, sentences
from ops.errors import StartError
from ops.logs import configure

log = structlog.get_logger()
app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The CRM that sales people never leave their chat for."
)
clock_app = typer.Typer(no_args_is_help=True, help="The playground's shared clock.")
app.add_typer(clock_app, name="clock")
app.add_typer(cli_platforms.slack, name="slack")
app.add_typer(cli_platforms.wecom, name="wecom")
app.add_typer(cli_rules.app, name="rules")
app.add_typer(cli_lists.app, name="lists")
app.add_typer(cli_sources.app, name="sources")
app.command("mail")(cli_sources.take_mail)
cli_company.register(app)
cli_dead.register(app)
cli_rewind.register(app)
cli_backup.register(app)
cli_privacy.register(app)
cli_systems.register(app)


@app.callback()
def logs_beside() -> None:
    """What is logged goes beside what a command says, which a script may read."""
    structlog.configure(
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )


@app.command()
def demo(reset: Annotated[bool, typer.Option(help="Throw the demo's data away first.")] = False) -> None:
    """Run everything on this machine with a company to play with."""
    with sentences():
        demo_run.run(load(playground=True), reset=reset, out=out)


@app.command()
def serve() -> None:
    """The web process: doors for Slack, WeCom, intake and the playground."""
    import uvicorn

    from ops.connect import connect
    from ops.release import check_schema, release
    from ops.runtime import compose, settle
    from webhooks.app import create_app
    from webhooks.heads import Protocol

    with sentences():
        settings = load()
        configure()
        warm_up()
        bot = compose(settings)
        check_schema(bot.database)
        connect(bot)
        application = create_app(bot)
        settle()
        log.info("web.starts", release=release(), host=settings.host, port=settings.port)
        uvicorn.run(
            application, host=settings.host, port=settings.port, log_level="warning", access_log=False,
            log_config=None, http=Protocol, loop="uvloop",
            timeout_graceful_shutdown=3, server_header=False,  # no request takes longer; open pages listen for ever
        )  # fmt: skip


@app.command()
def worker(
    concurrency: Annotated[int, typer.Option(help="Jobs at the same time.")] = 12,
    once: Annotated[bool, typer.Option(help="Stop when nothing is left to do.")] = False,
) -> None:
    """The worker process: sends what is owed, and does what is due."""
    from prometheus_client import start_http_server

    from ops.release import check_schema, release
    from ops.runtime import compose
    from ops.worker import keep_working, work_off

    with sentences():
        # A connection for each job, and a few for what jobs do beside it.
        settings = load(statement_timeout_ms=30_000, pool_size=concurrency + 4)
        configure()
        warm_up()
        run = work_off if once else keep_working
        bot = compose(settings)
        check_schema(bot.database)
        if settings.metrics_port:
            start_http_server(settings.metrics_port, settings.host)
        log.info("worker.starts", release=release(), concurrency=concurrency)
        asyncio.run(run(bot, concurrency=concurrency))
        log.info("worker.stopped")


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema."""
    with sentences():
        migrations.upgrade(address(load()))
        out.print("The database is up to date.")


@clock_app.command("show")
def clock_show(as_json: AsJson = False) -> None:
    """What time it is in the playground, and how far ahead that is."""
    with sentences(), open_database().begin() as uow:
        ahead = clock.offset(uow.session)
        say(
            {"now": uow.now.isoformat(), "offset_seconds": int(ahead.total_seconds())},
            as_json,
            f"{uow.now:%Y-%m-%d %H:%M:%S} UTC ({ahead} ahead)",
        )


@clock_app.command("set")
def clock_set(moment: str) -> None:
    """Set the clock to an ISO time."""
    _move(lambda now, _ahead: clock.moment(moment) - now)


@clock_app.command("shift", hidden=True)
def clock_shift(shift: str) -> None:
    """Move the clock, such as +1d2h."""
    _move(lambda _now, ahead: ahead + clock.parse_shift(shift))


@clock_app.command("reset")
def clock_reset() -> None:
    """Back to the machine's time."""
    _move(lambda _now, _ahead: timedelta(0))


def _move(wanted: Callable[[datetime, timedelta], timedelta]) -> None:
    with sentences():
        settings = load()
        # A demo that runs in the data folder has the playground on.
        if not (settings.playground or beside(settings)):
            fail("The clock moves only where SLUICE_PLAYGROUND is on.", REFUSED)
        with open_database().begin() as uow:
            try:
                clock.set_offset(uow.session, wanted(clock.wall(), clock.offset(uow.session)))
            except (ValueError, OverflowError):
                raise StartError("Give a moment such as 2026-03-01T09:00:00+08:00, or a shift such as +1d2h.") from None
            uow.defer(queue.Order(queue.TICK, {}))


def main() -> None:
    """Entry point: `clock +1d2h` is short for `clock shift +1d2h`."""
    words = sys.argv[1:]
    if len(words) == 2 and words[0] == "clock" and words[1][:1] in "+-" and words[1] != "--help":
        words.insert(1, "shift")
        words[2] = words[2] if words[2].startswith("+") else f"--{words[2]}"
    app(words)
