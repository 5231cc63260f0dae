"""Subcommands about other systems, and about the parts that an organization does without."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from bot import outward
from bot.outward import Forbidden
from crm.errors_of_interfaces import HookAddress
from crm.period import Period
from crm.services import api_tokens, hook_calls, hooks, modules
from crm.settings import load
from ops.cli_frame import AsJson, Org, open_database, organization, out, say, sentences, vault
from ops.cli_table import show
from ops.errors import StartError

modules_app = typer.Typer(invoke_without_command=True, help="The parts of Sluice that an organization has.")
tokens_app = typer.Typer(invoke_without_command=True, help="Keys to the read API.")
hooks_app = typer.Typer(invoke_without_command=True, help="Who is called when something happens.")


def register(app: typer.Typer) -> None:
    """Hang these commands under `sluice`."""
    app.add_typer(modules_app, name="modules")
    app.add_typer(tokens_app, name="tokens")
    app.add_typer(hooks_app, name="hooks")


@modules_app.callback()
def list_modules(context: typer.Context, org: Org = "", as_json: AsJson = False) -> None:
    """All parts, and which are off."""
    if context.invoked_subcommand:
        return
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            found = modules.listing(uow)
        rows = [{"name": one.name, "on": one.on, "about": one.about} for one in found]
        say(rows, as_json, "\n".join(f"{one.name:<12} {'on ' if one.on else 'off'}  {one.about}" for one in found))


@modules_app.command("on")
def module_on(name: str, org: Org = "") -> None:
    """Have a part again, as it was."""
    _switch(name, org, on=True)


@modules_app.command("off")
def module_off(name: str, org: Org = "") -> None:
    """Do without a part: no word, no button, no address of it."""
    _switch(name, org, on=False)


def _switch(name: str, org: str, *, on: bool) -> None:
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            word = modules.switch(uow, actor=None, name=name, on=on)
        out.print(f"{word} is {'on' if on else 'off'}.", highlight=False)


@tokens_app.callback()
def list_tokens(context: typer.Context, org: Org = "", as_json: AsJson = False) -> None:
    """All tokens that are good, without their words."""
    if context.invoked_subcommand:
        return
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            rows = [
                {
                    "number": one.number, "name": one.name, "scopes": " ".join(one.scopes),
                    "last_used_at": one.last_used_at, "expires_at": one.expires_at,
                }
                for one in api_tokens.listing(uow)
            ]  # fmt: skip
        words = "\n".join(f"{row['number']:>4}  {row['name']:<24} {row['scopes']}" for row in rows)
        say(rows, as_json, words or "None.")


@tokens_app.command("new")
def new_token(
    name: str,
    scopes: Annotated[list[str], typer.Argument(help=f"Of {', '.join(api_tokens.SCOPES)}.")],
    days: Annotated[int, typer.Option(help="How long it is good; for ever without.")] = 0,
    org: Org = "",
) -> None:
    """Make a token; it is shown this once."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            _made, word = api_tokens.create(uow, actor=None, name=name, scopes=scopes, days=days or None)
        out.print(f"Token (shown this once): {word}", highlight=False, soft_wrap=True)


@tokens_app.command("revoke")
def revoke_token(number: int, org: Org = "") -> None:
    """Lock out whoever uses this token."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            name = api_tokens.revoke(uow, actor=None, number=number).name
        out.print(f"{name} opens nothing any more.", highlight=False)


@hooks_app.callback()
def list_hooks(context: typer.Context, org: Org = "", as_json: AsJson = False) -> None:
    """All hooks, with what waits, what was given up, and why the last call failed."""
    if context.invoked_subcommand:
        return
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            waiting = hook_calls.waiting(uow)
            rows = [
                {
                    "number": one.number, "url": one.url, "topics": " ".join(one.topics), "state": one.state,
                    "owed": waiting.get(one.id, (0, 0))[0], "dead": waiting.get(one.id, (0, 0))[1],
                    "last_called_at": one.called_at, "cause": one.cause,
                }
                for one in hooks.listing(uow)
            ]  # fmt: skip
        if as_json or not rows:
            say(rows, as_json, "None.")
            return
        told = ("number", "url", "topics", "state", "owed", "dead", "cause")
        show(
            told,
            ([escape(str("" if row[name] is None else row[name])) for name in told] for row in rows),
            whole="number",
        )


@hooks_app.command("new")
def new_hook(url: str, topics: Annotated[list[str] | None, typer.Argument()] = None, org: Org = "") -> None:
    """Call this address when something happens; its secret is shown this once. Contacts are for hooks of the chat."""
    with sentences():
        try:
            outward.target(url, load().hooks_allow)
        except Forbidden:
            raise HookAddress(given=url) from None
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            made, secret = hooks.create(uow, vault(), actor=None, url=url, topics=topics or [])
            number = made.number
        out.print(f"Secret of hook {number} (shown this once): {secret}", highlight=False, soft_wrap=True)


@hooks_app.command("rotate")
def rotate_hook(number: int, org: Org = "") -> None:
    """A new secret, shown this once; calls are signed with the former one too for a day."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            secret = hooks.rotate(uow, vault(), actor=None, hook=hooks.find(uow, str(number)))
        out.print(f"Secret of hook {number} (shown this once): {secret}", highlight=False, soft_wrap=True)


@hooks_app.command("on")
def hook_on(number: int, org: Org = "") -> None:
    """Call it again from now on."""
    _set_on(number, org, on=True)


@hooks_app.command("off")
def hook_off(number: int, org: Org = "") -> None:
    """Call it no more."""
    _set_on(number, org, on=False)


def _set_on(number: int, org: str, *, on: bool) -> None:
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            hooks.set_on(uow, actor=None, hook=hooks.find(uow, str(number)), on=on)
        out.print(f"Hook {number} is {'on' if on else 'off'}.", highlight=False)


@hooks_app.command("remove")
def remove_hook(number: int, org: Org = "") -> None:
    """Forget it, and what was kept for it."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            hooks.remove(uow, actor=None, hook=hooks.find(uow, str(number)))
        out.print(f"Hook {number} is gone.", highlight=False)


@hooks_app.command("test")
def try_hook(number: int, org: Org = "") -> None:
    """Make a call that means nothing; `sluice hooks` shows what became of it."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            hook_calls.test(uow, hooks.find(uow, str(number)))
        out.print("The worker calls it now.", highlight=False)


@hooks_app.command("replay")
def replay_hook(
    number: int,
    what: Annotated[
        str, typer.Argument(help="A period such as 7d, or an event's id; without it what was given up.")
    ] = "",
    org: Org = "",
) -> None:
    """Make calls once more; the receiver knows a repeat by its id."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            hook, event = hooks.find(uow, str(number)), what if what.startswith("evt_") else ""
            since = None if event or not what else uow.now - _period(what).longest
            count = hook_calls.replay(uow, hook, since=since, event=event)
        out.print(f"{count} calls are made once more.", highlight=False)


def _period(word: str) -> Period:
    try:
        return Period.parse(word)
    except ValueError as exc:
        raise StartError(str(exc).capitalize() + ".") from None
