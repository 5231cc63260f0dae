"""What is known of a lead beside its contact: set in words or by a form."""

from __future__ import annotations

from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm.rules.catalogue_words import pairs
from crm.services import assignments, catalogue, lead_values
from crm.services.leads import LeadView

MODULE = "core"


@command(
    "set",
    "修改",
    help=_("Set a lead's fields: name, company, product, region, level, tags, amount and your own"),
    example="set L-1042 product Gizmo, budget 50k",
    example_zh="修改 L-1042 产品 小玩意，预算5万",
    topic="leads",
)
@action("lead.set", guards=False)
def set_(context: Context, lead: LeadView, words: Rest | None = None) -> Reply:
    """Without words or a form's answers: the form."""
    lists = catalogue.of(context.uow)
    given = pairs(lists, words) if words else {name: value for name, value in context.fields.items() if value.strip()}
    if not given:
        assignments.own(context.actor, lead)
        return context.form("set_form", lead=lead.id)
    changed = lead_values.edit(context.uow, actor=context.actor, lead=lead, given=given)
    return context.reply("lead", lead=lead.id, note="edited" if changed else "")
