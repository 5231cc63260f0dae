"""What the page about scaling says of a day is what the simulation says."""

import re

from bench import simulate
from tests.docs.pages import page


def test_the_table_of_sizes_is_the_simulations() -> None:
    rows = re.findall(r"^\| (\d+,000 \|.*) \|$", page("docs/scaling.md").text, re.MULTILINE)
    played = [
        simulate.cells(reps, simulate.needs(reps, simulate.Habits(), workers))
        for reps, workers in simulate.SIZES.items()
    ]
    assert [row.split(" | ") for row in rows] == played


def test_the_costs_of_the_page_are_those_that_are_played() -> None:
    told = page("docs/scaling.md").text
    for name in ("interaction", "lead posted", "delivery", "digest"):
        cost = simulate.COSTS[name]
        article = "an" if name == "interaction" else "a"
        assert re.search(
            rf"^\| {article} {name} \| {cost.process:g}(?:\.0)? ms \| {cost.database:g} ms \|", told, re.MULTILINE
        )


def test_twice_the_reps_need_twice_the_cores() -> None:
    small, large = (simulate.needs(reps, simulate.Habits(), 4) for reps in (10_000, 20_000))
    assert large.web / small.web == large.database / small.database == 2
