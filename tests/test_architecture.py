"""Guards of the house: each says what is missing, and where it belongs."""

from __future__ import annotations

import ast
import re
import statistics
from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import meta

from bot import router
from bot.cards.render import environment
from bot.notices import NOTICES
from crm import errors, queue
from crm.models import Base
from ops.migrations.versions import TENANT_EXEMPT
from ops.runtime import Work

ROOT = Path(__file__).parent.parent
ROOMS = ("crm", "bot", "webhooks", "ops")
SOURCES = sorted(
    path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "migrations/versions" not in str(path)
)
TEMPLATES = sorted(path.name.removesuffix(".xml.j2") for path in (ROOT / "bot/cards/templates").glob("[!_]*.xml.j2"))
MUTATING = re.compile(r"\bcommit\(\)")


def _functions(path: Path) -> list[int]:
    tree = ast.parse(path.read_text())
    found = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [(node.end_lineno or node.lineno) - node.lineno + 1 for node in found]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_stays_within_four_hundred_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def test_functions_are_small() -> None:
    lengths = sorted(length for path in SOURCES for length in _functions(path))
    assert statistics.median(lengths) <= 10
    assert lengths[int(len(lengths) * 0.9)] <= 25


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_opens_with_what_its_room_is_for(path: Path) -> None:
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text))


def test_only_the_unit_of_work_commits() -> None:
    found = [path.relative_to(ROOT) for path in SOURCES if MUTATING.search(path.read_text())]
    assert [str(path) for path in found if path.parts[0] in ("crm", "bot", "webhooks")] == ["crm/uow.py"]


def test_no_rule_asks_the_clock() -> None:
    asking = [str(path) for path in (ROOT / "crm/rules").rglob("*.py") if "datetime.now" in path.read_text()]
    assert asking == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_button_of_a_card_has_a_handler(name: str) -> None:
    text = (ROOT / f"bot/cards/templates/{name}.xml.j2").read_text()
    used = set(re.findall(r'action="([a-z_.]+)"', text))
    assert used - set(router.actions()) == set()


@pytest.mark.parametrize("topic", sorted(NOTICES))
def test_every_topic_has_a_card(topic: str) -> None:
    assert NOTICES[topic].card in {*TEMPLATES, "answer"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_topic_that_is_owed_is_known(path: Path) -> None:
    owed = set(re.findall(r'\.notify\(\s*"([a-z_.]+)"', path.read_text()))
    assert owed - set(NOTICES) == set()


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_can_be_parsed(name: str) -> None:
    env = environment("en")
    source = (ROOT / f"bot/cards/templates/{name}.xml.j2").read_text()
    assert "now" not in meta.find_undeclared_variables(env.parse(source))


def test_every_command_is_typed_in_both_languages() -> None:
    one_sided = [
        c.words[0] for c in router.commands() if not any(re.search("[\u4e00-\u9fff]", word) for word in c.words)
    ]
    assert one_sided == []


def test_every_command_has_an_example_that_it_understands() -> None:
    lost = [c.example for c in router.commands() if (router.match(c.example) or (None,))[0] is not c]
    assert lost == []


def test_codes_of_refusals_are_unique() -> None:
    kinds = list(_subclasses(errors.Refusal))
    assert len({kind.code for kind in kinds}) == len(kinds)


def test_every_tenant_table_is_walled_off() -> None:
    tenants = {table.name for table in Base.metadata.sorted_tables if "org_id" in table.columns}
    migration = "".join(path.read_text() for path in sorted((ROOT / "ops/migrations/versions").glob("0*.py")))
    assert {name for name in tenants - TENANT_EXEMPT if f'"{name}",' not in migration} == set()


def test_every_job_that_is_deferred_has_a_function() -> None:
    named = {value for name, value in vars(queue).items() if name.isupper() and name not in ("QUICK", "BULK")}
    work = Work(SimpleNamespace(database=None), None, None)  # type: ignore[arg-type]
    assert named <= set(work.by_name())


def _subclasses(kind: type[errors.Refusal]) -> list[type[errors.Refusal]]:
    return [kind, *(each for child in kind.__subclasses__() for each in _subclasses(child))]
