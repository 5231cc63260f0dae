"""Which parts an organization does without: changed by an admin, in force everywhere with the next transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text

from crm.errors_of_interfaces import ModuleNotFound
from crm.rules.access import Actor
from crm.rules.modules import MODULES, SPOKEN
from crm.services import audit
from crm.uow import UnitOfWork

BY_SPOKEN = {spoken: name for name, spoken in SPOKEN.items()}
_SET = text("update organization set modules_off = nullif(cast(:off as text[]), '{}') where id = :org")


@dataclass(frozen=True, slots=True)
class ModuleView:
    """A part and whether it is there; `about` in words that are to be translated."""

    name: str
    about: str
    on: bool


def listing(uow: UnitOfWork) -> list[ModuleView]:
    return [ModuleView(name, about, on=name not in uow.off) for name, about in MODULES.items()]


def switch(uow: UnitOfWork, *, actor: Actor | None, name: str, on: bool) -> str:
    """Do without a part, or have it again; returns its name.

    Args: actor: None for set-up by file and the command line. Raises: NotAllowed, ModuleNotFound.
    """
    if actor is not None:
        actor.need("systems")
    word = BY_SPOKEN.get(name.strip(), name.strip().lower().replace(" ", "_").replace("-", "_"))
    if word not in MODULES:
        raise ModuleNotFound(given=name, names=", ".join(MODULES))
    set_off(uow, uow.off - {word} if on else uow.off | {word})
    audit.write(uow, "module.switched", by=actor.id if actor else None, data={"module": word, "on": on})
    return word


def set_off(uow: UnitOfWork, names: Iterable[str]) -> None:
    """Do without exactly these. Raises ModuleNotFound."""
    chosen = sorted(set(names))
    if unknown := [name for name in chosen if name not in MODULES]:
        raise ModuleNotFound(given=unknown[0], names=", ".join(MODULES))
    uow.session.execute(_SET, {"org": uow.org_id, "off": chosen})
    uow.off = frozenset(chosen)
