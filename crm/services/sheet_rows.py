"""The rows of a sheet on their way in: each one checked, then taken in by the chunk or by hand, and counted."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crm.db import Database
from crm.errors import NoContact, Refusal
from crm.rules import sheet_row
from crm.rules.access import Actor
from crm.rules.arrival import Arrival, FieldErrors
from crm.rules.catalogue import Catalogue
from crm.rules.inert import inert
from crm.rules.rows import of_row
from crm.rules.sheet_row import NO_LISTS, Reading, Row
from crm.services import creation, file_import, houses, intake
from crm.services.houses import House
from crm.sheets import Sheet
from crm.uow import UnitOfWork

CHUNK, BY_HAND = 1000, 25
PROBLEMS = 5
NAMELESS = "A name or company is needed."


@dataclass(slots=True)
class Rejects:
    """Rows that cannot be taken in, as a file to be corrected and dropped again."""

    header: Sequence[str]
    rows: list[tuple[int, list[str], Mapping[str, str]]] = field(default_factory=list)

    def file(self) -> bytes:
        """CSV that spreadsheets read, Chinese included, and none of whose cells runs."""
        stream = io.StringIO()
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerow([*map(inert, self.header), "line", "reason"])
        for line, row, wrong in self.rows:
            reason = "; ".join(f"{name}: {why}" if name else why for name, why in wrong.items())
            writer.writerow([*map(inert, row), *[""] * (len(self.header) - len(row)), str(line), inert(reason)])
        return stream.getvalue().encode("utf-8-sig")


@dataclass(frozen=True, slots=True)
class Line:
    """A row that may be taken in: its number in the file, its cells, and what they say."""

    number: int
    cells: list[str]
    arrival: Arrival
    row: Row


def checked(
    sheet: Sheet, mapping: Mapping[int, str], house: House, rejects: Rejects, lists: Catalogue = NO_LISTS
) -> Iterator[Line]:
    """The good rows; the others go to the rejects. Args: lists: the managed values, where what they lack is told."""
    reading = Reading(sheet.header, mapping, house.region, "file", lists=lists)
    for number, cells in sheet.numbered:
        try:
            yield _line(number, cells, reading, house)
        except FieldErrors as exc:
            rejects.rows.append((number, cells, exc.fields))


def known(uow: UnitOfWork, house: House, lines: Sequence[Line]) -> int:
    """How many of these people the company knows already."""
    keys = list(dict.fromkeys(key for line in lines for key in line.row.checked.keys))
    found = intake.find_all(uow, house, keys) if keys else {}
    return sum(any(key in found for key in line.row.checked.keys) for line in lines)


def take_for_company(
    database: Database, org_id: int, job_id: int, lines: Sequence[Line], rejects: Rejects
) -> dict[str, int]:
    """A chunk, by the rules of the company. Returns figures."""
    with database.begin(org_id) as uow:
        done = file_import.take(uow, [line.row for line in lines], job_id=job_id, source=None)
    rejects.rows.extend((line, [], {"": file_import.ERASED}) for line in done.lines)
    return done.figures | {"refused": 0}


def take_for_member(
    database: Database, org_id: int, actor: Actor, lines: Sequence[Line], rejects: Rejects
) -> dict[str, int]:
    """A few customers whom the actor found. Returns figures; who is known already is among the rejects."""
    created = 0
    for line in lines:
        try:
            with database.begin(org_id) as uow:
                creation.new_lead(uow, actor=actor, contact=line.arrival, origin="self")
            created += 1
        except Refusal as refusal:
            rejects.rows.append((line.number, line.cells, {"": refusal.code.replace("_", " ")}))
    return {"created": created}


def house_of(database: Database, org_id: int) -> House:
    """What the company decides for every row."""
    with database.begin(org_id) as uow:
        return houses.of(uow)


def _line(number: int, cells: list[str], reading: Reading, house: House) -> Line:
    arrival = of_row(cells, reading.mapping, reading.header)
    if not (arrival.name.strip() or arrival.company.strip()):
        raise FieldErrors({"name": NAMELESS})
    try:
        creation.check_contact(house, arrival)
    except NoContact:
        raise FieldErrors({"phone": NoContact.message}) from None
    found = sheet_row.read(reading, number, cells)
    if not isinstance(found, Row):
        raise FieldErrors(found.wrong)
    return Line(number, cells, arrival, found)
