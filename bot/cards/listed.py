"""Pasted lists and imports as a card shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.cards.language import _, translate
from bot.cards.words import Words
from crm.models import ImportJob
from crm.rules.arrival import NO_CONTACT
from crm.services import importing
from crm.services.importing import Row

PROBLEMS = {
    "known": _("known to the company already"), "pool": _("in the pool as {ref}: claim it there"),
    "yours": _("yours already: {ref}"), "twice": _("twice in this list"), "wrong": _("cannot be used"),
    "erased": _("erased on request"), "no_room": _("you hold as many leads as allowed"),
}  # fmt: skip

# The customer was recognised, and is with the company already.
HERE = frozenset({importing.KNOWN, importing.POOL, importing.YOURS})
LABELS = {"phone": _("Phone"), "email": _("E-mail"), "wechat": _("WeChat"), "amount": _("Amount")}


@dataclass(frozen=True, slots=True)
class Found:
    title: str
    detail: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A list: what would be saved, what not and why; after it was saved, the leads."""

    id: int
    usable: list[Found]
    rejected: list[Found]
    created: int
    known: int
    lead_ids: list[int]
    all_known: bool


def job(words: Words, found: ImportJob) -> Job:
    rows, counters = importing.rows_of(found), found.counters
    return Job(
        id=found.id,
        usable=[_row(words, row) for row in rows if row.verdict == importing.NEW],
        rejected=[_row(words, row) for row in rows if row.verdict != importing.NEW],
        created=counters.get("created", 0),
        known=len(counters.get("left_out", ())),
        lead_ids=list(counters.get("leads", ())),
        all_known=bool(rows) and all(row.verdict in HERE for row in rows),
    )


def _row(words: Words, row: Row) -> Found:
    arrival = row.arrival
    title = " · ".join(part for part in (arrival.name, arrival.company) if part) or words.say(_("Line {n}"), n=row.line)
    detail = " · ".join(part for part in (arrival.phone, arrival.email, arrival.wechat) if part)
    return Found(title, detail, _problem(words, row))


def _problem(words: Words, row: Row) -> str:
    errors: Mapping[str, Any] = row.errors or {}
    if errors:
        plain = {name: NO_CONTACT if name == "contact" else problem for name, problem in errors.items()}
        said = [(LABELS.get(name), translate(words.locale, problem)) for name, problem in plain.items()]
        return "; ".join(f"{words.say(label)}: {problem}" if label else problem for label, problem in said)
    return words.say(PROBLEMS[row.verdict], ref=row.ref) if row.verdict in PROBLEMS else ""
