"""Refusals: what Sluice will not do, each a class: a code for machines, figures for both, a next step for people.

A refusal is raised low, rolls its transaction back, and is shown once. It is never logged as a crash. `data` holds ids
and figures only, no personal text, so that it can be stored and shown again; the card resolves ids to names for its
viewer.
"""

from __future__ import annotations

from typing import Any, ClassVar


def _(text: str) -> str:
    """Mark a text for translation; the bot translates it when it is shown."""
    return text


class Refusal(Exception):
    """Base of all refusals. `data` fills the message's braces; keys ending in `_id` of members are shown as names.

    `asked`: the lead that was asked for, "" for any, where the refusal has to be explained later; else None.
    """

    code: ClassVar[str] = "refused"
    message: ClassVar[str] = _("That is not possible.")
    suggests: ClassVar[tuple[tuple[str, str], ...]] = ()
    asked: str | None = None

    def __init__(self, **data: Any) -> None:
        super().__init__(self.code)
        self.data = data


class NotUnderstood(Refusal):
    code = "not_understood"
    message = _("I do not know “{word}”. Did you mean {guess}? Type help for all words.")


class UnknownWord(Refusal):
    code = "unknown_word"
    message = _("I do not know that word, and nobody you see is called so. Type help to see what I understand.")


class MissingArgument(Refusal):
    code = "missing_argument"
    message = _("This needs {needs}. For example: {example}")


class BadArgument(Refusal):
    code = "bad_argument"
    message = _("I cannot read “{given}”. Type it like this: {example}")


class OldCard(Refusal):
    code = "old_card"
    message = _("This card is old, its button no longer exists. Type today for what is due now.")


class NotLinked(Refusal):
    code = "not_linked"
    message = _("I do not know you yet. Ask an admin for a code and type: link CODE")


class NotAllowed(Refusal):
    code = "not_allowed"
    message = _("Only {roles} can do that. Ask your admin.")


class NotYourTeam(Refusal):
    code = "not_your_team"
    message = _("{member_id} is not in your team. Ask their manager or an admin.")


class MemberNotFound(Refusal):
    code = "member_not_found"
    message = _("I know no colleague “{given}”. Write the name as in your chat, such as @Ann.")


class MemberAmbiguous(Refusal):
    code = "member_ambiguous"
    message = _("Several colleagues match “{given}”: {names}. Write the full name.")


class LastAdmin(Refusal):
    code = "last_admin"
    message = _("There is no other admin. Make somebody else one first: admin and the name.")


class NoAdmin(Refusal):
    code = "no_admin"
    message = _("{member_id} is no admin.")


class MemberInactive(Refusal):
    code = "member_inactive"
    message = _("{member_id} has left the team and cannot take leads. Choose somebody else.")


class LeadNotFound(Refusal):
    code = "lead_not_found"
    message = _("There is no lead {ref} for you. Try find with a name, a company or the end of a phone number.")


class LeadAmbiguous(Refusal):
    code = "lead_ambiguous"
    message = _("Several leads match. Choose one.")


class LeadAlreadyClaimed(Refusal):
    code = "lead_already_claimed"
    message = _("{by_id} was faster: {ref} is taken.")


class LeadAlreadyYours(Refusal):
    code = "lead_already_yours"
    message = _("{ref} is yours already.")


class LeadNotYours(Refusal):
    code = "lead_not_yours"
    message = _("{ref} is not yours, so you cannot change it. Its owner: {owner_id}.")


class LeadUnclaimed(Refusal):
    code = "lead_unclaimed"
    message = _("{ref} is in the pool and nobody's. Take it first: claim {ref}")


class LeadNotInPool(Refusal):
    code = "lead_not_in_pool"
    message = _("{ref} is not in a pool. Type pool to see what you can claim.")


class LeadClosed(Refusal):
    code = "lead_closed"
    message = _("{ref} is closed. Reopen it first: stage {ref} new")


class PoolClosed(Refusal):
    code = "pool_closed"
    message = _("You are not a member of the pool {pool}. Ask its admin to add your team.")


class PoolEmpty(Refusal):
    code = "pool_empty"
    message = _("Nothing to claim just now. I will tell the team when leads arrive.")


class PoolNotFound(Refusal):
    code = "pool_not_found"
    message = _("There is no pool or team “{given}”. There are: {names}")


class CapacityReached(Refusal):
    code = "capacity_reached"
    message = _("You hold {held} of {limit} leads. Release one, or close one that is decided.")


class MemberFull(Refusal):
    code = "member_full"
    message = _("{member_id} holds {held} of {limit} leads and cannot take {count} more.")


class QuotaReached(Refusal):
    code = "quota_reached"
    message = _("You have claimed {used} of {limit} leads {period}. You can claim again {again}.")


class CoolingDown(Refusal):
    code = "cooling_down"
    message = _("You owned {ref} before. You can claim it again {until}, others can now.")


class Embargoed(Refusal):
    code = "embargoed"
    message = _("{ref} is fresh in the pool and can be claimed {until}.")


class LeadHeld(Refusal):
    code = "lead_kept"
    message = _("{ref} cannot be claimed now: {kept}. A manager can assign it.")


class LeadHeldUntil(LeadHeld):
    code = "lead_kept_until"
    message = _("{ref} cannot be claimed before {until}: {kept}. A manager can assign it.")


class ExtensionsUsed(Refusal):
    code = "extensions_used"
    message = _("{ref} has been extended {used} of {limit} times. Log a follow-up to keep it.")


class SelfSourced(Refusal):
    code = "self_sourced"
    message = _("{ref} is self-sourced: it belongs to no pool and stays with its owner.")


class AlreadyKnown(Refusal):
    code = "already_known"
    message = _("The company already knows this customer, so it cannot be self-sourced. Save it as the company's.")


class KnownInPool(Refusal):
    code = "known_in_pool"
    message = _("This customer is in the pool already, as {ref}. Take it: claim {ref}")


class KnownOwned(Refusal):
    code = "known_owned"
    message = _("A colleague works with this customer already. Ask your manager if it should be yours.")


class TimeInPast(Refusal):
    code = "time_in_past"
    message = _("That time is past. Write a coming one, such as tomorrow 3pm.")


class TimeVague(Refusal):
    code = "time_vague"
    message = _("When exactly? Write a time, such as tomorrow 3pm or in 2 hours.")


class TaskNotFound(Refusal):
    code = "task_not_found"
    message = _("That reminder is done or gone already.")


class StageNotFound(Refusal):
    code = "stage_not_found"
    message = _("There is no stage “{given}”. Stages: {names}")


class NothingToUndo(Refusal):
    code = "nothing_to_undo"
    message = _("There is nothing to undo from the last {minutes} minutes.")


class BuiltUpon(Refusal):
    code = "built_upon"
    message = _("Something has happened with {ref} since, so it cannot be undone.")


class CodeInvalid(Refusal):
    code = "code_invalid"
    message = _("That code is wrong or too old. Ask an admin for a new one.")


class SourceNotFound(Refusal):
    code = "source_not_found"
    message = _("There is no source “{given}”. Type sources to see them.")


class SourceMeant(SourceNotFound):
    code = "source_meant"
    message = _("There is no source “{given}”. Did you mean “{guess}”? Type sources to see them.")


class SourceExists(Refusal):
    code = "source_exists"
    message = _(
        "There is a source “{given}” already. Choose another word, or give it a new key: sources rotate {given}"
    )


class ImportNotFound(Refusal):
    code = "import_not_found"
    message = _("That list is gone or was taken in already. Paste it once more.")


class TooManyRows(Refusal):
    code = "too_many_rows"
    message = _("These are {count} rows; {limit} fit at once. Ask your admin to import the rest from a file.")


class RuleSetInvalid(Refusal):
    code = "rule_set_invalid"
    message = _("The rule set has mistakes: {problem}")


class RuleValueWrong(Refusal):
    code = "rule_value_wrong"
    message = _("{field} cannot be “{given}”: it takes {takes}. Example: {example}")


class RuleChoiceWrong(Refusal):
    code = "rule_choice_wrong"
    message = _("{field} cannot be “{given}”: it takes one of {names}. Example: {example}")


class RuleValueTooSmall(Refusal):
    code = "rule_value_too_small"
    message = _("{field} cannot be “{given}”: the least is {limit}. Example: {example}")


class RuleValueTooLarge(Refusal):
    code = "rule_value_too_large"
    message = _("{field} cannot be “{given}”: the most is {limit}. Example: {example}")


class NoContact(Refusal):
    code = "no_contact"
    message = _("A name or company and a phone, e-mail or WeChat id are needed. Example: new Ann Li, Acme, 13800138000")


class MessageNotDead(Refusal):
    code = "message_not_dead"
    message = _("There is nothing dead with the number {id}. Type dead to see what there is.")


class Conflict(Refusal):
    code = "conflict"
    message = _("Somebody changed this at the same moment. Please try once more.")


def every() -> dict[str, type[Refusal]]:
    """All refusals by code, so that a stored one can be shown again."""
    found: dict[str, type[Refusal]] = {}
    waiting: list[type[Refusal]] = [Refusal]
    while waiting:
        kind = waiting.pop()
        found[kind.code] = kind
        waiting.extend(kind.__subclasses__())
    return found
