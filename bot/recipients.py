"""Where a message goes: from a member or a group to an address in one chat, and for whom the card is drawn there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text

from bot.cards.facts import everybody
from bot.owed import Owed
from bot.platforms.base import Address, Workspace
from bot.workspaces import Workspaces
from crm.rules.access import Actor
from crm.services import members, reserving
from crm.uow import UnitOfWork

_IDENTITY = text(
    """
    select c.workspace_id, c.external_id from chat_identity c join workspace w on w.id = c.workspace_id
    where c.org_id = :org and c.member_id = :member and w.dead_at is null
    order by w.platform = :chat desc, c.seen_at desc nulls last, c.id limit 1
    """
)
_GROUP = text(
    """
    select c.workspace_id, c.external_id, c.kind, c.broken_at, coalesce(d.timezone, o.timezone) as timezone,
           coalesce(d.locale, o.locale) as locale
    from conversation c join organization o on o.id = c.org_id
    left join department d on d.org_id = c.org_id and d.id = c.department_id
    where c.org_id = :org and c.id = :id
    """
)
# In Slack and the playground the pool's groups (what is meant for one that is gone goes to its manager); in WeCom,
# whose groups have no buttons, every candidate on duty who was last seen there.
_WIDE_GROUPS = text(
    """
    select distinct c.id from conversation c join workspace w on w.id = c.workspace_id
    left join pool_scope ps on ps.org_id = c.org_id and ps.pool_id = :pool and ps.department_id is not null
    left join department d on d.org_id = c.org_id and d.id = c.department_id
    where c.org_id = :org and w.dead_at is null and w.platform <> 'wecom'
      and (c.pool_id = :pool or (c.pool_id is null and ps.department_id = any(d.path)))
    """
)
_WIDE_MEMBERS = text(
    """
    select distinct m.id from member m
    join lateral (
        select w.platform from chat_identity c join workspace w on w.id = c.workspace_id
        where c.org_id = m.org_id and c.member_id = m.id and w.dead_at is null
        order by c.seen_at desc nulls last, c.id limit 1
    ) chat on chat.platform = 'wecom'
    left join department d on d.org_id = m.org_id and d.id = m.department_id
    join pool_scope ps on ps.org_id = m.org_id and ps.pool_id = :pool
    where m.org_id = :org and m.active and m.on_duty and m.role in ('rep', 'reception', 'success')
      and (ps.member_id = m.id or ps.role = m.role or ps.department_id = any(d.path))
    """
)

# A rule's team: the groups of its departments, and whom of it they do not reach.
_TEAM_GROUPS = text(
    """
    select distinct c.id from conversation c join workspace w on w.id = c.workspace_id
    join department d on d.org_id = c.org_id and d.id = c.department_id
    where c.org_id = :org and w.dead_at is null and w.platform <> 'wecom' and c.broken_at is null
      and c.pool_id is null and d.key = any(:departments)
    """
)
_TEAM_MEMBERS = text(
    """
    select m.id from member m
    join lateral (
        select w.platform from chat_identity c join workspace w on w.id = c.workspace_id
        where c.org_id = m.org_id and c.member_id = m.id and w.dead_at is null
        order by c.seen_at desc nulls last, c.id limit 1
    ) chat on :everybody or chat.platform = 'wecom'
    where m.org_id = :org and m.active and m.on_duty and m.id = any(:members)
    order by m.id
    """
)


@dataclass(frozen=True, slots=True)
class Recipient:
    workspace: Workspace
    address: Address
    viewer: Actor


GROUP_GONE, MEMBER_LEFT = "group_gone", "member_left"


class Unreachable(Exception):
    """There is nowhere to send this; the text says why."""


def of_member(uow: UnitOfWork, workspaces: Workspaces, member_id: int, chat: str = "") -> Recipient:
    """The chat in which the member was seen last, or the one that was asked for; none for who has left the company,
    though the account may still be there. Raises Unreachable."""
    member = members.get(uow, member_id)
    if not member.active:
        raise Unreachable(MEMBER_LEFT)
    who = {"org": uow.org_id, "member": member_id, "chat": chat}
    row = uow.session.execute(_IDENTITY, who).one_or_none()
    workspace = workspaces.by_id(row.workspace_id) if row else None
    if row is None or workspace is None:
        raise Unreachable("not_linked")
    return Recipient(workspace, Address("person", row.external_id), member)


def of_group(uow: UnitOfWork, workspaces: Workspaces, conversation_id: int) -> Recipient:
    """A bound group, drawn for everybody in it. Raises Unreachable."""
    row = uow.session.execute(_GROUP, {"org": uow.org_id, "id": conversation_id}).one_or_none()
    workspace = workspaces.by_id(row.workspace_id) if row else None
    if row is None or workspace is None or row.broken_at:
        raise Unreachable(GROUP_GONE)
    viewer = everybody(uow.org_id, members.zone(row.timezone), row.locale)
    return Recipient(workspace, Address(row.kind, row.external_id), viewer)


def of_answer(uow: UnitOfWork, workspaces: Workspaces, message: Owed) -> Recipient:
    """Where a late answer goes: back through the door's own address. Raises Unreachable."""
    workspace = workspaces.by_id(message.workspace_id) if message.workspace_id else None
    if workspace is None or message.address is None:
        raise Unreachable("workspace_gone")
    viewer = members.get(uow, message.member_id) if message.member_id else stranger(uow.org_id, message.address)
    return Recipient(workspace, Address(message.address["kind"], message.address["external_id"]), viewer)


def stranger(org_id: int, address: Mapping[str, Any]) -> Actor:
    """Somebody not linked to any member: sees no lead at all."""
    return replace(everybody(org_id, members.zone("UTC"), address.get("locale", "en")), role="nobody")


def wide(uow: UnitOfWork, pool_id: int) -> tuple[list[int], list[int]]:
    """The conversations and members to whom a pool's news goes."""
    args = {"org": uow.org_id, "pool": pool_id}
    return list(uow.session.scalars(_WIDE_GROUPS, args)), list(uow.session.scalars(_WIDE_MEMBERS, args))


def team(uow: UnitOfWork, rule: str) -> tuple[list[int], list[int]]:
    """The conversations and members to whom a lead for a rule's whole team goes.

    Where the rule's departments have no group, everybody of the team gets the card in private.
    """
    named = reserving.named(uow.rules, rule)
    args = {"org": uow.org_id, "departments": list(named.to.departments) if named else []}
    groups = list(uow.session.scalars(_TEAM_GROUPS, args))
    args |= {"members": sorted(reserving.team(uow, rule)), "everybody": not groups}
    return groups, list(uow.session.scalars(_TEAM_MEMBERS, args))
