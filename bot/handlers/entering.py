"""Customers who are about to be entered: what was found in words, shown before anything is kept."""

from __future__ import annotations

from bot.context import Context, Reply
from bot.understanding import contact, paste
from bot.understanding.contact import Contact
from crm.errors import NoContact, TooManyRows
from crm.rules.arrival import Arrival
from crm.services import importing


def preview(context: Context, words: str) -> Reply:
    """What was found in pasted lines, and the one question: whose customers are they? Raises NoContact, TooManyRows."""
    found = contacts(words)
    if len(found) > paste.MOST_ROWS:
        raise TooManyRows(count=len(found), limit=paste.MOST_ROWS)
    if not any(each.has_key for each in found):
        raise NoContact
    job = importing.preview(context.uow, actor=context.actor, rows=[_arrival(each) for each in found])
    return context.reply("preview", job=job.id)


def contacts(words: str) -> list[Contact]:
    """The contacts in a text: one a line, or the one of a business card that takes several lines."""
    rows = paste.split_rows(words)
    whole = contact.find_contact(words)
    one_card = (
        len(rows) > 1 and sum(row.has_key for row in rows) <= 3 and len(whole.phones) < 2 and len(whole.emails) < 2
    )
    return [whole] if one_card and whole.has_key and not any(row.has_key and row.name for row in rows[1:]) else rows


def _arrival(found: Contact) -> Arrival:
    return Arrival(
        name=_called(found), company=found.company or "", title=found.title or "", phone="/".join(found.phones),
        email="/".join(found.emails), wechat=found.wechat_id or "", note=found.rest,
    )  # fmt: skip


def _called(found: Contact) -> str:
    """The name, else what stood there beside the keys, else a key: nothing typed is lost for want of a name."""
    keys = [*found.phones, *found.emails, *filter(None, [found.wechat_id])]
    return found.name or ("" if found.company else found.rest[:80] or keys[0] if keys else "")
