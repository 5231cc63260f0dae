"""Where personal data of customers lies, and what becomes of it when one is erased. Every column that could hold words
is either here or in `NOT_PERSONAL` with the reason: a test names the ones that are in neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

# By what rows are found: the customer's own, those of the customer's leads, or what those rows name.
Whose = Literal["person", "lead", "pair", "survivor", "contact", "phone", "feed", "fetch"]

# Words of ours that may stay in what a row says: codes, references and times. Figures always may.
FACTS = (
    "outcome", "channel", "stage", "step", "told", "from", "to", "into", "due", "next", "occurred", "until", "line",
    "verb", "source", "became", "how", "rule", "because", "since", "branch", "behind", "state", "expires_at",
)  # fmt: skip
ONLY_FACTS = """
    (select coalesce(jsonb_object_agg(f.key, f.value), '{{}}') from jsonb_each({column}) as f(key, value)
      where jsonb_typeof(f.value) in ('number', 'boolean', 'null') or f.key = any(:facts)
         or jsonb_typeof(f.value) = 'array' and f.value::text ~ '^[][0-9, ]*$')
"""


@dataclass(frozen=True, slots=True)
class Held:
    """Rows of a table that are about a customer.

    Attributes:
        erased: what each personal column is set to, as SQL over the row `t`; empty where the row goes as a whole.
        leads_only: also done to a closed lead whose words are no longer kept, while the customer stays.
        told: part of what a customer may ask for.
    """

    table: str
    whose: Whose
    erased: Mapping[str, str] = field(default_factory=dict)
    leads_only: bool = True
    told: bool = True


def _facts(column: str) -> str:
    return ONLY_FACTS.format(column=f"t.{column}")


HELD: tuple[Held, ...] = (
    Held(
        "person", "person",
        {
            "name": "''", "company": "''", "title": "''", "note": "''", "sound": "''", "firm": "''",
            "contact_state": "null", "restricted_for": "null", "restricted_at": "null", "restricted_by": "null",
            "erased_at": ":now",
        },
        leads_only=False,
    ),
    Held("person_key", "person", leads_only=False),
    # A customer's own words first, then what people and the engine wrote of them.
    Held(
        "lead", "lead",
        {"referrer": "null", "tags": "'{}'", "custom": "'{}'", "blanked_at": ":now", "lost_reason": "case when exists"
         " (select from lead o where o.org_id = t.org_id and o.lost_reason = t.lost_reason"
         " and o.person_id <> t.person_id) then t.lost_reason end"},
    ),
    Held("activity", "lead", {"words": "null", "undo": "null", "data": _facts("data")}),
    Held("assignment", "lead", {"reason": "case when t.reason is not null then 'erased' end"}),
    Held("offer", "lead", {"reason": "case when t.reason is not null then 'erased' end"}),
    Held(
        "task", "lead",
        {"words": "null", "state": "case when t.state = 'open' then 'done' else t.state end",
         "closed_at": "coalesce(t.closed_at, :now)", "escalate_at": "null", "version": "t.version + 1"},
    ),
    Held(
        "question", "lead",
        {"words": "null", "digest": "''", "state": "case when t.state = 'open' then 'done' else t.state end",
         "closed_at": "coalesce(t.closed_at, :now)", "version": "t.version + 1"},
    ),
    Held("event_question", "lead", {"words": "null"}),
    Held(
        "attachment", "lead",
        {"name": "null", "content": "null", "handle": "'{}'", "cause": "null", "state": "'erased'"},
    ),
    Held("decision", "lead", {"facts": _facts("facts")}),
    Held(
        "message", "lead",
        {"card": _facts("card"), "address": "null", "cause": "null",
         "state": "case when t.state in ('owed', 'held', 'dead') then 'dropped' else t.state end"},
    ),
    Held(
        "hook_call", "lead",
        {"payload": "'{}'", "cause": "null", "state": "case when t.state in ('owed', 'dead') then 'dropped'"
         " else t.state end", "closed_at": "coalesce(t.closed_at, :now)"},
        told=False,
    ),
    Held("recent_lead", "lead", told=False),
    Held("star", "lead", told=False),
    Held("contact_move", "lead", leads_only=False),
    Held("contact_follow", "contact", leads_only=False),
    Held("duplicate", "pair", leads_only=False, told=False),
    Held("merge", "survivor", leads_only=False, told=False),
    Held("phone_code", "phone", leads_only=False),
    Held("feed_event", "feed", leads_only=False),
    Held("owed_fetch", "fetch", leads_only=False),
)  # fmt: skip

# What a customer may also ask for, of which nothing has to be erased: facts without words.
TOLD: tuple[Held, ...] = (Held("credit", "lead"), Held("claim_entry", "lead"), Held("event_guest", "lead"))

# Texts that are not filed under a customer, but may name one for a while: where a name or key is found in them, what is
# given is done to the row. `None`: the row goes.
MENTIONS: Mapping[str, Mapping[str, str] | None] = {
    "pending_line": None,
    "pending_form": None,
    "saved_list": None,
    "import_job": {
        "rows": "case when t.rows is null then null else '[]'::jsonb end", "name": "''",
        "counters": "t.counters - 'unknown'",
    },
    "delivery": {"answer": "null"},
    "posted_card": {"card": "'{\"card\": \"erased\", \"args\": {}}'"},
    "message": {"card": _facts("card"), "address": "null", "cause": "null"},
    "hook_call": {"payload": "'{}'", "cause": "null"},
    "happening": {"data": _facts("data")},
    "playground_message": {
        "text": "'–'", "card": "null", "file": "null",
        "rev": "nextval(pg_get_serial_sequence('playground_message', 'id'))",
    },
}  # fmt: skip
# Files lie there as a chat platform would hold them; the customer's are known by their bytes.
FILES = "playground_file"
# The same for words about other customers, where only a key is sure to mean this one: it is struck out.
STRUCK: Mapping[str, tuple[str, ...]] = {
    "activity": ("words",),
    "task": ("words",),
    "question": ("words",),
    "event_question": ("words",),
    "person": ("note",),
    "attachment": ("name",),
}

NOT_PERSONAL: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "organization",
            "department",
            "team_calendar",
            "leave",
            "duty",
            "workspace",
            "platform_token",
            "line",
            "pipeline",
            "stage",
            "pool",
            "pool_scope",
            "source",
            "source_hour",
            "source_cost",
            "rule_set",
            "rule_pause",
            "rule_cursor",
            "rehearsal",
            "custom_field",
            "list_entry",
            "list_change",
            "sheet_mapping",
            "form",
            "event",
            "event_link",
            "event_material",
            "conversation",
            "digest_subscription",
            "clock",
            "sealed_key",
            "api_token",
            "hook",
            "shadow_time",
        ),
        "how the company works, said by its people",
    ),
    **dict.fromkeys(
        (
            "member",
            "chat_identity",
            "chat_person",
            "chat_unit",
            "link_code",
            "calendar_feed",
            "rep_load",
            "send_ledger",
        ),
        "about a colleague, not a customer",
    ),
    **dict.fromkeys(("audit", "audit_seal", "audit_head"), "ids and codes; must stay whole to be proof"),
    **dict.fromkeys(("erasure", "suppression"), "what is left on purpose, without a word about the person"),
    **dict.fromkeys(("run", "hand_over", "hand_over_item", "import_chunk"), "ids and figures of a run"),
    "import_row": "a digest of a whole row, from which nothing can be read",
    "credit": "codes and figures",
    "claim_entry": "ids and times",
    "event_guest": "ids and times",
    "lead.status": "a code",
    "lead.stage": "a key of the pipeline",
    "lead.origin": "a code",
    "lead.channel": "what the company calls a way in",
    "lead.campaign": "what the company calls a campaign",
    "lead.level": "a code, kept for figures",
    "lead.product": "what the company sells, kept for figures",
    "lead.region": "kept for figures",
    "lead.currency": "a code",
    "lead.recycle_rule": "a rule's name",
    "lead.held_by": "a code",
    "lead.held_for": "a rule's name or a code",
    "lead.score_reasons": "codes and points",
    "person_key.kind": "goes with the row",
    "person.search": "made of name and company by the database",
    "activity.verb": "a code",
    "assignment.began_by": "a code",
    "assignment.ended_by": "a code",
    "offer.rule": "a rule's name",
    "offer.state": "a code",
    "attachment.mime": "a kind of file",
    "decision.kind": "a code",
    "decision.candidates": "colleagues, and why each was passed over",
    "source_refusal": "our own sentences",
    "decision.rule": "a rule's name",
    "decision.outcome": "a code",
    "message.topic": "a code",
    "message.key": "codes and ids",
    "message.group_key": "codes and ids",
    "hook_call.event": "codes and ids",
    "hook_call.topic": "a code",
    "posted_card.handle": "where a card stands in the chat",
    "posted_card.place": "where a card stands in the chat",
    "delivery.key": "the sender's number of a delivery, kept for a week",
    "happening.topic": "a code",
    "import_job.digest": "a digest of a file",
    "import_job.state": "a code",
    "playground_message.conversation": "whose conversation it is",
    "playground_message.author": "a colleague",
    "playground_message.private_to": "a colleague",
    "playground_message.key": "codes and ids",
}
