"""Pools in words: who may claim, what holds there, and what of it is used up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.cards import conditions
from bot.cards.language import _
from bot.cards.words import Words
from crm.rules import quota
from crm.rules.access import Actor
from crm.rules.ruleset import Rules
from crm.services import claim_checks, pool_scopes, pools
from crm.services.pool_scopes import Scoped
from crm.uow import UnitOfWork

ROLES = {
    "reception": _("reception"), "rep": _("reps"), "success": _("success"), "service": _("service"),
    "marketing": _("marketing"), "quality": _("quality"), "manager": _("managers"), "admin": _("admins"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listed:
    """A pool as a row of a card."""

    key: str
    title: str
    detail: str


@dataclass(frozen=True, slots=True)
class Used:
    """What of a pool's own caps a member has used."""

    name: str
    text: str


def listing(uow: UnitOfWork, words: Words, viewer: Actor) -> list[Listed]:
    """The pools that the viewer may see."""
    return [
        Listed(each.pool.key, f"{each.pool.name} · {each.pool.key}", " · ".join(_detail(words, uow.rules, each)))
        for each in pool_scopes.listing(uow, actor=viewer)
    ]


def used(uow: UnitOfWork, words: Words, member: Actor) -> list[Used]:
    """Claims from pools with caps of their own, in the member's present day, week or turn."""
    found = []
    for pool in pools.visible(uow, actor=member):
        policy = quota.policy(uow.rules, pool.key)
        if policy.counts_claims:
            row = claim_checks.entries(uow, member, pool.id, policy)
            parts = list(_counts(words, policy, row.today, row.week))
            if row.turn is not None and policy.turn:
                parts.append(words.say(_("next turn {when}"), when=words.at(row.turn + policy.turn.per.longest)))
            found.append(Used(pool.name, " · ".join(parts) or words.say(_("your turn"))))
    return found


def _counts(words: Words, policy: quota.PoolPolicy, today: int, week: int) -> Iterator[str]:
    if policy.per_day is not None:
        yield words.say(_("today {n} / {m}"), n=today, m=policy.per_day)
    if policy.per_week is not None:
        yield words.say(_("this week {n} / {m}"), n=week, m=policy.per_week)


def _detail(words: Words, rules: Rules, each: Scoped) -> Iterator[str]:
    yield words.say(_("{n} waiting"), n=each.pool.waiting)
    who = [*each.teams, *(words.say(ROLES[role]) for role in each.roles), *each.members]
    yield words.say(_("for {who}"), who=", ".join(who) or "–")
    if each.admin:
        yield words.say(_("in charge: {who}"), who=each.admin)
    yield from _policy(words, quota.policy(rules, each.pool.key))


def _policy(words: Words, policy: quota.PoolPolicy) -> Iterator[str]:
    if policy.per_day is not None:
        yield words.say(_("{n} a day"), n=policy.per_day)
    if policy.per_week is not None:
        yield words.say(_("{n} a week"), n=policy.per_week)
    if policy.turn:
        span = conditions.length(words, policy.turn.per)
        yield words.say(_("{n} in {span}"), n=policy.turn.claims, span=span)
    if policy.embargo.amount:
        yield words.say(_("embargo {span}"), span=conditions.length(words, policy.embargo))
    if policy.cool_down.amount:
        yield words.say(_("cool-down {span}"), span=conditions.length(words, policy.cool_down))
    yield from _admission(words, policy)


def _admission(words: Words, policy: quota.PoolPolicy) -> Iterator[str]:
    admits = policy.admission
    if admits.tenure_below:
        yield words.say(_("first {span} with the company"), span=conditions.length(words, admits.tenure_below))
    if admits.tenure_above:
        yield words.say(_("after {span} with the company"), span=conditions.length(words, admits.tenure_above))
    for team, most in admits.department_below.items():
        yield words.say(_("{team} while below {n}"), team=team, n=most)
