"""The page about promises: each of them stands there once, with a test that is one, and says how often it is tried."""

import re

import pytest

from tests.docs.pages import ROOT, page

PAGE = page("docs/promises.md")
TESTS = sorted({link.partition("#")[0] for link in PAGE.links if link.startswith("../tests/")})
ROWS = dict(re.findall(r"^\| (P\d+) \| (.+) \|$", PAGE.text, re.MULTILINE))


def test_every_promise_has_one_row() -> None:
    assert list(ROWS) == [f"P{number}" for number in range(1, 34)]
    assert len(re.findall(r"^\| P\d+ \|", PAGE.text, re.MULTILINE)) == len(ROWS)


@pytest.mark.parametrize("link", TESTS)
def test_what_proves_a_promise_is_there(link: str) -> None:
    assert (ROOT / "docs" / link).resolve().is_file()


@pytest.mark.parametrize("name", ROWS)
def test_a_promise_is_proven_by_a_test_that_is_called_as_its_file(name: str) -> None:
    named = re.findall(r"\[(test_\w+)\]\(([^)]+)\)", ROWS[name])
    assert named
    assert [text for text, link in named if not link.endswith(f"/{text}.py")] == []
    assert [link for _, link in named if "def test_" not in (ROOT / "docs" / link).resolve().read_text("utf-8")] == []
