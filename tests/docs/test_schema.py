"""The schema that editors use says what the rules are: as committed, for every example, and against mistakes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from crm.rules import conditions
from crm.rules.schema import schema
from tests.docs.pages import ROOT, page

COMMITTED = ROOT / "docs/reference/rules.schema.json"
VALIDATOR = Draft202012Validator(schema())


def written() -> str:
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


def test_the_committed_schema_is_that_of_the_rules() -> None:
    """`SLUICE_SNAPSHOTS=write` writes it anew."""
    if os.environ.get("SLUICE_SNAPSHOTS") == "write":
        COMMITTED.write_text(written(), encoding="utf-8")
    assert COMMITTED.read_text(encoding="utf-8") == written()


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("text", page("docs/rules.md").blocks("yaml"), ids=lambda text: text.split(":")[0])
def test_every_example_of_the_rules_fits(text: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(text))] == []


def test_the_rules_of_the_demo_fit() -> None:
    company = yaml.safe_load(Path(ROOT / "ops/demo_company.yaml").read_text(encoding="utf-8"))
    rules = company["rules"]
    data = yaml.safe_load(rules) if isinstance(rules, str) else rules
    assert [error.message for error in VALIDATOR.iter_errors(data)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"claim": {"per_dya": 3}},
        {"claim": {"per_day": "many"}},
        {"recycle": [{"name": "a", "no_follow_up": "soon"}]},
        {"dispatch": [{"name": "a", "when": {"field": "colour", "value": "red"}}]},
        {"dispatch": [{"name": "a", "when": {"every": []}}]},
        {"dispatch": [{"name": "a", "strategy": "fastest"}]},
        {"digest": {"at": "25:00"}},
    ],
)
def test_a_mistake_is_underlined(wrong: dict[str, object]) -> None:
    assert not VALIDATOR.is_valid(wrong)


def test_an_editor_offers_every_field_of_a_condition() -> None:
    offered = schema()["$defs"]["Comparison"]["properties"]["field"]["anyOf"][0]["enum"]
    assert offered == [*conditions.TEXTS, *conditions.NUMBERS, *conditions.LISTS, *conditions.SPANS]
