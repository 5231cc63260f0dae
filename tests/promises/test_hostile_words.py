"""P9: whatever stands behind a word, in a button or in a field of a form is understood or refused: nothing breaks.

Every command is typed and every button tapped, by an admin, who gets furthest, and by the owner of a lead, with texts
that SQL, templates, numbers, dates and databases stumble over. The long form also draws each answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle, islice
from typing import Any

import pytest

from bot.context import Context
from crm.clock import DrivenClock, wall
from crm.db import Database
from tests import build
from tests.promises.access.buttons import BUTTONS
from tests.promises.access.stage import Stage, tapped, typed
from tests.promises.access.words import WORDS
from tests.rounds import rounds

HUGE = "9" * 19
TEXTS = (
    "' or 1=1; drop table lead; --", "%s %(org)s :org {0} {name}", "{{ 7 * 7 }} {% raw %}", "\\x00 \\ud800 \\N{DASH}",
    f"L-{HUGE}", f"A-{HUGE}", HUGE, "9" * 30, "999999999999", "-1", "0", "1e999", "NaN", "Infinity", "٣٤ ²³ ½", "0x1f",
    "9999-12-31 23:59", "0000-00-00", "in 99999999999 days", "31 February 25:61", "一万亿亿年后", "明天25点", "9999年",
    "@nobody @Ann @Ann", "<@U1> <!channel> @all", ", , , ,", "…", "👩‍👩‍👧‍👦 \u202e \u0600", "x" * 4000, "9 " * 1000,
    "+8613912340000 " * 50, "L-1 " * 300, "to to to", "= = =", "( ) [ ] * + ?", "%%%", "_%_", "\\", "'", '"', ":", "@",
    "a\tb\nc\nd", "https://example.com/?a=b&c=<d>", "until until for for", f"-{HUGE}9", "1.5.5", "1,2,3", "\u3000", "-",
    f"{HUGE} {HUGE} {HUGE}", "0 0 0", "none none", "-- --", "1e5 1e-5", "stage:x stage:", "{}", "[]", "null", "\u2028",
)  # fmt: skip
FIELDS = (
    "to", "note", "reason", "outcome", "lead", "name", "phone", "email", "company", "amount", "when", "next", "pool",
    "team", "parent", "state", "why", "question", "words", "quiet", "moved", "file", "until", "day", "start", "end",
)  # fmt: skip
EACH = rounds(short=1, full=len(TEXTS))
SEATS = ("admin", "owner")[: rounds(short=1, full=2)]
LOOK = bool(rounds(short=0, full=1))  # a card can break, too, and takes most of the time
Try = tuple[str, Callable[[Context], Any]]


@pytest.fixture(scope="module")
def house(shared_database: Database) -> Iterator[Stage]:
    shared_database.time = time = DrivenClock(build.NOW)
    yield Stage(shared_database, time)
    shared_database.time = wall


def several(rows: list[str]) -> Iterator[tuple[str, str]]:
    """Each row with some of the texts, in turn, so that in any run all are tried."""
    texts = cycle(TEXTS)
    for row in rows:
        yield from ((row, text) for text in islice(texts, EACH))


def words(house: Stage) -> Iterator[Try]:
    """The bare word with a text behind it, and a proper line with a text behind that."""
    bare = sorted({row.partition(",")[0] for row in WORDS})
    lines = sorted({line.format(**house.given) for line, _ in WORDS.values()})
    yield from ((f"{row} {text}", typed(f"{row} {text}")) for row, text in several(bare + lines))


def values(house: Stage) -> Iterator[Try]:
    """A text instead of a button's value, and behind a proper one."""
    known = {row: value.format(**house.given) for row, (value, _) in BUTTONS.items()}
    yield from ((f"{row} = {text}", tapped(row, text)) for row, text in several(sorted(known)))
    yield from (
        (f"{row} = {known[row]} {text}", tapped(row, f"{known[row]} {text}")) for row, text in several(sorted(known))
    )


def fields(house: Stage) -> Iterator[Try]:
    """A proper value, and a text in every field that any form has."""
    known = {row: value.format(**house.given) for row, (value, _) in BUTTONS.items()}
    for row, text in several(sorted(known)):
        yield f"{row} ({text})", tapped(row, known[row], **dict.fromkeys(FIELDS, text))


@pytest.mark.parametrize("seat", SEATS)
@pytest.mark.parametrize("ways", [words, values, fields])
def test_nothing_that_anybody_types_or_sends_breaks_anything(
    house: Stage, ways: Callable[[Stage], Iterator[Try]], seat: str
) -> None:
    with house.tries() as attempt:
        tried = [(said, attempt(seat, deed, look=LOOK)) for said, deed in ways(house)]
    broken = [f"{said[:90]}: {cell.why[:400]}" for said, cell in tried if cell.outcome == "!"]
    assert "\n".join(broken) == ""
