"""Refusals about how a member works: saved lists, and tasks of a team."""

from __future__ import annotations

from crm.errors import Refusal, _


class ListNotFound(Refusal):
    code = "list_not_found"
    message = _("You have no list “{given}”. Save one: list hot = stage quote, starred")


class ListsFull(Refusal):
    code = "lists_full"
    message = _("You have {limit} lists already. Remove one first: list remove NAME")


class ListNameNeeded(Refusal):
    code = "list_name_needed"
    message = _("Give the list a name of one to {limit} characters, such as: list hot = stage quote, starred")


class NothingToSave(Refusal):
    code = "nothing_to_save"
    message = _("Say first what you want to see, such as my stage quote, then: save hot")


class TeamNeeded(Refusal):
    code = "team_needed"
    message = _("You are in no team. Name one: remind @East call the fair tomorrow 9am")


class TaskTaken(Refusal):
    code = "task_taken"
    message = _("{by_id} has taken that already.")


class NoTaskThere(Refusal):
    code = "no_task_there"
    message = _("There is no open reminder for that. Type today to see yours.")


class TaskUntaken(Refusal):
    code = "task_untaken"
    message = _("Nobody has taken that yet. Take it first, then it is yours to move.")
