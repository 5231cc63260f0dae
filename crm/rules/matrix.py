"""Which role may do what, and how far: the one table that every check asks and that docs/access.md shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["reception", "rep", "success", "service", "marketing", "quality", "manager", "admin"]
# From the narrowest: nothing; one's own; the own team's; the own team's and what is below it; those of the whole
# department that the own team is a part of; everything.
Scope = Literal["none", "own", "team", "tree", "department", "all"]
Field = Literal["contact", "amount", "notes"]
# Who a refusal names as those who may: words of the cards.
Named = Literal["reps", "managers", "admins", "keepers", "marketers"]

ROLES: tuple[Role, ...] = get_args(Role)
FIELDS: tuple[Field, ...] = get_args(Field)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that is allowed or not. `about` says it for the table; `by` is who a refusal sends people to."""

    about: str
    by: Named
    scopes: Mapping[Role, Scope]

    def of(self, role: str) -> Scope:
        """How far a role goes; `none` for a role that is not here."""
        return next((scope for known, scope in self.scopes.items() if known == role), "none")


_OWN: dict[Role, Scope] = dict.fromkeys(ROLES, "own")
_LEADING: dict[Role, Scope] = {"manager": "tree", "admin": "all"}
_SELLING: dict[Role, Scope] = dict.fromkeys(("reception", "rep", "success", "manager", "admin"), "own")
_ALL_OF_LEADING: dict[Role, Scope] = {"manager": "all", "admin": "all"}
_ADMIN: dict[Role, Scope] = {"admin": "all"}

DEEDS: dict[str, Deed] = {
    "see": Deed("see a lead", "managers", {**_OWN, **_LEADING, "marketing": "all", "quality": "all"}),
    "contact": Deed("see its contact", "managers", {**_OWN, **_LEADING}),
    "work": Deed("log, move, close, release, merge", "managers", {**_OWN, **_LEADING}),
    "claim": Deed("claim from the own pools", "reps", _SELLING),
    "reveal": Deed("look at a contact before the claim, in the own pools", "reps", _SELLING),
    "hold": Deed("hold a lead, and end that", "managers", _LEADING),
    "assign": Deed("assign, and transfer a colleague's leads", "managers", _LEADING),
    "desk": Deed("deal from the desk", "managers", _LEADING),
    "merge": Deed("decide who is one person, and take that back", "managers", _LEADING),
    "leave": Deed("enter a colleague's leave", "managers", _LEADING),
    "export": Deed("take decisions out as a file", "managers", _LEADING),
    "groups": Deed("bind a group to a team or pool", "managers", _ALL_OF_LEADING),
    "rules": Deed("rehearse, apply, pause and rewind rules", "managers", _ALL_OF_LEADING),
    "upload": Deed(
        "take in a sheet for the company", "managers", {**_ALL_OF_LEADING, "marketing": "all", "reception": "all"}
    ),
    "campaigns": Deed("make forms and events", "keepers", {**_ALL_OF_LEADING, "marketing": "all"}),
    "sources": Deed("make sources, and their keys", "marketers", {"marketing": "all", "admin": "all"}),
    "lists": Deed(
        "change the managed lists and the company's own fields", "marketers", {"marketing": "all", "admin": "all"}
    ),
    "pools": Deed("say who claims from which pool", "admins", _ADMIN),
    "reveals": Deed("see who looked at which contact", "managers", _LEADING),
    "privacy": Deed("take out, set aside and erase one customer; read the audit", "admins", _ADMIN),
    "systems": Deed("give other systems access, switch modules", "admins", _ADMIN),
    "people": Deed("link chats to people, make and remove admins", "admins", _ADMIN),
}


def roles(deed: str) -> frozenset[str]:
    """The roles that may do it at all."""
    return frozenset(role for role in ROLES if DEEDS[deed].of(role) != "none")
