"""The page about access shows the matrix as it is. `SLUICE_SNAPSHOTS=write` writes its tables anew."""

from __future__ import annotations

import os

import pytest

from crm.errors import RuleSetInvalid
from crm.rules.matrix import DEEDS, FIELDS, ROLES
from crm.rules.ruleset import parse
from tests.docs.pages import ROOT

PAGE = ROOT / "docs/access.md"
BEGIN, END = "<!-- the matrix: written by tests/docs/test_access.py -->", "<!-- the end of the matrix -->"


def table() -> str:
    """A line for each deed, a column for each role."""
    lines = [f"| who may | {' | '.join(ROLES)} |", f"|---|{'---|' * len(ROLES)}"]
    for name, deed in DEEDS.items():
        scopes = ["–" if deed.of(role) == "none" else deed.of(role) for role in ROLES]
        lines.append(f"| {deed.about} (`{name}`) | {' | '.join(scopes)} |")
    return "\n".join(lines)


def test_the_page_shows_the_matrix() -> None:
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    told = f"{head}{BEGIN}\n\n{table()}\n\n{END}{tail}"
    if os.environ.get("SLUICE_SNAPSHOTS") == "write":
        PAGE.write_text(told, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == told


def test_the_page_names_every_field_that_can_be_hidden() -> None:
    assert [field for field in FIELDS if f"`{field}`" not in PAGE.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("access: {scope: {boss: all}}", "takes one of 'reception', 'rep'"),
        ("access: {scope: {rep: everything}}", "takes one of 'own', 'team', 'tree', 'department' or 'all'"),
        ("access: {hide: {rep: [shoe size]}}", "takes one of 'contact', 'amount' or 'notes'"),
        ("access: {scope: {admin: own}}", "an admin sees everything"),
        ("access: {hide: {admin: [contact]}}", "an admin sees everything"),
        ("access: {export: {per_day: many}}", "takes a whole number, not 'many'"),
        ("access: {exports: {}}", "there is no such field"),
    ],
)
def test_a_mistake_is_named(written: str, said: str) -> None:
    with pytest.raises(RuleSetInvalid) as refused:
        parse(written)
    assert said in refused.value.data["problem"]
