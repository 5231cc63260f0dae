"""Open questions: the next line that a person types is the answer, for some minutes.

Where a chat has no dialogs this fills a form; everywhere it answers a card with choices, as one tap would.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from bot import router
from bot.cards import render
from bot.cards.facts import Facts
from bot.context import Context, Reply
from bot.interaction import Interaction
from bot.platforms.base import Platform

WAITS = timedelta(minutes=30)
# An answer is a word or a few; what is longer, a number or begins with a reference is something else.
_SHORT = 40
_ABOUT_ELSE = re.compile(r"\s*(?:[LlＬ#＃]\s?[-－–—]?\s?\d|\+?\d[\d\s-]{3,})|.*[\n@]", re.DOTALL)
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
    """Remember what is being asked: a form where its answer will be typed, or a card with choices."""
    if context.member is None or not (reply.asks or (reply.form and _typed(platform))):
        return
    question = {"asks": list(reply.asks)} if reply.asks else reply.stored()
    args = _who(context) | {"form": json.dumps(question), "until": context.uow.now + WAITS}
    context.uow.session.execute(_ASK, args)


def answered(context: Context, platform: Platform) -> Interaction:
    """The interaction, or the submitted form that it means when it answers an open question.

    A line that begins with a command is a command: the question is dropped.
    """
    interaction = context.interaction
    if interaction.kind != "command" or context.member is None or not context.member.asked:
        return interaction
    row = context.uow.execute(_TAKE, _who(context)).one_or_none()
    if row is None or row.expires_at < context.uow.now or router.match(interaction.text.strip(), context.uow.off):
        return interaction
    return _chosen(interaction, row.form) if "asks" in row.form else _filled(context, platform, row.form)


def _chosen(interaction: Interaction, question: dict[str, Any]) -> Interaction:
    """The tap that a short line stands for."""
    words = interaction.text.strip()
    if not words or len(words) > _SHORT or interaction.quoted or _ABOUT_ELSE.match(words):
        return interaction
    action, value = question["asks"]
    return replace(interaction, kind="form", action=action, value=f"{value} {words}")


def _filled(context: Context, platform: Platform, question: dict[str, Any]) -> Interaction:
    interaction, stored = context.interaction, Reply.restored(question)
    form = render.form(stored.name, stored.args, Facts(context.uow, context.viewer, interaction.platform))
    fields = platform.typed_answers(form, interaction.text) or {}
    return replace(interaction, kind="form", action=form.action, value=form.value, fields=fields)


def _typed(platform: Platform) -> bool:
    return platform.name == "wecom"


def _who(context: Context) -> dict[str, int]:
    assert context.member is not None, "only members are asked"
    return {"org": context.uow.org_id, "member": context.member.id, "workspace": context.workspace.id}
