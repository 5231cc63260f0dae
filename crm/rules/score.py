"""A lead's points, each with its reason, so that a person can follow why one lead is shown before another."""

from __future__ import annotations

from crm.rules.arrival import Checked

KEY_POINTS = {"phone": 20, "wechat": 15, "email": 10}
LEVEL_POINTS = {"A": 30, "S": 30, "B": 20, "C": 10}
TOUCH_POINTS, COUNTED_TOUCHES = 5, 4
Reason = tuple[str, int]


def first(lead: Checked) -> tuple[int, list[Reason]]:
    """Points of a lead that has just come in, and why: reachable, known by name and firm, level, intent."""
    kinds = dict.fromkeys(kind for kind, _ in lead.keys)
    reasons = [(kind, KEY_POINTS[kind]) for kind in kinds if kind in KEY_POINTS]
    reasons += [(name, 10) for name in ("name", "company", "product", "amount", "note") if getattr(lead, name)]
    reasons += [("referrer", 20)] if lead.referrer else []
    reasons += [("level", LEVEL_POINTS[lead.level])] if lead.level in LEVEL_POINTS else []
    return sum(points for _, points in reasons), reasons
