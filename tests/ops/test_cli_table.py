"""A table on a narrow screen folds, and cuts off nothing that somebody may want to copy."""

import io

import pytest
from rich.console import Console

from ops.cli_table import show

COLUMNS = ("key", "name", "format", "rejected")
LONG = "spring-expo-2027-registration-desk-k7m2qp"
ROW = (LONG, "Spring Expo 2027, registration desk at the main entrance", "baidu-jimuyu-with-attachments", "12345")


def shown(*, width: int, terminal: bool) -> str:
    into = io.StringIO()
    show(COLUMNS, [ROW], whole="key", to=Console(file=into, width=width, force_terminal=terminal, color_system=None))
    return into.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_on_a_screen_the_key_stays_whole_and_the_rest_is_folded(width):
    told = shown(width=width, terminal=True)
    assert LONG in told
    assert "…" not in told
    assert max(map(len, told.splitlines())) <= width


def test_into_a_pipe_each_row_is_one_line():
    header, row = shown(width=80, terminal=False).splitlines()
    assert [name in header for name in COLUMNS] == [True] * 4
    assert [value in row for value in ROW] == [True] * 4
