"""Groups: which team or pool a channel, robot or app chat speaks for."""

from __future__ import annotations

from datetime import datetime
from itertools import chain, count

from sqlalchemy import text

from crm.rules.access import Actor
from crm.rules.periods import next_at
from crm.services import members
from crm.uow import UnitOfWork
from crm.vault import Vault, fingerprint

_BIND = text(
    """
    insert into conversation (org_id, workspace_id, kind, external_id, name, department_id, pool_id)
    values (:org, :workspace, :kind, :external, :name, :department, :pool)
    on conflict (org_id, workspace_id, external_id) do update set kind = excluded.kind,
        department_id = excluded.department_id, pool_id = excluded.pool_id, broken_at = null
    returning id
    """
)
_NAMES = text("select name from conversation where org_id = :org")

# Begins the name of a robot whose key is sealed; other names are keys themselves.
ROBOT = "robot-"
SEALED = "robot:"
_SECRETS = text("select secrets from workspace where org_id = :org and id = :id for update")
_KEEP = text("update workspace set secrets = :secrets where org_id = :org and id = :id")


def bind(  # noqa: PLR0913  (one named thing each)
    uow: UnitOfWork, *, actor: Actor, workspace_id: int, kind: str, external_id: str, name: str,
    pool_id: int | None, department_id: int | None,
) -> int:  # fmt: skip
    """Let a group speak for a team or a pool; a team's group gets its daily digest. Returns the conversation's id.

    Args:
        name: what a group is called that is not known yet; a second one of that name gets a number.
    """
    actor.need("groups")
    args = {
        "org": uow.org_id, "workspace": workspace_id, "kind": kind, "external": external_id, "name": _free(uow, name),
        "department": department_id, "pool": pool_id,
    }  # fmt: skip
    group: int = uow.session.execute(_BIND, args).scalar_one()
    if department_id is not None:
        subscribe(uow, group, department_id)
    return group


def _free(uow: UnitOfWork, name: str) -> str:
    """The name, with a number when there is a group of that name already."""
    taken = set(uow.session.scalars(_NAMES, {"org": uow.org_id}))
    return next(each for each in chain([name], (f"{name} {n}" for n in count(2))) if each not in taken)


def keep_robot(uow: UnitOfWork, vault: Vault, *, workspace_id: int, key: str) -> str:
    """Seal a group robot's key with the secrets of its installation; returns the name by which it is found there."""
    name = f"{ROBOT}{fingerprint(key)[:16]}"
    here = {"id": workspace_id, "org": uow.org_id}
    sealed = uow.session.execute(_SECRETS, here).scalar_one()
    secrets = vault.open_all(sealed)
    if f"{SEALED}{name}" not in secrets:
        uow.session.execute(_KEEP, here | {"secrets": vault.seal_all(secrets | {f"{SEALED}{name}": key})})
    return name


def subscribe(uow: UnitOfWork, conversation_id: int, department_id: int | None) -> None:
    """Send a team's digest to a group, daily at the rule set's hour in the team's zone."""
    zone = uow.session.scalar(
        text("select coalesce(d.timezone, o.timezone) from organization o"
             " left join department d on d.org_id = o.id and d.id = :department where o.id = :org"),
        {"org": uow.org_id, "department": department_id},
    )  # fmt: skip
    at = uow.rules.digest.at
    due: datetime = next_at(at, uow.now, members.zone(zone))
    uow.session.execute(
        text(
            "insert into digest_subscription (org_id, department_id, conversation_id, at, next_at)"
            " values (:org, :department, :group, :at, :due) on conflict (org_id, conversation_id)"
            " do update set department_id = excluded.department_id, at = excluded.at, next_at = excluded.next_at"
        ),
        {"org": uow.org_id, "department": department_id, "group": conversation_id, "at": at, "due": due},
    )


def name_of(uow: UnitOfWork, conversation_id: int) -> str:
    found = text("select name from conversation where org_id = :org and id = :id")
    return str(uow.session.execute(found, {"org": uow.org_id, "id": conversation_id}).scalar_one())
