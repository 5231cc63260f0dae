"""All that is held of one customer, for the customer: one archive, for machines (JSON) and for people (HTML)."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from html import escape
from typing import Any

from sqlalchemy import text

from crm.rules.access import Actor
from crm.rules.personal import HELD, TOLD, Held
from crm.services import audit, erasing, persons, tickets
from crm.services.persons import Whole
from crm.services.tickets import Ticket
from crm.uow import UnitOfWork
from crm.vault import Vault

_PURPOSE = "person"
# Of files the bytes come as files; the rest is of no use outside.
_LEFT_OUT = ("content", "handle", "undo", "address_hash", "code_hash", "tail", "search", "sound")
_REVEALED = text(
    """
    select a.at, m.name as by from activity a left join member m on m.org_id = a.org_id and m.id = a.actor_id
    where a.org_id = :org and a.lead_id = any(:leads) and a.verb = 'revealed' order by a.at, a.id
    """
)
_SOURCES = text(
    """
    select distinct s.key, s.name, s.kind from lead l join source s on s.org_id = l.org_id and s.id = l.source_id
    where l.org_id = :org and l.id = any(:leads) order by s.key
    """
)
_MEMBERS = text("select id, name from member where org_id = :org")
_FILES = text(
    "select id, name, content from attachment where org_id = :org and lead_id = any(:leads) and state = 'kept'"
    " order by id"
)
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2em}table{border-collapse:collapse;margin:0 0 2em}"
    "td,th{border:1px solid #ccc;padding:.3em .6em;text-align:left;vertical-align:top}"
)


def archive(uow: UnitOfWork, person_id: int) -> bytes:
    """A zip with `person.json`, `person.html` and the files."""
    who = persons.whole(uow, person_id)
    told = held(uow, who)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("person.json", json.dumps(told, ensure_ascii=False, indent=1, default=str))
        packed.writestr("person.html", "".join(_page(told)))
        for row in uow.session.execute(_FILES, who.args(uow)):
            packed.writestr(f"files/{row.id}-{_plain(row.name)}", row.content or b"")
    return stream.getvalue()


def held(uow: UnitOfWork, who: Whole) -> dict[str, list[dict[str, Any]]]:
    """By table, every row about the customer; who looked at the contact; and where it all came from."""
    args = who.args(uow)
    names = {row.id: row.name for row in uow.session.execute(_MEMBERS, args)}
    tables = {one.table: _rows(uow, one, args, names) for one in (*HELD, *TOLD) if one.told}
    tables["looked at by"] = [dict(row) for row in uow.session.execute(_REVEALED, args).mappings()]
    tables["came from"] = [dict(row) for row in uow.session.execute(_SOURCES, args).mappings()]
    return {name: rows for name, rows in tables.items() if rows}


def summary(uow: UnitOfWork, who: Whole) -> dict[str, int]:
    """How many rows there are of what people know by name."""
    return {
        one.table: int(uow.session.scalar(text(f"select count(*) {_of(one)}"), who.args(uow)) or 0)
        for one in HELD if one.table in ("lead", "activity", "task", "attachment", "question", "person_key")
    }  # fmt: skip


def issue(vault: Vault, uow: UnitOfWork, *, actor: Actor, person_id: int) -> str:
    """A ticket for the archive, as a word for an address."""
    audit.write(uow, "person.exported", by=actor.id, subject=f"person:{person_id}")
    return tickets.issue(vault, _PURPOSE, actor, person_id, now=uow.now)


def read(vault: Vault, word: str) -> Ticket | None:
    """The ticket, which names the customer's id; None for anything else."""
    return tickets.read(vault, _PURPOSE, word)


def _rows(uow: UnitOfWork, one: Held, args: Mapping[str, Any], names: Mapping[int, str]) -> list[dict[str, Any]]:
    found = uow.session.execute(text(f"select t.* {_of(one)} order by 1, 2"), args).mappings()
    return [
        {name: _said(name, value, names) for name, value in row.items() if name not in _LEFT_OUT and name != "org_id"}
        for row in found
    ]


def _of(one: Held) -> str:
    return f"from {one.table} t where t.org_id = :org and {erasing.where(one)}"


def _said(name: str, value: Any, names: Mapping[int, str]) -> Any:
    """Colleagues by name, times as ISO."""
    if isinstance(value, datetime):
        return value.isoformat()
    is_member = name in (
        "actor_id",
        "member_id",
        "owner_id",
        "by_id",
        "for_id",
        "asker_id",
        "colleague_id",
        "seller_id",
    )
    return names.get(value, value) if is_member and isinstance(value, int) else value


def _page(told: Mapping[str, list[dict[str, Any]]]) -> Iterator[str]:
    yield f'<!doctype html><html><head><meta charset="utf-8"><title>Data</title><style>{_STYLE}</style></head><body>'
    for table, rows in told.items():
        columns = [name for name in rows[0] if any(row[name] not in (None, "", [], {}) for row in rows)]
        yield f"<h2>{escape(table)}</h2><table><tr>{''.join(f'<th>{escape(name)}</th>' for name in columns)}</tr>"
        for row in rows:
            yield f"<tr>{''.join(f'<td>{escape(_cell(row[name]))}</td>' for name in columns)}</tr>"
        yield "</table>"
    yield "</body></html>"


def _cell(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value)


def _plain(name: str | None) -> str:
    """A name that stays within its folder wherever it is unpacked."""
    return "".join(each if each.isalnum() or each in "._- " else "_" for each in name or "file").lstrip(".")[:100]
