"""The documentation tells of all that is there, of nothing else: links, commands, settings, words, fields, routes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, get_args

import pytest
import typer.main
import yaml
from pydantic import BaseModel, ValidationError

from bot import router
from crm.rules import conditions, ruleset
from crm.settings import FILE, Settings
from ops.cli import app as cli
from ops.company_spec import CompanyFile
from ops.runtime import compose
from tests.docs.pages import PAGES, ROOT, Page, page
from webhooks.app import create_app

# What belongs to tests and CI, not to those who run Sluice.
OTHERS = {"SLUICE_CHAOS", "SLUICE_CHAOS_SEED", "SLUICE_REQUIRE_BROWSER", "SLUICE_SNAPSHOTS"}
# Pages that describe mappings of files and posts, which have tests of their own.
MAPPED = {"docs/import.md", "docs/intake.md"}
ACME = {"organization": {"key": "acme", "name": "Acme"}}
SETTINGS = {f"SLUICE_{name.upper()}": field for name, field in Settings.model_fields.items()}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
# A call of the command line: not the chat's `/sluice help` or `@sluice my`.
CALL = re.compile(r"(?<![\w/@.-])sluice ([a-z][^`|#)]*)")
MADE = re.compile(r"^(?:\$ |\w+=\S+ )*make ([a-z-]+)")


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every subcommand with its whole name; a group has `commands` of its own."""
    inside = getattr(command, "commands", {})
    if not inside:
        yield " ".join(path), command
    for name, child in inside.items():
        yield from leaves(child, (*path, name))


CLI = dict(leaves(typer.main.get_command(cli)))


def known(call: str) -> bool:
    """Whether the words after `sluice` begin with a command, and its options exist."""
    words = call.split()
    found = CLI.get(" ".join(words[:2])) or CLI.get(words[0])
    if found is None:
        # A group by its own name, or the short form of the clock's shift.
        return words in [[name.split()[0]] for name in CLI] or (words[0] == "clock" and words[1].startswith("+"))
    options = {name for option in found.params for name in option.opts} | {"--help"}
    return {word for word in words if word.startswith("--")} <= options


def fields(model: type[BaseModel], seen: set[str]) -> set[str]:
    """The names of a model's fields and of those inside them."""
    for name, field in model.model_fields.items():
        seen.add(name)
        for inner in _models(field.annotation):
            fields(inner, seen)
    return seen


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation.__module__ == ruleset.__name__:
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def of_each_page(found: Callable[[Page], Iterable[str]]) -> dict[str, list[str]]:
    """What is wrong on which page."""
    return {page.name: wrong for page in PAGES if (wrong := sorted(found(page)))}


def test_no_link_leads_nowhere() -> None:
    assert of_each_page(Page.leads_nowhere) == {}


def test_every_page_is_found_from_the_first_one() -> None:
    linked = {(ROOT / "docs" / link.partition("#")[0]).resolve() for link in page("docs/index.md").links}
    assert {page.name for page in PAGES if page.path.parent == ROOT / "docs" and page.path not in linked} == {
        "docs/index.md"
    }


def test_every_command_line_that_is_named_exists() -> None:
    calls = {page.name: [call for code in page.code for call in CALL.findall(code)] for page in PAGES}
    assert any(calls.values())
    assert of_each_page(lambda page: (call for call in calls[page.name] if not known(call))) == {}


def test_every_setting_that_is_named_exists() -> None:
    there = {*SETTINGS, *OTHERS, *(name + FILE for name in SETTINGS)}
    assert of_each_page(lambda page: set(re.findall(r"SLUICE_[A-Z_]*[A-Z]", page.text)) - there) == {}


def test_every_make_target_that_is_named_exists() -> None:
    named = {page.name: {name for code in page.code for name in MADE.findall(code)} for page in PAGES}
    assert any(named.values())
    assert of_each_page(lambda page: named[page.name] - TARGETS) == {}


def test_every_setting_is_in_a_table_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(SLUICE_\w+)` \| ([^|]*) \|", page("docs/settings.md").text, re.MULTILINE))
    assert set(SETTINGS) - set(rows) == set()
    assert {name: rows[name] for name in SETTINGS if rows[name] not in _defaults(name)} == {}


def _defaults(name: str) -> set[str]:
    """How the table may write the default."""
    default = SETTINGS[name].default
    plain = default.get_secret_value() if hasattr(default, "get_secret_value") else default
    return {f"`{str(plain).lower() if plain is False else plain}`", *_without(name, plain)}


def _without(name: str, default: object) -> set[str]:
    """What stands for an empty default: nothing, or what takes its place."""
    instead = {"SLUICE_BASE_URL": "`http://HOST:PORT`", "SLUICE_WORKER_DATABASE_URL": "as `SLUICE_DATABASE_URL`"}
    return set() if default else {instead.get(name, "none")}


def test_every_word_of_the_chat_is_told_with_its_examples() -> None:
    told = set(page("docs/commands.md").code)
    there = {command.words[0]: {*command.words, command.example, command.example_zh} for command in router.commands()}
    assert {word: lost for word, words in there.items() if (lost := words - told)} == {}


def test_every_example_of_the_words_is_understood() -> None:
    rows = re.findall(r"^\| `[^|]+\| (.+?) \|", page("docs/commands.md").text, re.MULTILINE)
    examples = [example for row in rows for example in re.findall(r"`([^`]+)`", row) if "<br>" in row]
    assert examples
    assert [example for example in examples if router.match(example) is None] == []


@pytest.mark.parametrize("text", page("docs/rules.md").blocks("yaml"), ids=lambda text: text.split(":")[0])
def test_every_example_of_the_rules_can_be_read(text: str) -> None:
    assert ruleset.parse(text) != ruleset.Rules()


def cannot_be_loaded(page: Page) -> Iterator[str]:
    """Pieces of a company file or a rule set that nobody could copy."""
    for block in () if page.name in MAPPED else page.blocks("yaml"):
        said = yaml.safe_load(block)
        model, whole = (ruleset.Rules, {}) if said.keys() <= ruleset.Rules.model_fields.keys() else (CompanyFile, ACME)
        try:
            model.model_validate(whole | said)
        except ValidationError as exc:
            yield str(exc)


def test_every_piece_of_a_company_file_or_rule_set_can_be_loaded() -> None:
    assert of_each_page(cannot_be_loaded) == {}


def test_every_field_of_the_rules_is_told() -> None:
    words = {word for code in page("docs/rules.md").code for word in re.findall(r"[a-z_]+", code)}
    named = {*conditions.TEXTS, *conditions.NUMBERS, *conditions.LISTS, *conditions.SPANS, *get_args(conditions.Op)}
    assert (fields(ruleset.Rules, set()) | named) - words == set()


def test_every_subcommand_has_its_place_on_the_page_of_the_command_line() -> None:
    text = page("docs/cli.md").text
    shown = {name: command for name, command in CLI.items() if not command.hidden}
    options = {option for one in shown.values() for each in one.params for option in each.opts if option[:2] == "--"}
    assert len(shown) > 50
    assert [name for name in shown if not re.search(rf"`sluice {name}\b", text)] == []
    assert [option for option in sorted(options) if option not in text] == []


def test_every_route_is_told(migrated_url: str, redis_url: str) -> None:
    settings = Settings(
        database_url=migrated_url, redis_url=redis_url, secret_key="a key of enough characters", playground=True
    )
    bot = compose(settings)
    paths = set(create_app(bot).openapi()["paths"])
    bot.database.close()
    bot.redis.close()
    doors, talk = page("docs/http.md").text, page("docs/playground.md").text
    assert len(paths) >= 10
    assert {path for path in paths if not path.startswith("/playground") and f" {path}`" not in doors} == set()
    assert {path for path in paths if path.startswith("/playground") and path.rpartition("/")[2] not in talk} == set()
