"""Who may see and do what: pure functions of the member and the facts of a lead."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

SELLERS = frozenset({"reception", "rep", "success", "manager", "admin"})
MANAGERS = frozenset({"manager", "admin"})
SEE_ALL = frozenset({"admin", "quality", "marketing"})


@dataclass(frozen=True, slots=True)
class Actor:
    """A member as rules see it, free of the session.

    `departments` is the path from the root to the member's own; `manages` are the departments whose trees are in scope;
    `sort` is the order in which the member works, where one was chosen. `asked` and `home`: whether a question waits
    for the member in this chat, and whether a home page stands in any; True where that was not looked up.
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

    @property
    def is_manager(self) -> bool:
        return self.role in MANAGERS

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    @property
    def sees_all(self) -> bool:
        return self.role in SEE_ALL

    def manages_any(self, path: tuple[int, ...] | list[int] | None) -> bool:
        """Whether one of the departments on this path is the member's to manage."""
        return bool(self.manages.intersection(path or ()))


def may_see(
    actor: Actor,
    *,
    owner_id: int | None,
    owner_path: list[int] | None,
    in_pool_scope: bool,
    origin: str,
    seller_id: int | None = None,
) -> bool:
    """Data scope: own, the managed departments' trees, all; and what lies in a pool one belongs to.

    Who sold the customer something before keeps seeing what follows. A self-sourced lead is seen by its owner and
    the managers above, nobody else but an admin.
    """
    if actor.id in (owner_id, seller_id) or actor.manages_any(owner_path):
        return True
    if origin == "self":
        return actor.is_admin
    return actor.sees_all or (owner_id is None and in_pool_scope)


def may_see_contact(
    actor: Actor, *, owner_id: int | None, owner_path: list[int] | None, origin: str = "company"
) -> bool:
    """Phones and addresses: the owner, and the managers above. In a pool they are masked for everybody.

    Those of a self-sourced lead are for the owner and the managers alone: an admin sees that it is there.
    """
    if actor.id == owner_id:
        return True
    return owner_id is not None and (actor.manages_any(owner_path) or (actor.is_admin and origin != "self"))
