"""What the code says of itself, as pages of the documentation: the words of the chat, cards, rules, HTTP.

Each function returns Markdown. They read what the program runs on, so they cannot say anything else than it does.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from bot import router

Schema = Mapping[str, Any]
_USUAL = {"Successful Response": "What was asked for.", "Validation Error": "A parameter is not as it should be."}


def words() -> str:
    """Every word of the chat, by topic, in both languages."""
    router.load()
    lines = [
        "# Every word, as the chat knows it",
        "",
        "Made from the program. [What you can say](../commands.md) explains.",
    ]
    for topic, found in groupby(sorted(router.commands(), key=_place), key=lambda each: each.topic):
        lines += ["", f"## {topic}", "", "| words | does | for example | for whom |", "|---|---|---|---|"]
        lines += [row(_words(each), each.help, _examples(each), each.roles) for each in found]
    return "\n".join(lines)


def cards(snapshots: Path) -> str:
    """Every card with a picture of it in both languages. Args: snapshots: the folder of the cards' plain texts."""
    lines = ["# Every card", "", "As they look with the data of a small company; each chat draws them in its own way."]
    for name, versions in _samples(snapshots):
        lines += ["", f"## {name}", "", '<div class="cards">', *(_picture(text) for text in versions), "</div>"]
    return "\n".join(lines)


def rule_schema(schema: Schema) -> str:
    """The fields of the rule set: what each is, its kind and its default. Args: schema: the JSON schema."""
    known = schema.get("$defs", {})
    lines = ["# The rule set, field by field", "", "Made from the schema. [The rule set](../rules.md) explains."]
    for title, part in [("The rule set", schema), *sorted(known.items())]:
        if part.get("properties"):
            lines += ["", f"## {title}", "", _first_line(part), "", "| field | kind | default | |", "|---|---|---|---|"]
            lines += [_field(name, about, part) for name, about in part["properties"].items()]
    return "\n".join(lines)


def http(openapi: Schema) -> str:
    """Every route: what it takes and what it answers. Args: openapi: the OpenAPI document."""
    lines = ["# Every route", "", "Made from the OpenAPI document, which a running Sluice serves at `/openapi.json`."]
    lines += ["[HTTP](../http.md) explains."]
    for path, methods in openapi["paths"].items():
        for method, about in methods.items():
            lines += ["", f"## {method.upper()} {path}", "", _told(about)]
            lines += table(("parameter", "in", ""), map(_parameter, about.get("parameters", ())))
            lines += table(("answer", ""), map(_answer, about["responses"].items()))
    return "\n".join(lines)


def _place(command: router.Command) -> tuple[str, str]:
    return command.topic, command.words[0]


def row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _words(command: router.Command) -> str:
    return " ".join(f"`{word}`" for word in command.words)


def _examples(command: router.Command) -> str:
    return "<br>".join(f"`{example}`" for example in dict.fromkeys((command.example, command.example_zh)))


def _samples(snapshots: Path) -> Iterator[tuple[str, list[str]]]:
    """Each sample's name with its text in English and Chinese."""
    for name in sorted(english.name.removesuffix(".en.txt") for english in snapshots.glob("*.en.txt")):
        english = snapshots / f"{name}.en.txt"
        yield name, [file.read_text(encoding="utf-8") for file in (english, snapshots / f"{name}.zh.txt")]


def _picture(text: str) -> str:
    """A card's plain text drawn as a card: its title, lines, and buttons in brackets."""
    title, *rest = text.strip("\n").split("\n")
    return f'<div class="card"><b>{html.escape(title)}</b>{"".join(map(_line, rest))}</div>'


def _line(line: str) -> str:
    if line.startswith("[") and line.endswith("]"):
        buttons = (f"<span>{html.escape(label)}</span>" for label in line[1:-1].split("] ["))
        return f'<p class="buttons">{"".join(buttons)}</p>'
    return f"<p>{html.escape(line)}</p>"


def _field(name: str, about: Schema, part: Schema) -> str:
    default = f"`{json.dumps(about['default'], ensure_ascii=False)}`" if "default" in about else ""
    needed = "needed" if name in part.get("required", ()) else default
    return row(f"`{name}`", _kind(about), needed, about.get("description", ""))


def _kind(about: Schema) -> str:
    """A field's kind in a word or two; a link where it is one of the schema's own."""
    if reference := about.get("$ref"):
        name = reference.rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if choices := about.get("anyOf", about.get("oneOf")):
        return " or ".join(dict.fromkeys(map(_kind, choices)))
    if values := about.get("enum"):
        return ", ".join(f"`{value}`" for value in values)
    if about.get("type") == "array":
        return f"list of {_kind(about.get('items', {}))}"
    return str(about.get("type", "anything"))


def _first_line(part: Schema) -> str:
    return str(part.get("description", "")).partition("\n")[0]


def _told(about: Schema) -> str:
    return str(about.get("description") or about.get("summary", ""))


def _answer(one: tuple[str, Schema]) -> tuple[str, str]:
    """What the framework says of every answer tells nothing."""
    code, said = one[0], str(one[1]["description"])
    return code, _USUAL.get(said, said)


def _parameter(about: Schema) -> tuple[str, str, str]:
    return f"`{about['name']}`", about["in"], about.get("description", "")


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    found = [row(*cells) for cells in rows]
    return ["", row(*head), row(*("---" for _ in head)), *found] if found else []
