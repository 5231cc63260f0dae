"""The table at which a batch is dealt: who sits there with what figures, where each rule stands, and what each lead
becomes. All is read and locked at the beginning; deciding asks the database nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from crm.rules import quota
from crm.rules.dispatch import Candidate, Rotation, first_match
from crm.rules.facts import LeadFacts
from crm.rules.ruleset import Dispatch
from crm.rules.turns import Skip
from crm.services import candidates, ledger, offers, pauses, rotations
from crm.services.considered import Considered
from crm.services.decisions import Verdict
from crm.services.outcomes import AFFINITY, BRANCH, NOBODY, WAITS
from crm.uow import UnitOfWork


@dataclass(slots=True)
class Table:
    """What is known while a batch is dealt: everybody's figures once, whichever rule deals to them.

    Attributes:
        owners: to whom the person of a lead belongs already; waiting: the branch that a lead waits for already.
        considered: by rule, why each candidate was out of the question at the beginning.
    """

    seats: dict[int, Candidate]
    matched: dict[int, Dispatch | None]
    owners: Mapping[int, int]
    waiting: Mapping[int, str]
    barred: dict[int, dict[int, str]]
    kinds: ledger.Kinds
    paused: set[str]
    rotations: dict[str, Rotation] = field(default_factory=dict)
    considered: dict[str, Considered] = field(default_factory=dict)

    def deals(self, lead: LeadFacts) -> str | None:
        """The name of the rule that deals the lead now; None where none does, or it keeps the lead waiting."""
        rule = self.matched[lead.id]
        return rule.name if rule and rule.name in self.rotations and rule.name not in self.paused else None

    @property
    def by_name(self) -> dict[str, Dispatch]:
        """The rules that deal, by name."""
        return {rule.name: rule for rule in self.matched.values() if rule}

    def left(self, verdicts: Sequence[Verdict]) -> dict[str, Considered]:
        """By rule that found nobody for some lead, why each candidate is out of the question at the end."""
        names = {made.rule for made in verdicts if made.outcome in NOBODY.values() and made.rule in self.considered}
        return {
            str(name): {
                member: self.seats[member].excluded(self.by_name[str(name)]) for member in self.considered[str(name)]
            }
            for name in names
        }


def lay(
    uow: UnitOfWork, leads: Sequence[LeadFacts], waiting: Mapping[int, str], strangers: Collection[int] = ()
) -> Table:
    """Lock the cursors of the rules that will deal, then the ledger of all who may be dealt to; read the figures.

    Args: strangers: leads of people whom nobody knew.
    """
    matches = {lead.id: first_match(uow.rules, lead) for lead in leads}
    dealing = {rule.name: rule for rule in matches.values() if rule and rule.mode not in WAITS}
    cursors = rotations.read(uow, dealing.values()) if dealing else {}
    owners = candidates.known_owners(uow, [lead for lead in leads if lead.id not in strangers])
    seats = candidates.of_rules(uow, list(dealing.values()), also=set(owners.values()))
    candidates.lock(uow, seats.by_id.values())
    offers.reserve(uow, seats.by_id.values())
    table = Table(
        seats.by_id, matches, owners, waiting, offers.barred(uow, list(matches)),
        ledger.kinds(uow, list(seats.by_id)), pauses.paused(uow) if any(matches.values()) else set(),
    )  # fmt: skip
    for name, rule in dealing.items():
        rotation = rotations.start(uow, rule, seats.by_rule[name], cursors[name])
        table.rotations[name] = rotation
        table.considered[name] = rotation.why
    return table


def decide(table: Table, lead: LeadFacts) -> Verdict:
    """What becomes of the lead, as if it had come alone at this moment."""
    return by_affinity(table, lead) or by_rule(table, lead)


def by_affinity(table: Table, lead: LeadFacts) -> Verdict | None:
    """The same where somebody knows the person already and can take one more."""
    owner = table.seats.get(table.owners.get(lead.id, 0))
    if owner is None or not owner.welcome or _unfit(table, lead)(owner):
        return None
    owner.take(counts=quota.counts(table.kinds.rules, origin=lead.origin, stage=lead.stage))
    table.kinds.took(owner.member_id, lead)
    return Verdict(lead.id, "assigned", AFFINITY, owner.member_id)


def by_rule(table: Table, lead: LeadFacts) -> Verdict:
    """The same where nobody does."""
    rule = table.matched[lead.id]
    if rule is None:
        return Verdict(lead.id, "pooled")
    if waits := "paused" if rule.name in table.paused else WAITS.get(rule.mode):
        return Verdict(lead.id, waits, rule.name)
    return _in_turn(table, rule, lead)


def _unfit(table: Table, lead: LeadFacts) -> Skip:
    """Who cannot take this very lead."""
    barred, kinds = table.barred.get(lead.id, {}), table.kinds
    return lambda one: one.member_id in barred or kinds.full(one.member_id, lead)


def _in_turn(table: Table, rule: Dispatch, lead: LeadFacts) -> Verdict:
    """To whose turn it is by the rule, or what the rule says when that is nobody."""
    rotation, branch = table.rotations[rule.name], table.waiting.get(lead.id)
    turn = rotation.next(_unfit(table, lead), branch=branch)
    facts = {BRANCH: rotation.branch} if rotation.branch else {}
    waited = bool(branch) and branch in rule.shares
    if turn is not None:
        counts = quota.counts(table.kinds.rules, origin=lead.origin, stage=lead.stage)
        rotation.took(turn, counts=counts, waited=waited)
        table.kinds.took(turn.member_id, lead)
        outcome = "offered" if rule.mode == "offer" else "assigned"
        return Verdict(lead.id, outcome, rule.name, turn.member_id, facts)
    if rotation.branch and not waited:
        rotation.waits()
    return Verdict(lead.id, "held" if rotation.branch else NOBODY[rule.nobody], rule.name, facts=facts)
