"""The page about security: every test that it names is one, every item stands once, in its place."""

import re
from collections import Counter

import pytest

from tests.docs.pages import ROOT, page

PAGE = page("docs/security.md")
TESTS = sorted({link for link in PAGE.links if link.startswith("../tests/")})
ROWS = re.findall(r"^\| ([\d., ]+) \| [^|]+ \| (holds|in part|no) \| ([^|]*) \|$", PAGE.text, re.MULTILINE)
# What the promises name: each has to be in the table.
PROMISED = ("1.2.10", "1.3.6", "2.3.3", "2.4.1", "8.2.2", "8.2.3", "8.4.1", "13.2.4", "14.2.6", "16.2.5", "16.4.1")


@pytest.mark.parametrize("link", TESTS)
def test_what_proves_something_is_a_test(link: str) -> None:
    assert "def test_" in (ROOT / "docs" / link).resolve().read_text(encoding="utf-8")


def test_a_link_is_called_as_its_file() -> None:
    named = re.findall(r"\[(test_\w+)\]\(([^)]+)\)", PAGE.text)
    assert [name for name, link in named if not link.endswith(f"/{name}.py")] == []


def test_every_row_is_read() -> None:
    assert len(ROWS) == len(
        re.findall(r"^\| \d+\.\d+\.\d+[^|]*\|.*\| (?:holds|in part|no) \|", PAGE.text, re.MULTILINE)
    )
    assert len(ROWS) > 100


def test_what_holds_has_a_proof() -> None:
    assert [items for items, state, why in ROWS if state == "holds" and not why.strip()] == []


def test_every_item_stands_once_and_in_order() -> None:
    items = [tuple(map(int, item.split("."))) for row, _, _ in ROWS for item in row.split(", ")]
    assert [item for item, times in Counter(items).items() if times > 1] == []
    chapters = [item[0] for item in items]
    assert chapters == sorted(chapters)


def test_what_the_promises_name_is_told() -> None:
    told = {item for row, _, _ in ROWS for item in row.split(", ")}
    assert set(PROMISED) - told == set()
