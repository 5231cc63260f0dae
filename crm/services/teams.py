"""The tree of departments and teams, as admins change it: made, renamed, moved and closed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pypinyin import lazy_pinyin
from sqlalchemy import text

from crm.errors_of_people import TeamExists, TeamInUse, TeamLoop, TeamNotFound
from crm.rules import clean
from crm.rules.access import Actor
from crm.services import clocks
from crm.uow import UnitOfWork

LONGEST_KEY = 60
_ALL = text(
    """
    select d.id, d.key, d.name, d.path, d.parent_id,
           (select count(*) from member m where m.org_id = d.org_id and m.department_id = d.id and m.active) as people
    from department d where d.org_id = :org order by d.path
    """
)
_MAKE = text(
    "insert into department (org_id, key, name, parent_id, path) values (:org, :key, :name, :above, '{}') returning id"
)
_RENAME = text("update department set name = :name where org_id = :org and id = :id")
_MOVE = text("update department set parent_id = :above where org_id = :org and id = :id")
# Each team's path from the root, anew where it has changed.
_PATHS = text(
    """
    with recursive tree as (
        select id, array[id] as path from department where org_id = :org and parent_id is null
        union all
        select d.id, t.path || d.id from department d join tree t on d.org_id = :org and d.parent_id = t.id
    )
    update department d set path = tree.path from tree
    where d.org_id = :org and d.id = tree.id and d.path <> tree.path
    """
)
# Two who move teams at once take turns here, or each could hang one below the other.
_LOCK = text("select 1 from organization where id = :org for no key update")
_IN_USE = text(
    """
    select (select count(*) from member where org_id = :org and department_id = :id and active)
         + (select count(*) from department where org_id = :org and parent_id = :id)
    """
)
# What speaks of a team by its id goes on with the one above it.
_ABOVE = (
    "update member set department_id = :above where org_id = :org and department_id = :id",
    "update conversation set department_id = :above where org_id = :org and department_id = :id",
    "update task set department_id = :above where org_id = :org and department_id = :id",
    "update chat_unit set department_id = :above where org_id = :org and department_id = :id",
    "delete from digest_subscription where org_id = :org and department_id = :id",
    "delete from pool_scope where org_id = :org and department_id = :id",
    "delete from team_calendar where org_id = :org and department_id = :id",
    "delete from department where org_id = :org and id = :id",
)


@dataclass(frozen=True, slots=True)
class Team:
    """A node of the tree; `people` are those in it, without those below."""

    id: int
    key: str
    name: str
    path: tuple[int, ...]
    parent_id: int | None
    people: int

    @property
    def depth(self) -> int:
        return len(self.path)


def tree(uow: UnitOfWork, *, actor: Actor) -> list[Team]:
    """The teams that the actor may see, each after the one above it: an admin all, others their own tree or path."""
    found = every(uow)
    if actor.sees_all:
        return found
    return [team for team in found if actor.manages_any(team.path) or team.id in actor.departments]


def every(uow: UnitOfWork) -> list[Team]:
    """All teams, each after the one above it."""
    rows = uow.session.execute(_ALL, {"org": uow.org_id})
    return [Team(row.id, row.key, row.name, tuple(row.path), row.parent_id, row.people) for row in rows]


def named(uow: UnitOfWork, words: str) -> Team:
    """A team by key, name, or a path such as `Sales / North`; else by the beginning of a name that only one has.

    Raises: TeamNotFound.
    """
    given, found = [part.strip().lower() for part in re.split(r"[/>／]", words) if part.strip()], every(uow)
    for exactly in (True, False):
        fit = [team for team in found if given and _fits(found, team, given, exactly=exactly)]
        if len(fit) == 1 or (fit and exactly):
            return fit[0]
    raise TeamNotFound(given=words.strip(), names=", ".join(team.name for team in found))


def make(uow: UnitOfWork, *, actor: Actor, name: str, under: Team | None = None) -> Team:
    """A new team, below the company's top where no place is named. Raises NotAllowed, TeamExists."""
    actor.need("people")
    return put(uow, name=name, under=under)


def put(uow: UnitOfWork, *, name: str, under: Team | None = None) -> Team:
    """The same for whoever has the server. Raises TeamExists."""
    uow.session.execute(_LOCK, {"org": uow.org_id})
    found, name = every(uow), clean.line(name)
    above = under.id if under else next((team.id for team in found if team.parent_id is None), None)
    if any(team.name.lower() == name.lower() and team.parent_id == above for team in found):
        raise TeamExists(given=name)
    taken = {team.key for team in found}
    key = _key(name) if _key(name) not in taken else f"{_key(name)}-{len(found) + 1}"
    uow.session.execute(_MAKE, {"org": uow.org_id, "key": key, "name": name, "above": above})
    settle_paths(uow)
    return next(team for team in every(uow) if team.key == key)


def rename(uow: UnitOfWork, *, actor: Actor, team: Team, name: str) -> None:
    """Rules go on to name the team by its key. Raises NotAllowed, TeamExists."""
    actor.need("people")
    name = clean.line(name)
    if any(one.name.lower() == name.lower() and one.id != team.id for one in every(uow)):
        raise TeamExists(given=name)
    uow.session.execute(_RENAME, {"org": uow.org_id, "id": team.id, "name": name})


def move(uow: UnitOfWork, *, actor: Actor, team: Team, under: Team) -> None:
    """The team with all below it hangs under another one. Raises NotAllowed, TeamLoop."""
    actor.need("people")
    uow.session.execute(_LOCK, {"org": uow.org_id})
    place = next(one for one in every(uow) if one.id == under.id)
    if team.id in place.path:
        raise TeamLoop(given=under.name)
    uow.session.execute(_MOVE, {"org": uow.org_id, "id": team.id, "above": under.id})
    settle_paths(uow)
    uow.defer(clocks.all_anew(uow))


def close(uow: UnitOfWork, *, actor: Actor, team: Team) -> None:
    """A team without people and teams is gone; what is left of it goes on with the one above.

    Raises: NotAllowed, TeamInUse.
    """
    actor.need("people")
    args = {"org": uow.org_id, "id": team.id, "above": team.parent_id}
    uow.session.execute(_LOCK, args)
    count = uow.session.scalar(_IN_USE, args)
    if count or team.parent_id is None:
        raise TeamInUse(given=team.name, count=count or len(every(uow)) - 1)
    for statement in _ABOVE:
        uow.session.execute(text(statement), args)


def settle_paths(uow: UnitOfWork) -> None:
    """Bring the paths of all teams in step with who is above whom."""
    uow.session.execute(_PATHS, {"org": uow.org_id})


def _fits(found: list[Team], team: Team, given: list[str], *, exactly: bool) -> bool:
    names = {one.id: one for one in found}
    line = [names[step] for step in team.path if step in names][-len(given) :]
    if len(line) < len(given):
        return False
    if exactly:
        return all(words in (one.name.lower(), one.key.lower()) for one, words in zip(line, given, strict=True))
    return all(one.name.lower().startswith(words) for one, words in zip(line, given, strict=True))


def _key(name: str) -> str:
    """A name as a key: letters, digits and dashes, Chinese as it is spoken."""
    word = re.sub(r"[^a-z0-9]+", "-", "-".join(lazy_pinyin(name)).lower()).strip("-")[:LONGEST_KEY].strip("-")
    return word if re.search("[a-z]", word) else f"team-{word}".strip("-")
