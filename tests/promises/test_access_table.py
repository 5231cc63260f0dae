"""P23: nobody reads or changes what is not theirs, by words, button or service: one table of every way and every seat.

A way that has no row fails here. Its row says what is tried and who may, which mostly follows from the matrix:
`lead("work")`, `role("rules")`, `only("owner")`; see `access/expected.py`.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bot import router
from bot.context import Context
from crm import services
from crm.clock import DrivenClock, wall
from crm.db import Database
from tests import build
from tests.promises.access import stage
from tests.promises.access.buttons import BUTTONS, FIELDS
from tests.promises.access.calls import Call
from tests.promises.access.expected import NOBODY, reaches
from tests.promises.access.stage import SEATS, Attempt, Stage, tapped, typed
from tests.promises.access.verbs import INNER, VERBS
from tests.promises.access.words import WORDS


@dataclass(frozen=True)
class Way:
    """One way to try something: the row's name, what is typed or carried, what that does, and who may."""

    row: str
    said: str
    deed: Callable[[Context], Any]
    expected: str


ADMIN, MANAGER, MATE, REP = map(SEATS.index, ("admin", "manager", "mate", "stranger"))
# What the manager may as the one who was asked, is in charge of a pool, or began it.
BY_NAME = {
    "answer", "question.answer", "question.open", "question.decline", "duplicate.decide", "move", "pool.move", "undo",
}  # fmt: skip
# Whoever claims, or looks at a contact before, is shown it.
SHOWS = {"claim", "reveal", "lead.claim", "lead.reveal", "claim.next", "claim.many"}
# Who would not notice a leak, since nothing is kept from them: they are not drawn, which takes the most time.
SEE_IT_ALL = {"owner", "admin"}


@pytest.fixture(scope="module")
def house(shared_database: Database) -> Iterator[Stage]:
    shared_database.time = time = DrivenClock(build.NOW)
    yield Stage(shared_database, time)
    shared_database.time = wall


@pytest.fixture
def attempt(house: Stage) -> Iterator[Attempt]:
    with house.tries() as attempt:
        yield attempt


def words(house: Stage) -> Iterator[Way]:
    for row, (line, expected) in WORDS.items():
        said = line.format(**house.given)
        yield Way(row, said, typed(said), expected)


def buttons(house: Stage) -> Iterator[Way]:
    for row, (value, expected) in BUTTONS.items():
        fields = {name: said.format(**house.given) for name, said in FIELDS.get(row, {}).items()}
        said = value.format(**house.given)
        yield Way(row, said, tapped(row, said, **fields), expected)


def verbs(house: Stage) -> Iterator[Way]:
    for row, (call, expected) in VERBS.items():
        yield Way(row, "", lambda context, call=call: call(Call(context, house.given)), expected)  # type: ignore[misc]


def acted_with() -> set[str]:
    """The public functions of the services that are told who acts."""
    found = set()
    for module in pkgutil.iter_modules(services.__path__):
        room = importlib.import_module(f"{services.__name__}.{module.name}")
        found |= {
            f"{module.name}.{name}" for name, call in inspect.getmembers(room, inspect.isfunction)
            if call.__module__ == room.__name__ and not name.startswith("_")
            and "actor" in inspect.signature(call).parameters
        }  # fmt: skip
    return found


def kept_from(seat: str) -> tuple[str, ...]:
    """What this seat must never read, whatever is asked."""
    hidden: tuple[str, ...] = (stage.FREE_PHONE,)
    if seat in NOBODY or seat == "foreign" or not reaches(seat, "contact"):
        hidden += (stage.PHONE, stage.MAIL)
    if seat in NOBODY or seat == "foreign" or not reaches(seat, "see"):
        hidden += (stage.NAME, stage.FIRM, stage.MEMO)
    return (*hidden, stage.NORTHERN) if seat in {"stranger", "rival", "foreign", *NOBODY} else hidden


def leaks(way: Way, seat: str, shown: str) -> list[str]:
    """What got out; what somebody typed is no news to them."""
    known = stage.FREE_PHONE if way.row in SHOWS else ""
    return [
        f"{way.row} as {seat}: {mark}" for mark in kept_from(seat) if mark in shown and mark not in known + way.said
    ]


def table(house: Stage, attempt: Attempt, ways: Callable[[Stage], Iterator[Way]]) -> tuple[dict[str, str], list[str]]:
    """All cells of some ways: rows that came out otherwise, and everything that got out."""
    wrong, out = {}, []
    for way in ways(house):
        cells = {seat: attempt(seat, way.deed, look=seat not in SEE_IT_ALL) for seat in SEATS}
        other = {
            seat: cell for (seat, cell), sign in zip(cells.items(), way.expected, strict=True) if cell.outcome != sign
        }
        if other:
            got = "".join(cell.outcome for cell in cells.values())
            wrong[way.row] = f"{got} for {way.expected}: { {seat: cell.why for seat, cell in other.items()} }"
        out += [leak for seat, cell in cells.items() for leak in leaks(way, seat, cell.shown)]
    return wrong, out


def missing(there: set[str], rows: Iterable[str], where: str) -> str:
    lost = sorted(there - {row.partition(",")[0] for row in rows})
    return f"{lost} has no row in tests/promises/access/{where}: say what is tried and who may" if lost else ""


def test_every_command_button_and_verb_has_a_row() -> None:
    assert missing({entry.words[0] for entry in router.commands()}, WORDS, "words.py") == ""
    assert missing({entry.names[0] for entry in router.actions().values()}, BUTTONS, "buttons.py") == ""

    rows = [*VERBS, *(name for names in INNER.values() for name in names)]
    assert missing(acted_with(), rows, "verbs_of_*.py (or a reason in verbs.py)") == ""


@pytest.mark.parametrize("ways", [words, buttons, verbs], ids=["typed", "tapped", "called"])
def test_everybody_may_what_the_matrix_says_and_reads_nothing_else(
    house: Stage, attempt: Attempt, ways: Callable[[Stage], Iterator[Way]]
) -> None:
    assert table(house, attempt, ways) == ({}, [])


@pytest.mark.parametrize("ways", [words, buttons], ids=["typed", "tapped"])
def test_who_is_no_admin_any_more_is_refused_at_the_next_click(
    house: Stage, attempt: Attempt, ways: Callable[[Stage], Iterator[Way]]
) -> None:
    of_admins = [way for way in ways(house) if way.expected[ADMIN] == "+" and way.expected[REP] != "+"]
    cells = {way: attempt("admin", way.deed, role="rep") for way in of_admins}
    assert len(cells) > 30
    assert {way.row: cell for way, cell in cells.items() if cell.outcome not in ("-", "0")} == {}
    assert [leak for way, cell in cells.items() for leak in leaks(way, "stranger", cell.shown)] == []


@pytest.mark.parametrize("ways", [words, buttons], ids=["typed", "tapped"])
def test_who_leads_no_team_any_more_is_refused_at_the_next_click(
    house: Stage, attempt: Attempt, ways: Callable[[Stage], Iterator[Way]]
) -> None:
    of_managers = [way for way in ways(house) if way.expected[MANAGER] == "+" and way.expected[MATE] != "+"]
    cells = {way: attempt("manager", way.deed, role="rep") for way in of_managers if way.row not in BY_NAME}
    assert len(cells) > 20
    assert {way.row: cell for way, cell in cells.items() if cell.outcome not in ("-", "0")} == {}
