"""The rule set on access: how far a role sees, which fields are kept from it, and who may take data out as a file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field as Described
from pydantic import model_validator

from crm.rules.matrix import Field, Role
from crm.rules.sections.base import Count, Part

Sight = Literal["own", "team", "tree", "department", "all"]


class Export(Part):
    """Who may take decisions out as a file, and how often in a day; null means as often as they like."""

    roles: tuple[Role, ...] = ("manager", "admin")
    per_day: Count | None = 20


class Access(Part):
    """How far a role sees, where that differs from the table in access.md, and what it does not see of others'."""

    scope: dict[Role, Sight] = Described(default_factory=dict)
    hide: dict[Role, tuple[Field, ...]] = Described(default_factory=dict)
    export: Export = Export()

    @model_validator(mode="after")
    def _admins_see_everything(self) -> Access:
        """Somebody has to be able to put right what nobody else sees."""
        if self.scope.get("admin", "all") != "all" or self.hide.get("admin"):
            raise ValueError("an admin sees everything; make the person a manager instead")
        return self

    def scope_of(self, role: str) -> Sight | None:
        """How far a role sees; None where it is as in the matrix."""
        return next((sight for known, sight in self.scope.items() if known == role), None)

    def over(self, role: str) -> tuple[tuple[str, bool], ...]:
        """What a role may or may not, whatever the matrix says."""
        return (("export", role in self.export.roles),)

    def hidden_from(self, role: str) -> frozenset[str]:
        """The fields that a role does not see of others' leads."""
        return frozenset(field for known, fields in self.hide.items() if known == role for field in fields)
