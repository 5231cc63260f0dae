"""Questions in chats without dialogs: the next line that a person types is the answer, for some minutes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text

from bot import router
from bot.cards import render
from bot.cards.facts import Facts
from bot.context import Context, Reply
from bot.interaction import Interaction
from bot.platforms.base import Platform

WAITS = timedelta(minutes=30)
_ASK = text(
    """
    insert into pending_form (org_id, member_id, workspace_id, form, expires_at)
    values (:org, :member, :workspace, cast(:form as jsonb), :until)
    on conflict (org_id, member_id, workspace_id) do update set form = excluded.form, expires_at = excluded.expires_at
    """
)
_TAKE = text(
    "delete from pending_form where org_id = :org and member_id = :member and workspace_id = :workspace"
    " returning form, expires_at"
)


def ask(context: Context, reply: Reply, platform: Platform) -> None:
    """Remember the form that is being shown, where its answer will be typed."""
    if context.member is None or not _typed(platform):
        return
    args = _who(context) | {"form": json.dumps(reply.stored()), "until": context.uow.now + WAITS}
    context.uow.session.execute(_ASK, args)


def answered(context: Context, platform: Platform) -> Interaction:
    """The interaction, or the submitted form that it means when it answers an open question.

    A line that begins with a command is a command: the question is dropped.
    """
    interaction = context.interaction
    if interaction.kind != "command" or context.member is None or not _typed(platform):
        return interaction
    row = context.uow.session.execute(_TAKE, _who(context)).one_or_none()
    if row is None or row.expires_at < context.uow.now or router.match(interaction.text.strip()):
        return interaction
    stored = Reply.restored(row.form)
    form = render.form(stored.name, stored.args, Facts(context.uow, context.viewer, interaction.platform))
    fields = platform.typed_answers(form, interaction.text) or {}
    return replace(interaction, kind="form", action=form.action, value=form.value, fields=fields)


def _typed(platform: Platform) -> bool:
    return platform.name == "wecom"


def _who(context: Context) -> dict[str, int]:
    assert context.member is not None, "only members are asked"
    return {"org": context.uow.org_id, "member": context.member.id, "workspace": context.workspace.id}
