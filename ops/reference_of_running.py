"""What the code says of running it, as pages of the documentation: each setting, each subcommand with its options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main
from pydantic import SecretStr

from crm.settings import FILE, Settings
from ops.reference import table


def settings() -> str:
    """Every setting with its kind and default."""
    lines = [
        "# Every setting", "",
        f"Made from the program. [Settings](../settings.md) explains. With `{FILE}` behind it each may be a file.",
    ]  # fmt: skip
    return "\n".join(lines + table(("setting", "kind", "default"), map(_setting, Settings.model_fields.items())))


def command_line() -> str:
    """Every subcommand of `sluice`, with its arguments and options."""
    from ops.cli import app  # noqa: PLC0415  (it loads everything that the program can do)

    lines = ["# Every subcommand", "", "Made from the program. [The command line](../cli.md) explains."]
    for name, command in sorted(_leaves(typer.main.get_command(app))):
        if not command.hidden:
            lines += ["", f"## sluice {name}", "", " ".join((command.help or "").split())]
            lines += table(("", "default", ""), filter(None, map(_parameter, command.params)))
    return "\n".join(lines)


def _setting(one: tuple[str, Any]) -> tuple[str, str, str]:
    name, field = one
    told = str(field.annotation)
    kind = "secret" if "SecretStr" in told else getattr(field.annotation, "__name__", "text")
    default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    plain = "" if default in ("", ()) else f"`{str(default).lower() if default is False else default}`"
    return f"`SLUICE_{name.upper()}`", {"str": "text", "tuple": "list", "bool": "yes or no"}.get(kind, kind), plain


def _leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    inside = getattr(command, "commands", {})
    if not inside or (path and getattr(command, "invoke_without_command", False)):
        yield " ".join(path), command
    for name, child in inside.items():
        yield from _leaves(child, (*path, name))


def _parameter(one: Any) -> tuple[str, str, str] | None:
    if one.name == "help":
        return None
    called = ", ".join(f"`{name}`" for name in one.opts) if one.param_type_name == "option" else f"`{one.name.upper()}`"
    default = "" if one.default in (None, "", False) or callable(one.default) else f"`{one.default}`"
    return called, default, one.help or ""
