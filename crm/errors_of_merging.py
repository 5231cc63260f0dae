"""Refusals about persons who are one, or who only look alike."""

from __future__ import annotations

from crm.errors import Refusal, _


class SamePerson(Refusal):
    code = "same_person"
    message = _("{ref} and {other} are one customer already.")


class MergeNotYours(Refusal):
    code = "merge_not_yours"
    message = _("You can merge leads that are both yours. For others ask your manager.")


class MergeBeyondScope(Refusal):
    code = "merge_beyond_scope"
    message = _("One of these customers is also with a team that is not yours. Ask an admin to merge them.")


class NothingToUnmerge(Refusal):
    code = "nothing_to_unmerge"
    message = _("{ref} was not merged with anything, or it was taken apart already.")


class AlreadyDecided(Refusal):
    code = "already_decided"
    message = _("This was decided meanwhile.")


class NotAskedYou(Refusal):
    code = "not_asked_you"
    message = _("This question is for {asked_id}.")
