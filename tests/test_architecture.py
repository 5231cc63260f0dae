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
MUTATING = re.compile(r"\bcommit\(\)")
OWED = re.compile(r'\.notify\(\s*"([a-z_.]+)"')
TAPPED = re.compile(r'action="([a-z_.]+)"')


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    """Every file of ours by its path, apart from migrations."""
    paths = (path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "migrations/versions" not in str(path))
    return {str(path.relative_to(ROOT)): path.read_text() for path in sorted(paths)}


@pytest.fixture(scope="module")
def trees(sources: dict[str, str]) -> dict[str, ast.Module]:
    return {path: ast.parse(source) for path, source in sources.items() if source.strip()}


@pytest.fixture(scope="module")
def templates() -> dict[str, str]:
    """Every card's template by its name."""
    found = (ROOT / "bot/cards/templates").glob("[!_]*.xml.j2")
    return {path.name.removesuffix(".xml.j2"): path.read_text() for path in found}


def _functions(tree: ast.Module) -> list[int]:
    found = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [(node.end_lineno or node.lineno) - node.lineno + 1 for node in found]


def test_a_file_stays_within_four_hundred_lines(sources: dict[str, str]) -> None:
    long = {path: lines for path, source in sources.items() if (lines := len(source.splitlines())) > 400}
    assert long == {}


def test_functions_are_small(trees: dict[str, ast.Module]) -> None:
    lengths = sorted(length for tree in trees.values() for length in _functions(tree))
    assert statistics.median(lengths) <= 10
    assert lengths[int(len(lengths) * 0.9)] <= 25


def test_every_file_opens_with_what_its_room_is_for(trees: dict[str, ast.Module]) -> None:
    assert [path for path, tree in trees.items() if not ast.get_docstring(tree)] == []


def test_only_the_unit_of_work_commits(sources: dict[str, str]) -> None:
    found = [path for path, source in sources.items() if MUTATING.search(source) and not path.startswith("ops/")]
    assert found == ["crm/uow.py"]


def test_no_rule_asks_the_clock(sources: dict[str, str]) -> None:
    rules = {path: source for path, source in sources.items() if path.startswith("crm/rules/")}
    assert [path for path, source in rules.items() if "datetime.now" in source] == []


def test_every_button_of_a_card_has_a_handler(templates: dict[str, str]) -> None:
    used = {name: set(TAPPED.findall(template)) for name, template in templates.items()}
    assert {name: lost for name, tapped in used.items() if (lost := tapped - set(router.actions()))} == {}


def test_every_topic_has_a_card(templates: dict[str, str]) -> None:
    assert {topic: notice.card for topic, notice in NOTICES.items() if notice.card not in {*templates, "answer"}} == {}


def test_every_topic_that_is_owed_is_known(sources: dict[str, str]) -> None:
    owed = {path: set(OWED.findall(source)) for path, source in sources.items()}
    assert {path: lost for path, topics in owed.items() if (lost := topics - set(NOTICES))} == {}


def test_no_template_asks_the_clock(templates: dict[str, str]) -> None:
    env = environment("en")
    used = {name: meta.find_undeclared_variables(env.parse(template)) for name, template in templates.items()}
    assert [name for name, names in used.items() if "now" in names] == []


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
