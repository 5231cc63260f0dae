"""Refusals about colleagues: who comes, goes, takes over, and the tree of teams."""

from __future__ import annotations

from crm.errors import Refusal, _


class AlreadyGone(Refusal):
    code = "already_gone"
    message = _("{member_id} has left already. To bring a colleague back, type: member @NAME back")


class NotGone(Refusal):
    code = "not_gone"
    message = _("{member_id} has not left. Type people to see who is here.")


class LastAdminLeaves(Refusal):
    code = "last_admin_leaves"
    message = _("{member_id} is the last admin. Make somebody else one first, with admin and the name; then try again.")


class HandedOver(Refusal):
    code = "handed_over"
    message = _("That was handed over already. To see what has become of it, type: member @NAME")


class TooLateToTakeBack(Refusal):
    code = "too_late_to_take_back"
    message = _("A hand-over can be taken back for a day. Use transfer to hand the leads on.")


class NoSuchRole(Refusal):
    code = "no_such_role"
    message = _("There is no role “{given}”. There are: {names}.")


class TeamNotFound(Refusal):
    code = "team_not_found"
    message = _("There is no team “{given}”. There are: {names}. To make one, type: team new NAME")


class TeamExists(Refusal):
    code = "team_exists"
    message = _("There is a team “{given}” already.")


class TeamInUse(Refusal):
    code = "team_in_use"
    message = _("The team “{given}” still has people or teams: {count}. Move them first, with: member @NAME team")


class TeamLoop(Refusal):
    code = "team_loop"
    message = _("“{given}” lies below the team that you would move there. Choose another place for it.")


class ManagesSelf(Refusal):
    code = "manages_self"
    message = _("{member_id} cannot be the manager of somebody who is above. Choose somebody else.")
