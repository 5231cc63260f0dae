"""Who may see and do what: pure functions of the member and the facts of a lead. What each role may is `matrix.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from crm.errors import NotAllowed
from crm.rules.matrix import DEEDS, Scope, roles

SELLERS = roles("claim")
MANAGERS = roles("rules")
BRANCH = 2  # the company and its department: so long is the path to a department right below the company


@dataclass(frozen=True, slots=True)
class Actor:
    """A member as rules see it, free of the session.

    `departments` is the path from the root to the member's own; `manages` are the departments whose trees are in scope;
    `sort` is the order in which the member works, where one was chosen. `asked` and `home`: whether a question waits
    for the member in this chat, and whether a home page stands in any; True where that was not looked up.
    `scope` is how far the member sees where the rules say so, else it is the role's; `hidden` are the fields that the
    rules keep from the role, of leads that are not the member's own. `over`: deeds that the rules give or take.
    """

    id: int
    org_id: int
    name: str
    role: str
    department_id: int | None
    departments: tuple[int, ...]
    manages: frozenset[int]
    active: bool
    on_duty: bool
    timezone: ZoneInfo
    locale: str
    toured: bool = True
    sort: str | None = None
    asked: bool = field(default=True, compare=False)
    home: bool = field(default=True, compare=False)
    scope: Scope | None = None
    hidden: frozenset[str] = frozenset()
    over: tuple[tuple[str, bool], ...] = ()

    @property
    def is_manager(self) -> bool:
        return self.role in MANAGERS

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    @property
    def sees(self) -> Scope:
        """How far the member sees."""
        return self.scope or DEEDS["see"].of(self.role)

    @property
    def sees_all(self) -> bool:
        return self.sees == "all"

    @property
    def sight(self) -> int | None:
        """The department whose people's leads the member sees, with what is below it; None where that is no question.

        A team's is its department too: what is below is left out by `sees_path`.
        """
        if self.sees == "department":
            return self.departments[:BRANCH][-1] if self.departments else None
        return self.department_id if self.sees in ("team", "tree") else None

    def sees_path(self, path: Sequence[int] | None) -> bool:
        """Whether the people at the end of this path from the company's root are within the member's sight."""
        if not path or not self.active:
            return False
        within = path[-1:] if self.sees == "team" else path
        return self.sees_all or self.sight in within

    def manages_any(self, path: Sequence[int] | None) -> bool:
        """Whether one of the departments on this path is the member's to manage."""
        return bool(self.manages.intersection(path or ()))

    def may(self, deed: str) -> bool:
        """Whether the member's role may do that at all, by the matrix; how far is for the verb to look at."""
        return self.active and dict(self.over).get(deed, DEEDS[deed].of(self.role) != "none")

    def need(self, deed: str) -> None:
        """Raises NotAllowed where the role may not."""
        if not self.may(deed):
            raise NotAllowed(roles=DEEDS[deed].by)


def may_see(
    actor: Actor,
    *,
    owner_id: int | None,
    owner_path: list[int] | None,
    in_pool_scope: bool,
    origin: str,
    seller_id: int | None = None,
) -> bool:
    """Data scope: own, those of the people in sight, all; and what lies in a pool one belongs to.

    Who sold the customer something before keeps seeing what follows. A self-sourced lead is seen by its owner and
    the managers above, nobody else but an admin. Who has left sees nothing.
    """
    if not actor.active:
        return False
    if actor.id in (owner_id, seller_id):
        return True
    if origin == "self":
        return actor.is_admin or (actor.manages_any(owner_path) and actor.sees_path(owner_path))
    return actor.sees_all or actor.sees_path(owner_path) or (owner_id is None and in_pool_scope)


def may_see_contact(
    actor: Actor, *, owner_id: int | None, owner_path: list[int] | None, origin: str = "company"
) -> bool:
    """Phones and addresses: the owner, and the managers above. In a pool they are masked for everybody.

    Those of a self-sourced lead are for the owner and the managers alone: an admin sees that it is there.
    """
    if actor.id == owner_id:
        return actor.active
    if owner_id is None or not actor.active or "contact" in actor.hidden:
        return False
    return (actor.manages_any(owner_path) and actor.sees_path(owner_path)) or (actor.is_admin and origin != "self")
