"""Reading a company file: everything is checked before anything is written.

A mistake is one sentence that names the line and the field.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crm.errors import RuleSetInvalid
from crm.formats import MappingError
from crm.rules import ruleset
from crm.rules.written import Document
from ops import source_files
from ops.company_spec import CompanyFile, PoolPart, SourcePart
from ops.errors import StartError

Where = tuple[str | int, ...]


class CompanyFileError(StartError):
    """One sentence: the line, the field and what is wrong."""


@dataclass(frozen=True, slots=True)
class _Marks:
    """The file's name and lines, to point a mistake out."""

    name: str
    document: Document

    def error(self, path: Where, problem: str) -> CompanyFileError:
        return CompanyFileError(f"{self.name} {self.document.point_out(path, problem)}.")


def read(path: Path) -> CompanyFile:
    """Read and check a company file, its rules included. Raises CompanyFileError."""
    return parse(_text(path), path.name, beside=path.parent)


def parse(text: str, name: str = "company.yaml", *, beside: Path | None = None) -> CompanyFile:
    """The same for a text at hand; `beside` is the folder of the rules' file. Raises CompanyFileError."""
    try:
        marks = _Marks(name, Document.read(text))
    except RuleSetInvalid as exc:
        raise CompanyFileError(f"{name} is not readable: {exc.data['problem']}.") from None
    try:
        company = CompanyFile.model_validate(marks.document.data)
    except ValidationError as exc:
        first = exc.errors()[0]
        raise marks.error(first["loc"], _problem(first["type"], first["msg"])) from None
    _check_names(company, marks)
    rules = _rules(company, marks, beside)
    return company.model_copy(update={"rules": rules, "sources": list(_sources(company, marks, beside))})


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        why = getattr(exc, "strerror", None) or "it is not UTF-8"
        raise CompanyFileError(f"{path} cannot be read: {why}.") from None


def _sources(company: CompanyFile, marks: _Marks, beside: Path | None) -> Iterator[SourcePart]:
    for place, part in enumerate(company.sources):
        try:
            yield source_files.check(part, beside)
        except MappingError as exc:
            raise marks.error(("sources", place, "mapping" if part.mapping else "format"), str(exc)) from None


def _rules(company: CompanyFile, marks: _Marks, beside: Path | None) -> str | None:
    """The rule set as text, from a file of its own when one line names it."""
    text, name = company.rules, "rules"
    if text and beside and "\n" not in text.strip():
        name = text.strip()
        text = _text(beside / name)
    try:
        ruleset.parse(text or "{}")
    except RuleSetInvalid as exc:
        raise marks.error(("rules",), f"{name}: {exc.data['problem']}") from None
    return text


def _problem(kind: str, message: str) -> str:
    return {"extra_forbidden": "there is no such field", "missing": "is missing"}.get(kind, message)


def _check_names(company: CompanyFile, marks: _Marks) -> None:
    """Every name used is one given, and given once."""
    teams = _once(marks, "departments", "key", company.departments)
    pools = _once(marks, "pools", "key", company.pools)
    _once(marks, "sources", "key", company.sources)
    people = _once(marks, "members", "name", company.members)
    _check_tree(marks, company, people)
    for place, member in enumerate(company.members):
        _one_of(marks, ("members", place, "team"), member.team, teams, "department")
    for place, pool in enumerate(company.pools):
        _check_pool(marks, place, pool, teams, people)
    for place, group in enumerate(company.groups):
        _one_of(marks, ("groups", place, "team"), group.team, teams, "department")
        _one_of(marks, ("groups", place, "pool"), group.pool, pools, "pool")
        if getattr(company.workspaces, group.platform) is None:
            raise marks.error(("groups", place, "platform"), f"workspaces has no {group.platform}")
    for place, source in enumerate(company.sources):
        _one_of(marks, ("sources", place, "pool"), source.pool, pools, "pool")
        _one_of(marks, ("sources", place, "owner"), source.owner, people, "member")
    _once(marks, "events", "name", company.events)
    for place, event in enumerate(company.events):
        _one_of(marks, ("events", place, "by"), event.by, people, "member")
        for at, name in enumerate(event.helpers):
            _one_of(marks, ("events", place, "helpers", at), name, people, "member")


def _check_tree(marks: _Marks, company: CompanyFile, people: set[str]) -> None:
    """A department stands below one that was named before it, so the tree has no circle."""
    above: set[str] = set()
    for place, department in enumerate(company.departments):
        _one_of(marks, ("departments", place, "parent"), department.parent, above, "department above it")
        _one_of(marks, ("departments", place, "manager"), department.manager, people, "member")
        above.add(department.key)


def _check_pool(marks: _Marks, place: int, pool: PoolPart, teams: set[str], people: set[str]) -> None:
    _one_of(marks, ("pools", place, "admin"), pool.admin, people, "member")
    for at, team in enumerate(pool.teams):
        _one_of(marks, ("pools", place, "teams", at), team, teams, "department")
    for at, name in enumerate(pool.members):
        _one_of(marks, ("pools", place, "members", at), name, people, "member")


def _once(marks: _Marks, part: str, field: str, items: Sequence[Any]) -> set[str]:
    seen: set[str] = set()
    for place, item in enumerate(items):
        name = getattr(item, field)
        if name in seen:
            raise marks.error((part, place, field), f"{name!r} is there twice")
        seen.add(name)
    return seen


def _one_of(marks: _Marks, path: Where, given: str | None, known: set[str], what: str) -> None:
    if given is not None and given not in known:
        raise marks.error(path, f"there is no {what} {given!r}")
