"""Who is talking: a chat person becomes a member, by what is linked already, else by e-mail."""

from __future__ import annotations

from dataclasses import replace

from bot.cards.facts import everybody
from bot.cards.language import supported
from bot.interaction import Interaction
from bot.platforms.base import Workspace
from crm.rules.access import Actor
from crm.services import address_book, members
from crm.uow import UnitOfWork


class ProfileNeeded(Exception):
    """The person is unknown and the platform was not asked yet: ask outside the transaction, then come again."""


def member_of(uow: UnitOfWork, workspace: Workspace, interaction: Interaction, *, asked: bool) -> Actor | None:
    """The member behind an interaction; None when nobody is linked.

    Raises: ProfileNeeded when the e-mail is not known and `asked` is False.
    """
    known = members.by_identity(uow, workspace.id, interaction.user)
    if known is not None:
        return known
    if workspace.platform == "wecom" and (
        name := address_book.alike(uow, workspace_id=workspace.id, user=interaction.user)
    ):
        return members.by_identity(uow, workspace.id, name)
    email = interaction.profile.get("email")
    if email:
        member = members.by_email(uow, email)
        if member:
            members.tie(uow, member.id, workspace.id, interaction.user)
        return member
    # Slack tells of everybody's every change: nobody is asked for who is no member.
    if not asked and "told_at" not in interaction.profile:
        raise ProfileNeeded
    return None


def viewer_for(uow: UnitOfWork, member: Actor | None, interaction: Interaction) -> Actor:
    """For whom the answer is drawn; somebody not linked sees what a group sees, in the language of the chat."""
    if member is not None:
        return member
    stranger = everybody(uow.org_id, members.zone("UTC"), supported(interaction.profile.get("locale")) or "en")
    return replace(stranger, role="nobody")
